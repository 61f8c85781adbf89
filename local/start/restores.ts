/** Restores through the restore workflow, and the proofs, each made without asking what made the backup. */
import { fail } from '../../src/core/errors.ts';
import { type DatabaseFingerprint, fingerprintDatabase, fingerprintDifferences } from '../postgres/fingerprint.ts';
import { type Census, censusDifferences, takeCensus, timesComparedTo } from './census.ts';
import { treeDifferences } from './repository.ts';
import { folderOf, type RestoreReport, type Stage } from './stage.ts';
import { bytes, counted } from './teller.ts';

export interface Restored {
  readonly source: string;
  readonly seconds: number;
  readonly files: number;
  readonly bytes: number;
  /** For people: what was compared, and that it is the same. */
  readonly proof: string;
}

/** From the replica: it has to be as good as the primary. */
const replica = 1;

async function restore(stage: Stage, source: string, target: string): Promise<Omit<Restored, 'proof'>> {
  const { seconds } = stage.teller;
  const began = seconds();
  const { snapshot, restored } = await stage.succeed<RestoreReport>('restore', { source, target, vault: replica });
  const took = seconds() - began;
  stage.teller.line(`${source} is back from the replica's snapshot ${snapshot}, in ${took.toFixed(1)} s`);
  return { source, seconds: took, ...restored };
}

/** Entries in `ignored` were changing while they were read. */
export async function restoreFiles(
  stage: Stage,
  source: string,
  before: Census,
  changedMeanwhile: () => ReadonlySet<string> = () => new Set(),
): Promise<Restored> {
  const target = folderOf(stage.workspace, source);
  const restored = await restore(stage, source, target);
  const after = takeCensus(target);
  const ignored = changedMeanwhile();
  demandNone(source, censusDifferences(before, after, ignored));
  const { files, directories, symlinks, hardLinks, others } = after;
  const left = ignored.size > 0 ? `; ${counted(ignored.size, 'path')} changed meanwhile and could not be compared` : '';
  const proof =
    `${counted(files, 'file')} (${bytes(after.bytes)}), ${directories} directories, ${counted(symlinks, 'symbolic link')}, ` +
    `${counted(hardLinks, 'hard link')}, ${others} other: every byte, mode, ${timesComparedTo} and link is the same${left}`;
  stage.teller.line(`${source}: ${proof}`);
  return { ...restored, proof };
}

export async function restoreDatabase(
  stage: Stage,
  source: string,
  target: string,
  before: DatabaseFingerprint,
): Promise<Restored> {
  const restored = await restore(stage, source, target);
  demandNone(source, fingerprintDifferences(before, await fingerprintDatabase(target)));
  const tables = Object.keys(before.tables).length;
  const rows = rowsIn(before);
  const proof = `${counted(rows, 'row')} in ${counted(tables, 'table')}, ${counted(Object.keys(before.sequences).length, 'sequence')} and ${counted(before.objects.length, 'definition')}: all the same`;
  stage.teller.line(`${source}: ${proof}`);
  return { ...restored, proof };
}

export async function restoreTree(stage: Stage, source: string, tree: ReadonlyMap<string, string>): Promise<Restored> {
  const target = folderOf(stage.workspace, source);
  const restored = await restore(stage, source, target);
  demandNone(source, treeDifferences(tree, target));
  const extra = takeCensus(target);
  if (extra.files + extra.symlinks !== tree.size) {
    demandNone(source, [`the commit has ${tree.size} files, and ${extra.files + extra.symlinks} were restored`]);
  }
  const proof = `${counted(tree.size, 'file')}: every one has the commit's own Git hash and mode`;
  stage.teller.line(`${source}: ${proof}`);
  return { ...restored, proof };
}

/** A table's content is `rows:hash`. */
export function rowsIn({ tables }: DatabaseFingerprint): number {
  return Object.values(tables).reduce((sum, content) => sum + Number(content.split(':')[0]), 0);
}

function demandNone(source: string, differences: readonly string[]): void {
  if (differences.length === 0) return;
  const shown = differences.slice(0, 5).map((line) => (line.length > 400 ? `${line.slice(0, 400)}...` : line));
  const more = differences.length > 5 ? `\n... and ${differences.length - 5} more` : '';
  fail('ValidationFailed', `${source} did not come back as it was:\n${shown.join('\n')}${more}`, {
    hint: 'Run it again with --keep and compare the folders; then report what differs.',
  });
}

/** The story with somebody's own data. It is only read: what is restored goes to the workspace, or to a new database. */
import { basename } from 'node:path';
import { systemClock, VirtualClock } from '../../src/core/clock.ts';
import { compactTime } from '../../src/core/ids.ts';
import { type DatabaseFingerprint, fingerprintDatabase } from '../postgres/fingerprint.ts';
import { type Census, changedPaths, takeCensus } from './census.ts';
import { sizeOf } from './damage.ts';
import type { OwnData } from './options.ts';
import { headOf, treeAt } from './repository.ts';
import { beside, dropRestored } from './restored-database.ts';
import { type Restored, restoreDatabase, restoreFiles, restoreTree } from './restores.ts';
import { type BackupReport, openStage, type Stage, type StoryDoors, type VerifyReport, writePlan } from './stage.ts';
import type { Summary } from './summary.ts';
import { bytes, counted } from './teller.ts';

const ids = { files: 'own-files', postgres: 'own-database', git: 'own-repository' } as const;
const day = 24 * 60 * 60 * 1000;

/** What is there before the backup, found out without Tidemark. */
interface Before {
  readonly files?: Census;
  readonly database?: DatabaseFingerprint;
  readonly commit?: { readonly id: string; readonly tree: ReadonlyMap<string, string> };
}

export async function tellOwn(doors: StoryDoors, own: OwnData, keep: boolean): Promise<Summary> {
  const { workspace, teller } = doors;
  teller.chapter('Your data, which is read and never written to');
  const before = await look(own, doors);
  // The URL may hold a password, and the plan may be kept.
  if (own.postgres !== undefined) process.env.TIDEMARK_SECRET_OWN_DATABASE = own.postgres;
  writePlan(workspace, {
    plan: 'own-data',
    sources: [
      ...(own.files === undefined ? [] : [{ id: ids.files, kind: 'files', path: own.files, allowEmpty: true }]),
      ...(own.postgres === undefined
        ? []
        : [{ id: ids.postgres, kind: 'postgres', connection: { secret: ids.postgres } }]),
      ...(before.commit ? [{ id: ids.git, kind: 'git', repository: own.git, ref: before.commit.id }] : []),
    ],
  });

  teller.chapter('Backup, replication and verification, through the deployed state machines');
  const clock = new VirtualClock(systemClock.now());
  const stage = await openStage({ ...doors, clock, create: true });
  const first = await backUp(stage, 'full');
  clock.moveTo(new Date(clock.now().getTime() + day));
  const second = await backUp(stage, 'incremental');
  const { findings, read } = await stage.succeed<VerifyReport>('verify', { readAll: true });
  teller.line(
    `verify: every byte of both vaults read, ${counted(read.packs, 'pack')} of ${bytes(read.bytes)}, ${counted(findings.length, 'finding')}`,
  );

  teller.chapter('Everything back, from the replica, to other places; then compared');
  const restored = await restoreAll(stage, own, before, doors, keep);
  return {
    title: 'Your data, backed up, verified, and restored whole',
    lines: [
      ['First backup', `${bytes(first.read)} read in ${first.seconds.toFixed(1)} s, ${bytes(first.stored)} stored`],
      ['A day later', `${bytes(second.read)} read in ${second.seconds.toFixed(1)} s, ${bytes(second.stored)} stored`],
      ['Vaults', `${bytes(sizeOf(workspace.primary))} each, ${counted(read.packs, 'pack')} read and found whole`],
      ...restored.map((one): [string, string] => ['Restored', `${one.source} in ${one.seconds.toFixed(1)} s`]),
      ...restored.map((one): [string, string] => ['Proven', one.proof]),
    ],
  };
}

async function look(own: OwnData, { teller }: StoryDoors): Promise<Before> {
  const found: { -readonly [key in keyof Before]: Before[key] } = {};
  if (own.files !== undefined) {
    found.files = takeCensus(own.files);
    teller.line(`${own.files}: ${counted(found.files.files, 'file')}, ${bytes(found.files.bytes)}`);
  }
  if (own.postgres !== undefined) {
    found.database = await fingerprintDatabase(own.postgres);
    teller.line(`the database: ${counted(Object.keys(found.database.tables).length, 'table')}`);
  }
  if (own.git !== undefined) {
    const id = await headOf(own.git);
    found.commit = { id, tree: await treeAt(own.git, id) };
    teller.line(`${basename(own.git)} at ${id.slice(0, 12)}: ${counted(found.commit.tree.size, 'file')}`);
  }
  return found;
}

async function backUp(stage: Stage, cadence: string): Promise<{ read: number; stored: number; seconds: number }> {
  const { teller } = stage;
  const began = teller.seconds();
  const { jobs } = await stage.succeed<BackupReport>('backup', { cadence });
  const [read, stored] = (['read', 'stored'] as const).map((what) =>
    jobs.reduce((sum, job) => sum + (job.bytes?.[what] ?? 0), 0),
  );
  teller.line(
    `${cadence}: ${counted(jobs.length, 'source')}, ${bytes(read!)} read, ${bytes(stored!)} stored, replicated`,
  );
  return { read: read!, stored: stored!, seconds: teller.seconds() - began };
}

async function restoreAll(
  stage: Stage,
  own: OwnData,
  before: Before,
  doors: StoryDoors,
  keep: boolean,
): Promise<Restored[]> {
  const restored: Restored[] = [];
  if (own.files !== undefined && before.files) {
    const { files } = own;
    const known = before.files;
    restored.push(await restoreFiles(stage, ids.files, known, () => changedPaths(known, takeCensus(files))));
  }
  if (own.postgres !== undefined && before.database) {
    const name = `tidemark_restored_${compactTime(systemClock.now()).toLowerCase()}`;
    const { postgres } = own;
    if (keep) stage.teller.line(`the restored database ${name} stays`);
    else doors.atTheEnd(() => dropRestored(postgres, name));
    restored.push(await restoreDatabase(stage, ids.postgres, beside(postgres, name), before.database));
  }
  if (before.commit) restored.push(await restoreTree(stage, ids.git, before.commit.tree));
  return restored;
}

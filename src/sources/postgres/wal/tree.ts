/**
 * The log inside a snapshot: segments in folders of sixteen, below the log file and the timeline that they belong to, so
 * that a run every fifteen minutes rewrites four short listings however long the log has become.
 *
 *     0000000A/00000012/0000000A000000120000000/0000000A0000001200000003
 *     history/0000000A.history
 */
import { fail } from '../../../core/errors.ts';
import type { BlobId } from '../../../format/blob.ts';
import { type Content, encodeTree, type Tree, type TreeEntry } from '../../../format/tree.ts';
import type { ContentSink } from '../../port.ts';
import { readHistoryName } from './lsn.ts';

/** Where trees are read from. */
export interface TreeReader {
  tree(id: BlobId): Promise<Tree>;
}

/** A segment or a history file. */
export interface WalFile {
  readonly name: string;
  readonly content: Content;
  /** It has a hole at its end: the part of a segment that was not written yet. */
  readonly partial?: boolean;
}

/** What all the entries of a log have in common. */
export interface WalAttributes {
  readonly uid: number;
  readonly gid: number;
  /** Nanoseconds since the epoch. */
  readonly mtime: string;
}

export interface WalTree {
  readonly tree: BlobId;
  readonly files: number;
  readonly bytes: number;
  /** Folders that were not there before. */
  readonly made: number;
}

/** The folders that a file of the log lies in, outermost first. Errors: `Unexpected` for other names. */
export function foldersOf(name: string): readonly string[] {
  if (readHistoryName(name) !== undefined) return ['history'];
  const match = /^([0-9A-F]{8})([0-9A-F]{8})[0-9A-F]{8}$/.exec(name);
  if (!match) return fail('Unexpected', `${JSON.stringify(name)} is no file of a log`);
  return [match[1]!, match[2]!, name.slice(0, -1)];
}

/** The path of a file below the log's folder. */
export function pathOf(name: string): string {
  return [...foldersOf(name), name].join('/');
}

/** Adds files to a log (`undefined`: a new one); those of the same names are replaced. */
export async function growWal(
  reader: TreeReader | undefined,
  tree: BlobId | undefined,
  files: readonly WalFile[],
  attributes: WalAttributes,
  sink: Pick<ContentSink, 'put'>,
): Promise<WalTree> {
  const placed = files.map((file) => ({ file, folders: foldersOf(file.name) }));
  return grow(reader, tree, placed, 0, attributes, sink);
}

interface Placed {
  readonly file: WalFile;
  readonly folders: readonly string[];
}

async function grow(
  reader: TreeReader | undefined,
  tree: BlobId | undefined,
  placed: readonly Placed[],
  depth: number,
  attributes: WalAttributes,
  sink: Pick<ContentSink, 'put'>,
): Promise<WalTree> {
  const known = tree === undefined ? [] : (await reader!.tree(tree)).entries;
  const entries = new Map(known.map((entry) => [entry.name!, entry]));
  for (const { file } of placed.filter(({ folders }) => folders.length === depth)) {
    entries.set(file.name, fileEntry(file, attributes));
  }
  const deeper = Map.groupBy(
    placed.filter(({ folders }) => folders.length > depth),
    ({ folders }) => folders[depth]!,
  );
  let made = 0;
  for (const [name, inside] of deeper) {
    const before = entries.get(name)?.tree;
    const grown = await grow(reader, before, inside, depth + 1, attributes, sink);
    made += grown.made + (before === undefined ? 1 : 0);
    entries.set(name, directoryEntry(name, grown, attributes));
  }
  const sorted = [...entries.values()].sort((a, b) => (a.name! < b.name! ? -1 : 1));
  return { tree: sink.put(encodeTree({ entries: sorted }), 'tree'), ...totalsOf(sorted), made };
}

/** Every file of a log, in the order of names, which is that of timelines and positions; histories come last. */
export async function* listWal(reader: TreeReader, tree: BlobId): AsyncGenerator<TreeEntry, void, undefined> {
  for (const entry of (await reader.tree(tree)).entries) {
    if (entry.tree !== undefined) yield* listWal(reader, entry.tree);
    else yield entry;
  }
}

/** One file of a log; `undefined` where it is not in it. */
export async function findWal(reader: TreeReader, tree: BlobId, name: string): Promise<TreeEntry | undefined> {
  let at: BlobId | undefined = tree;
  for (const part of foldersOf(name)) {
    if (at === undefined) return undefined;
    at = (await reader.tree(at)).entries.find((entry) => entry.name === part)?.tree;
  }
  if (at === undefined) return undefined;
  return (await reader.tree(at)).entries.find((entry) => entry.name === name);
}

function fileEntry({ name, content, partial = false }: WalFile, { uid, gid, mtime }: WalAttributes): TreeEntry {
  return { name, type: 'file', mode: 0o600, uid, gid, mtime, ...content, ...(partial && { sparse: true }) };
}

function directoryEntry(
  name: string,
  { tree, files, bytes }: Omit<WalTree, 'made'>,
  { uid, gid, mtime }: WalAttributes,
): TreeEntry {
  return { name, type: 'directory', mode: 0o700, uid, gid, mtime, tree, below: { files, bytes } };
}

function totalsOf(entries: readonly TreeEntry[]): Pick<WalTree, 'files' | 'bytes'> {
  let [files, bytes] = [0, 0];
  for (const entry of entries) {
    files += entry.below?.files ?? 1;
    bytes += entry.below?.bytes ?? entry.size ?? 0;
  }
  return { files, bytes };
}

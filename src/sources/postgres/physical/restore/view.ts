/**
 * A physical snapshot as the directory that a server starts on: the data directory, the manifest in it, and the log in
 * `pg_wal`. It is a reader over the snapshot's reader in which the root looks so; whatever restores or compares trees of
 * files does the rest, and what it compares is what was restored.
 */
import { hash } from 'node:crypto';
import { fail } from '../../../../core/errors.ts';
import type { BlobId } from '../../../../format/blob.ts';
import type { Tree, TreeEntry } from '../../../../format/tree.ts';
import type { ContentReader } from '../../../port.ts';
import { folderNames, manifestName, tablespaceFolder, walFolder } from '../layout.ts';

export interface View {
  readonly reader: ContentReader;
  /** The snapshot's own. */
  readonly root: BlobId;
}

export interface ViewOptions {
  /**
   * Files at the top of the data directory that are other than stored, or not stored at all, by name: the settings of a
   * recovery, say. What is stored is handed to those who change it.
   */
  readonly files?: ReadonlyMap<string, (stored: Buffer | undefined) => Buffer>;
  /** Which files of the log are put into `pg_wal`; all when not given. */
  readonly wal?: (name: string) => boolean;
}

export const settingsName = 'postgresql.auto.conf';

/** Without it a server that replays its log stops at a tablespace that is no symbolic link. */
function withInPlaceTablespaces(settings: Buffer = Buffer.alloc(0)): Buffer {
  const note = `# Written by the restore: tablespaces are directories in ${tablespaceFolder} now.`;
  return Buffer.concat([settings, Buffer.from(`${note}\nallow_in_place_tablespaces = 'on'\n`)]);
}

export async function dataDirectory(reader: ContentReader, root: BlobId, options: ViewOptions = {}): Promise<View> {
  const { entries } = await reader.tree(root);
  const entry = (name: string): TreeEntry =>
    entries.find((one) => one.name === name) ?? fail('VaultDamaged', `the snapshot of a server holds no ${name}`);
  const [manifest, data, wal] = [entry(manifestName), entry(folderNames.data), entry(folderNames.wal)];
  const trees = new Map<BlobId, Tree>();
  const blobs = new Map<BlobId, Buffer>();
  const made = (name: string, bytes: Buffer): TreeEntry => {
    const id = idOf(`${name} ${bytes.toString('latin1')}`);
    blobs.set(id, bytes);
    const { mode, uid, gid, mtime } = manifest;
    return { name, type: 'file', mode, uid, gid, mtime, size: bytes.length, blobs: bytes.length === 0 ? [] : [id] };
  };
  const top = new Map((await reader.tree(data.tree!)).entries.map((one) => [one.name!, one]));
  const owner = top.get('PG_VERSION') ?? fail('VaultDamaged', 'the snapshot of a server holds no PG_VERSION');
  const owned = (one: TreeEntry): TreeEntry => ({ ...one, uid: owner.uid, gid: owner.gid });
  top.set(manifestName, owned(manifest));
  const change = async (name: string, to: (stored: Buffer | undefined) => Buffer): Promise<void> => {
    const stored = top.get(name);
    top.set(name, owned(made(name, to(stored && (await readBytes(stored))))));
  };
  const readBytes = (one: TreeEntry): Promise<Buffer> => readWhole(over(reader, trees, blobs), one);
  const tablespaces = top.get(tablespaceFolder)?.tree;
  if (tablespaces !== undefined && (await reader.tree(tablespaces)).entries.length > 0) {
    await change(settingsName, withInPlaceTablespaces);
  }
  for (const [name, to] of options.files ?? []) await change(name, to);
  const walEntry = top.get(walFolder) ?? fail('VaultDamaged', `the snapshot of a server holds no ${walFolder}`);
  const segments = (await walEntries(reader, wal)).filter((one) => options.wal?.(one.name!) ?? true);
  const walTree = idOf(`${root} ${walFolder}`);
  trees.set(walTree, sorted([...(await reader.tree(walEntry.tree!)).entries, ...segments.map(owned)]));
  top.set(walFolder, { ...walEntry, tree: walTree });
  trees.set(root, sorted([...top.values()]));
  return { root, reader: over(reader, trees, blobs) };
}

/** All files of the log in a snapshot, whichever folders they are in. */
export async function walEntries(reader: ContentReader, wal: TreeEntry): Promise<TreeEntry[]> {
  const { entries } = await reader.tree(wal.tree!);
  const found: TreeEntry[] = [];
  for (const entry of entries) {
    if (entry.type === 'directory') found.push(...(await walEntries(reader, entry)));
    else found.push(entry);
  }
  return found;
}

/** The bytes of a file that is not large. */
export async function readWhole(reader: ContentReader, entry: TreeEntry): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const ids of reader.blobsOf(entry)) for (const id of ids) parts.push(await reader.blob(id));
  return Buffer.concat(parts);
}

function over(
  reader: ContentReader,
  trees: ReadonlyMap<BlobId, Tree>,
  blobs: ReadonlyMap<BlobId, Buffer>,
): ContentReader {
  return {
    tree: async (id) => trees.get(id) ?? reader.tree(id),
    blob: async (id) => blobs.get(id) ?? reader.blob(id),
    blobAtHand: (id) => blobs.get(id) ?? reader.blobAtHand(id),
    lengthOf: (id) => blobs.get(id)?.length ?? reader.lengthOf(id),
    matches: (id, bytes) => blobs.get(id)?.equals(bytes) ?? reader.matches(id, bytes),
    blobsOf: (content) => reader.blobsOf(content),
  };
}

/** Of what is in no vault: a name that no stored blob has. */
function idOf(text: string): BlobId {
  return hash('sha256', `made for a restore: ${text}`, 'hex');
}

function sorted(entries: readonly TreeEntry[]): Tree {
  return {
    entries: [...entries].sort((one, other) => Buffer.compare(Buffer.from(one.name!), Buffer.from(other.name!))),
  };
}

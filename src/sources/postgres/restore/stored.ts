/** The three files of a database snapshot, read back out of the vault. */
import { fail } from '../../../core/errors.ts';
import type { TreeEntry } from '../../../format/tree.ts';
import type { ContentReader, RestoreContext } from '../../port.ts';
import { type ArchiveContents, readContents } from '../archive/contents.ts';
import { decodeManifest, fileNames, type Manifest } from '../manifest.ts';

export interface StoredDump {
  readonly manifest: Manifest;
  readonly contents: ArchiveContents;
  readonly dump: TreeEntry;
  readonly globals: TreeEntry;
  /** The manifest's own entry. */
  readonly about: TreeEntry;
}

/** Errors: `VaultDamaged`, `VaultFormatUnknown`, `ToolMissing` (a dump in an archive version that is not known). */
export async function openStored({ reader, root }: Pick<RestoreContext, 'reader' | 'root'>): Promise<StoredDump> {
  const { entries } = await reader.tree(root);
  const entry = (name: string): TreeEntry =>
    entries.find((one) => one.name === name) ?? fail('VaultDamaged', `the snapshot of a database holds no ${name}`);
  const dump = entry(fileNames.dump);
  const about = entry(fileNames.manifest);
  const manifest = decodeManifest(await readWhole(reader, about));
  return { manifest, contents: await readHead(reader, dump), dump, globals: entry(fileNames.globals), about };
}

/** The bytes of a file, blob by blob, in order; every blob is checked by the reader. */
export async function* pieces(reader: ContentReader, entry: TreeEntry): AsyncGenerator<Buffer> {
  for await (const ids of reader.blobsOf(entry)) {
    for (const id of ids) yield reader.blobAtHand(id) ?? (await reader.blob(id));
  }
}

/** For small files. */
export async function readWhole(reader: ContentReader, entry: TreeEntry): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const piece of pieces(reader, entry)) parts.push(piece);
  return Buffer.concat(parts);
}

async function readHead(reader: ContentReader, dump: TreeEntry): Promise<ArchiveContents> {
  let bytes: Buffer = Buffer.alloc(0);
  let waiting: Buffer[] = [];
  let next = 1;
  for await (const piece of pieces(reader, dump)) {
    waiting.push(piece);
    if (waiting.length < next) continue;
    bytes = Buffer.concat([bytes, ...waiting]);
    waiting = [];
    next *= 2;
    const contents = readContents(bytes, 'VaultDamaged');
    if (contents !== undefined) return contents;
  }
  const contents = readContents(Buffer.concat([bytes, ...waiting]), 'VaultDamaged');
  return contents ?? fail('VaultDamaged', `${fileNames.dump} of the snapshot ends in its head`);
}

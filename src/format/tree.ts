/**
 * A tree is the listing of one directory: a blob of JSON, its entries in byte order of their names. A directory entry names
 * the tree of that directory, so the root's id vouches for everything below it (a Merkle tree). Format version 1.
 */
import { fail } from '../core/errors.ts';
import { canonicalJson, isPlain, quoted } from '../core/json.ts';
import { type BlobId, isBlobId } from './blob.ts';

export const treeVersion = 1;

export type EntryType = 'file' | 'directory' | 'symlink' | 'fifo' | 'socket' | 'character-device' | 'block-device';

/** Where a file's bytes are: blobs in order or, above {@link maxInlineBlobs}, chunk lists in order (each a blob). */
export interface Content {
  /** Bytes. */
  readonly size: number;
  readonly blobs?: readonly BlobId[];
  readonly lists?: readonly BlobId[];
}

/** More blobs than this go into chunk lists, so that a huge file does not make its directory's listing huge. */
export const maxInlineBlobs = 512;

export interface TreeEntry extends Partial<Content> {
  /** The name where it is valid UTF-8; else `nameBase64` holds its bytes. Exactly one of the two is there. */
  readonly name?: string;
  readonly nameBase64?: string;
  readonly type: EntryType;
  /** Permission bits with setuid, setgid and sticky: 0 to 0o7777. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Nanoseconds since the epoch, decimal, may be negative. */
  readonly mtime: string;
  /** Inode change time, likewise; tells an edit that put the old size and mtime back. */
  readonly ctime?: string;
  readonly inode?: string;
  /** Entries of one snapshot with equal `hardlink` are names of one file. Only where a file has more than one name. */
  readonly hardlink?: string;
  /** The file had holes: its zeros are restored as holes. */
  readonly sparse?: true;
  /** Symbolic links: the target, or its bytes where it is not valid UTF-8. */
  readonly target?: string;
  readonly targetBase64?: string;
  /** Directories: the listing, and what lies below in all. */
  readonly tree?: BlobId;
  readonly below?: { readonly files: number; readonly bytes: number };
  /** Devices: major and minor number in one, as `st_rdev`. */
  readonly device?: string;
  /** Extended attributes, base64 values by name. */
  readonly xattrs?: Readonly<Record<string, string>>;
}

export interface Tree {
  readonly entries: readonly TreeEntry[];
}

/** The bytes of an entry's name. */
export function entryName(entry: TreeEntry): Buffer {
  return entry.name === undefined ? Buffer.from(entry.nameBase64 ?? '', 'base64') : Buffer.from(entry.name);
}

/** The members that carry a name (or a link target), from its bytes. */
export function nameOf(bytes: Buffer): { name: string } | { nameBase64: string } {
  const text = bytes.toString('utf8');
  return Buffer.from(text).equals(bytes) ? { name: text } : { nameBase64: bytes.toString('base64') };
}

/**
 * Entries must be in byte order of their names already; the order is checked, as equal trees must be equal bytes. The bytes
 * are those of `canonicalJson`.
 */
export function encodeTree({ entries }: Tree): Buffer {
  let text = '{"entries":[';
  let before: TreeEntry | undefined;
  let plainBefore = false;
  for (const entry of entries) {
    const plain = entry.name !== undefined && isPlain(entry.name);
    if (before !== undefined) {
      const inOrder = plain && plainBefore ? before.name! < entry.name! : comesBefore(before, entry);
      if (!inOrder)
        fail('Unexpected', `tree entries are out of order at ${JSON.stringify(entry.name ?? entry.nameBase64)}`);
      text += ',';
    }
    text += (plain ? usualText(entry) : undefined) ?? canonicalJson(entry);
    before = entry;
    plainBefore = plain;
  }
  return Buffer.from(`${text}],"tree":${treeVersion}}`);
}

function comesBefore(one: TreeEntry, other: TreeEntry): boolean {
  return Buffer.compare(entryName(one), entryName(other)) < 0;
}

/** The canonical text of nearly every entry there is, written at once: these members, all of them, and no others. */
function usualText(entry: TreeEntry): string | undefined {
  const { type, ctime, inode } = entry;
  if (ctime === undefined || inode === undefined) return undefined;
  const members = Object.keys(entry).length;
  if (type === 'file') {
    const { blobs, size } = entry;
    if (members !== 10 || blobs === undefined || size === undefined) return undefined;
    return `{"blobs":${canonicalJson(blobs)},"ctime":${quoted(ctime)},${middle(entry, inode)},"size":${size},${end(entry)}}`;
  }
  if (type === 'directory') {
    const { below, tree } = entry;
    if (members !== 10 || below === undefined || tree === undefined || Object.keys(below).length !== 2)
      return undefined;
    const sum = `{"bytes":${below.bytes},"files":${below.files}}`;
    return `{"below":${sum},"ctime":${quoted(ctime)},${middle(entry, inode)},"tree":${quoted(tree)},${end(entry)}}`;
  }
  const { target } = entry;
  if (type !== 'symlink' || members !== 9 || target === undefined) return undefined;
  return `{"ctime":${quoted(ctime)},${middle(entry, inode)},"target":${quoted(target)},${end(entry)}}`;
}

function middle({ gid, mode, mtime, name }: TreeEntry, inode: string): string {
  return `"gid":${gid},"inode":${quoted(inode)},"mode":${mode},"mtime":${quoted(mtime)},"name":"${name}"`;
}

function end({ type, uid }: TreeEntry): string {
  return `"type":"${type}","uid":${uid}`;
}

/** Errors: `VaultFormatUnknown` for another version, `VaultDamaged` for anything else that is not a tree. */
export function decodeTree(bytes: Uint8Array): Tree {
  const value: { tree?: unknown; entries?: unknown } = parseObject(bytes, 'a directory listing');
  if (value.tree !== treeVersion) {
    fail(
      'VaultFormatUnknown',
      `a directory listing has format version ${JSON.stringify(value.tree)}, known is ${treeVersion}`,
    );
  }
  if (!Array.isArray(value.entries)) fail('VaultDamaged', 'a directory listing has no entries');
  for (const entry of value.entries as (Partial<TreeEntry> | null)[]) {
    if (entry === null || typeof entry.type !== 'string' || !isPlainName(entry)) {
      fail(
        'VaultDamaged',
        `a directory listing has an entry that no directory can have: ${JSON.stringify(entry?.name)}`,
      );
    }
  }
  return { entries: value.entries as TreeEntry[] };
}

/** A name, and not a way out of the directory: whoever restores joins it to a path. */
function isPlainName({ name, nameBase64 }: Partial<TreeEntry>): boolean {
  if (typeof name === 'string') {
    return name !== '' && name !== '.' && name !== '..' && !name.includes('/') && !name.includes('\0');
  }
  if (typeof nameBase64 !== 'string') return false;
  const bytes = Buffer.from(nameBase64, 'base64');
  return bytes.length > 0 && !bytes.includes(0x2f) && !bytes.includes(0) && !/^\.\.?$/.test(bytes.toString('latin1'));
}

export function encodeChunkList(blobs: readonly BlobId[]): Buffer {
  return Buffer.from(canonicalJson({ list: treeVersion, blobs }));
}

/** Errors: `VaultFormatUnknown`, `VaultDamaged`. */
export function decodeChunkList(bytes: Uint8Array): readonly BlobId[] {
  const value: { list?: unknown; blobs?: unknown } = parseObject(bytes, 'a chunk list');
  if (value.list !== treeVersion) {
    fail(
      'VaultFormatUnknown',
      `a chunk list has format version ${JSON.stringify(value.list)}, known is ${treeVersion}`,
    );
  }
  if (!Array.isArray(value.blobs) || !value.blobs.every(isBlobId))
    fail('VaultDamaged', 'a chunk list holds no blob ids');
  return value.blobs;
}

function parseObject(bytes: Uint8Array, what: string): object {
  try {
    const value: unknown = JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8'));
    if (typeof value === 'object' && value !== null) return value;
  } catch (cause) {
    return fail('VaultDamaged', `${what} is not JSON`, { cause });
  }
  return fail('VaultDamaged', `${what} is not a JSON object`);
}

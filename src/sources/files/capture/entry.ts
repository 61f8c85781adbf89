/** What `lstat` says about something, as the entry of a tree, and whether it is what an earlier entry says. */
import type { BigIntStats } from 'node:fs';
import { type EntryType, nameOf, type TreeEntry } from '../../../format/tree.ts';
import type { RawPath } from '../raw-path.ts';

/** An entry while it is being put together. */
export type Draft = { -readonly [Member in keyof TreeEntry]: TreeEntry[Member] };

/** By the four bits of `S_IFMT`. */
const types: readonly (EntryType | undefined)[] = [
  undefined,
  'fifo',
  'character-device',
  undefined,
  'directory',
  undefined,
  'block-device',
  undefined,
  'file',
  undefined,
  'symlink',
  undefined,
  'socket',
];

export function typeOf(stat: BigIntStats): EntryType | undefined {
  return types[Number(stat.mode) >> 12];
}

export function draftOf(stat: BigIntStats, name: RawPath, type: EntryType): Draft {
  const draft: Draft = {
    type,
    mode: Number(stat.mode) & 0o7777,
    uid: Number(stat.uid),
    gid: Number(stat.gid),
    mtime: String(stat.mtimeNs),
    ctime: String(stat.ctimeNs),
    inode: String(stat.ino),
  };
  setName(draft, name);
  const link = linkKey(stat, type);
  if (link !== undefined) draft.hardlink = link;
  if (type === 'file') draft.size = Number(stat.size);
  if (type === 'character-device' || type === 'block-device') draft.device = String(stat.rdev);
  return draft;
}

/** Another name of the same file. */
export function renamed(entry: TreeEntry, name: RawPath): TreeEntry {
  const { name: _name, nameBase64: _bytes, ...draft }: Draft = entry;
  setName(draft, name);
  return draft;
}

function setName(draft: Draft, name: RawPath): void {
  if (typeof name === 'string') draft.name = name;
  else Object.assign(draft, nameOf(name));
}

/** Equal for all names of one file, where it has more than one. The birth tells it from a later file with its inode. */
export function linkKey(stat: BigIntStats, type: EntryType): string | undefined {
  return stat.nlink > 1n && type !== 'directory' ? `${stat.dev}:${stat.ino}:${stat.birthtimeNs}` : undefined;
}

/**
 * True when nothing was written to it since `before` was taken. The inode change time cannot be set by anybody, so an edit
 * that puts size and modification time back shows; the inode shows a file that another one was moved over.
 */
export function isUntouched(before: TreeEntry, stat: BigIntStats, type: EntryType): boolean {
  return (
    before.type === type &&
    before.ctime === String(stat.ctimeNs) &&
    before.inode === String(stat.ino) &&
    before.mtime === String(stat.mtimeNs) &&
    (type !== 'file' || before.size === Number(stat.size))
  );
}

/** True when an untouched thing's entry can be used again as it is. */
export function isSameEntry(before: TreeEntry, stat: BigIntStats, type: EntryType): boolean {
  return (
    before.mode === (Number(stat.mode) & 0o7777) &&
    before.uid === Number(stat.uid) &&
    before.gid === Number(stat.gid) &&
    before.hardlink === linkKey(stat, type)
  );
}

/** Equal as long as nobody writes to the file; part of a cursor that stopped inside it. */
export function identityOf(stat: BigIntStats): string {
  return `${stat.ino}:${stat.size}:${stat.mtimeNs}:${stat.ctimeNs}`;
}

/**
 * Puts one thing back at a path: directory, symbolic link, FIFO, device, another name of a file. What is in the way is
 * replaced only when that was asked for, and never a directory with something in it.
 */
import { spawnSync } from 'node:child_process';
import { linkSync, lstatSync, mkdirSync, rmdirSync, symlinkSync, unlinkSync } from 'node:fs';
import { errnoOf } from '../../../core/errors.ts';
import type { TreeEntry } from '../../../format/tree.ts';
import { native } from '../native.ts';
import type { RawPath } from '../raw-path.ts';

const typeBits: Readonly<Record<string, number>> = {
  fifo: 0o010000,
  'character-device': 0o020000,
  'block-device': 0o060000,
};

/** A name as a file system can have it: it stays in its directory. */
export function isSafeName(name: RawPath): boolean {
  const text = typeof name === 'string' ? name : name.toString('latin1');
  return text !== '' && text !== '.' && text !== '..' && !text.includes('/') && !text.includes('\0');
}

/** Returns true when the directory was there already. */
export function makeDirectory(path: RawPath, replacing: boolean): boolean {
  if (replacing && kindAt(path) === 'directory') return true;
  if (replacing) clear(path);
  mkdirSync(path, 0o700);
  return false;
}

/** A symbolic link, FIFO or device. */
export function makeOther(path: RawPath, entry: TreeEntry, replacing: boolean): void {
  if (replacing) clear(path);
  if (entry.type === 'symlink') symlinkSync(entry.target ?? Buffer.from(entry.targetBase64 ?? '', 'base64'), path);
  else makeNode(path, entry);
}

export function makeName(path: RawPath, existing: RawPath, replacing: boolean): void {
  if (replacing) clear(path);
  linkSync(existing, path);
}

function makeNode(path: RawPath, entry: TreeEntry): void {
  if (native !== undefined) {
    native.makeNode(path, typeBits[entry.type]! | 0o600, BigInt(entry.device ?? 0));
    return;
  }
  if (entry.type !== 'fifo' || typeof path !== 'string') throw Object.assign(new Error('mknod'), { code: 'ENOSYS' });
  const made = spawnSync('mkfifo', ['-m', '600', '--', path]);
  if (made.status !== 0) throw Object.assign(new Error('mkfifo'), { code: errnoOf(made.error) ?? 'EIO' });
}

/** Takes away what has the name: anything but a directory that holds something. */
export function clear(path: RawPath): void {
  const kind = kindAt(path);
  if (kind === 'directory') rmdirSync(path);
  else if (kind !== undefined) unlinkSync(path);
}

/** Takes away an empty directory that has the name; a file or link there is replaced in one step later. */
export function clearDirectory(path: RawPath): void {
  if (kindAt(path) === 'directory') rmdirSync(path);
}

function kindAt(path: RawPath): 'directory' | 'other' | undefined {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  return stat && (stat.isDirectory() ? 'directory' : 'other');
}

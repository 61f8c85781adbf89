/**
 * Owner, extended attributes, permissions and times of something that has just been put back, in the order in which one
 * does not undo another: a change of owner takes setuid and capabilities away, a change of mode closes the door to
 * attributes, and each of them is a change.
 */
import { chmodSync, fchmodSync, fchownSync, lchownSync, lutimesSync } from 'node:fs';
import * as z from 'zod';
import { errnoOf } from '../../../core/errors.ts';
import type { TreeEntry } from '../../../format/tree.ts';
import { isOwnAttribute } from '../capture/extended.ts';
import { native } from '../native.ts';
import type { RawPath } from '../raw-path.ts';

export type Attributes = Pick<TreeEntry, 'type' | 'mode' | 'uid' | 'gid' | 'mtime' | 'xattrs'>;

const rootSchema = z.object({
  mode: z.number(),
  uid: z.number(),
  gid: z.number(),
  mtime: z.string(),
  xattrs: z.record(z.string(), z.string()).optional(),
});

/** What the source's root looked like. It has no entry in any listing, so it is kept with the snapshot's details. */
export function rootAttributes(details: Readonly<Record<string, unknown>>): Attributes | undefined {
  const parsed = rootSchema.safeParse(details.directory);
  return parsed.success ? { ...parsed.data, type: 'directory' } : undefined;
}

export interface Applied {
  /** Open on the very thing; then nothing that took its name can be meant. */
  readonly fd?: number;
  /** It was there before, and may have extended attributes that it should not have. */
  readonly existed?: boolean;
}

export function isRoot(): boolean {
  return process.geteuid?.() === 0;
}

/** Returns what could not be done, in words. */
export function applyAttributes(path: RawPath, entry: Attributes, applied: Applied = {}): readonly string[] {
  const complaints: string[] = [];
  const attempt = (what: string, act: () => void): void => {
    try {
      act();
    } catch (error) {
      const code = errnoOf(error);
      if (code === undefined) throw error;
      complaints.push(`${what} could not be set (${code})`);
    }
  };
  const { fd } = applied;
  if (isRoot()) {
    if (fd !== undefined) attempt('its owner', () => fchownSync(fd, entry.uid, entry.gid));
    else attempt('its owner', () => lchownSync(path, entry.uid, entry.gid));
  }
  if (entry.xattrs !== undefined || applied.existed) applyExtended(path, entry, applied.existed ?? false, attempt);
  if (entry.type !== 'symlink') {
    if (fd !== undefined) attempt('its permissions', () => fchmodSync(fd, entry.mode));
    else attempt('its permissions', () => chmodSync(path, entry.mode));
  }
  attempt('its modification time', () => setModified(path, BigInt(entry.mtime)));
  return complaints;
}

function setModified(path: RawPath, nanoseconds: bigint): void {
  if (native !== undefined) {
    native.setModified(path, nanoseconds);
    return;
  }
  // Node takes seconds as a double: near a microsecond, which is what this machine can do.
  const seconds = Number(nanoseconds) / 1e9;
  lutimesSync(path, seconds, seconds);
}

/** Attributes outside `user.` are the system's; only root may set most of them, as with owners. */
export function isKept(name: string): boolean {
  return isOwnAttribute(name) && isAllowed(name);
}

function isAllowed(name: string): boolean {
  return name.startsWith('user.') || name.startsWith('system.') || isRoot();
}

function applyExtended(
  path: RawPath,
  entry: Attributes,
  existed: boolean,
  attempt: (what: string, act: () => void) => void,
): void {
  const wanted = Object.entries(entry.xattrs ?? {}).filter(([name]) => isKept(name));
  if (native === undefined) {
    for (const [name] of wanted) attempt(`its extended attribute ${name}`, () => fail('ENOSYS'));
    return;
  }
  const calls = native;
  if (existed) {
    attempt('its extended attributes', () => {
      for (const name of Object.keys(calls.attributes(path) ?? {})) {
        if (entry.xattrs?.[name] === undefined && name.startsWith('user.')) calls.removeAttribute(path, name);
      }
    });
  }
  for (const [name, value] of wanted) {
    attempt(`its extended attribute ${name}`, () => calls.setAttribute(path, name, Buffer.from(value, 'base64')));
  }
}

function fail(code: string): never {
  throw Object.assign(new Error(code), { code });
}

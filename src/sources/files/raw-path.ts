/**
 * Names and paths as the system has them. On Linux a name is bytes, and most are valid UTF-8: those are strings here, as
 * strings are fast; the others stay bytes, so that they come back as they were. A path may be longer than the system takes
 * in one call (4,095 bytes): far down, a directory is held open and its children are reached through the descriptor.
 */
import { closeSync, constants, openSync, readdirSync } from 'node:fs';
import { nameOf, type TreeEntry } from '../../format/tree.ts';

export type RawPath = string | Buffer;

/** A directory whose children are reached by `prefix` + name. `fd` is open while the prefix goes through it. */
export interface Place {
  readonly prefix: RawPath;
  readonly fd: number | undefined;
}

/** With a name of 255 bytes after it, a prefix of this length still fits into one system call. */
const longestPrefix = 3800;
/** Where the UTF-16 order of strings differs from the order of their bytes, and where U+FFFD may stand for a bad byte. */
const beyondPlain = /[\ud800-\uffff]/;
const openDirectory = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;

export function bytesOf(path: RawPath): Buffer {
  return typeof path === 'string' ? Buffer.from(path) : path;
}

/** For people and for problems: bytes that are not UTF-8 show as U+FFFD. */
export function shown(path: RawPath): string {
  return typeof path === 'string' ? path : path.toString('utf8');
}

export function joined(prefix: RawPath, name: RawPath): RawPath {
  if (typeof prefix === 'string' && typeof name === 'string') return prefix + name;
  return Buffer.concat([bytesOf(prefix), bytesOf(name)]);
}

/** Byte order, the order of the entries of a tree. */
export function compareNames(one: RawPath, other: RawPath): number {
  return Buffer.compare(bytesOf(one), bytesOf(other));
}

export function sameName(one: RawPath, other: RawPath): boolean {
  return typeof one === 'string' ? one === other : typeof other !== 'string' && one.equals(other);
}

/** A key for maps; names that are bytes cannot collide with names that are strings, as a name has no slash. */
export function nameKey(name: RawPath): string {
  return typeof name === 'string' ? name : `/${name.toString('base64')}`;
}

export function rawName(entry: Pick<TreeEntry, 'name' | 'nameBase64'>): RawPath {
  return entry.name ?? Buffer.from(entry.nameBase64 ?? '', 'base64');
}

/** A raw name from its bytes: a string where that loses nothing. */
export function fromBytes(bytes: Buffer): RawPath {
  const named = nameOf(bytes);
  return 'name' in named ? named.name : bytes;
}

/** The names in a directory, in byte order. */
export function readNames(directory: RawPath): RawPath[] {
  const names: RawPath[] = readdirSync(directory);
  let plain = true;
  for (const name of names) plain &&= !beyondPlain.test(name as string);
  if (plain) return names.sort();
  return readdirSync(directory, 'buffer').sort(Buffer.compare).map(fromBytes);
}

/**
 * The place of a directory inside another. `held` asks for a descriptor in any case: what is reached through it stays in
 * that very directory, also when somebody puts a symbolic link where its name was. Never follows a link in `name`.
 */
export function placeIn(parent: Place, name: RawPath, held = false): Place {
  const path = joined(parent.prefix, name);
  const prefix = joined(path, '/');
  const long = prefix.length * 3 > longestPrefix && bytesOf(prefix).length > longestPrefix;
  if (!(held || long) || process.platform !== 'linux') return { prefix, fd: undefined };
  const fd = openSync(path, openDirectory);
  return { prefix: `/proc/self/fd/${fd}/`, fd };
}

export function leavePlace(place: Place): void {
  if (place.fd !== undefined) closeSync(place.fd);
}

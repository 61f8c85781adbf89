/**
 * Compares a target with a snapshot, by what is on the disk and not by what a restore said: every entry, its attributes,
 * its bytes. What is missing, different or too much is a problem.
 */
import { type BigIntStats, closeSync, constants, lstatSync, openSync, readlinkSync } from 'node:fs';
import { resolve } from 'node:path';
import { errnoOf, isTidemarkError } from '../../../core/errors.ts';
import type { Json } from '../../../core/json.ts';
import type { BlobId } from '../../../format/blob.ts';
import type { Problem } from '../../../format/snapshot.ts';
import { nameOf, type TreeEntry } from '../../../format/tree.ts';
import type { RestoreContext, ValidationReport } from '../../port.ts';
import { typeOf } from '../capture/entry.ts';
import { native } from '../native.ts';
import {
  joined,
  leavePlace,
  nameKey,
  type Place,
  placeIn,
  type RawPath,
  rawName,
  readNames,
  shown,
} from '../raw-path.ts';
import { type Attributes, isKept, isRoot, rootAttributes } from './attributes.ts';
import { FilePieces } from './pieces.ts';
import { type Scope, scopeOf } from './scope.ts';
import { type Selection, selected, selectionOf } from './selection.ts';

const exact = { bigint: true } as const;
const readFlags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
/** Without the native calls times are restored by a double: near a microsecond. */
const timeTolerance = native === undefined ? 1_000n : 0n;

export async function validate(context: RestoreContext): Promise<ValidationReport> {
  const validation = new Validation(context);
  await validation.run();
  const { checked, problems, named } = validation;
  return { checked: { ...checked }, problems, ...(context.part && { result: { named } }) };
}

/** The first sight of a file with several names: its inode, the snapshot's key for it, where, and its size. */
type Named = readonly [inode: string, key: string, path: string, bytes: number];

interface Directory {
  readonly place: Place;
  /** For people. */
  readonly path: string;
  /** As it is, relative to the root, with a slash at its end. */
  readonly raw: RawPath;
}

interface Found {
  /** The directory that it is in. */
  readonly place: Place;
  readonly name: RawPath;
  readonly path: string;
  readonly raw: RawPath;
  readonly entry: TreeEntry;
}

class Validation {
  readonly checked = { files: 0, directories: 0, others: 0, bytes: 0 };
  readonly problems: Problem[] = [];
  /** For the closing: what each part saw is one file must be one among them all. */
  readonly named: Named[] = [];
  readonly #context: RestoreContext;
  readonly #scope: Scope;
  /** Which file on the disk is which file of the snapshot, and the other way round, for those with several names. */
  readonly #inodes = new Map<string, string>();
  readonly #links = new Map<string, string>();
  readonly #pieces = new FilePieces();
  readonly #zeros = new Map<BlobId, true>();

  constructor(context: RestoreContext) {
    this.#context = context;
    this.#scope = scopeOf(context.part);
  }

  async run(): Promise<void> {
    const path = resolve(this.#context.target);
    const { details, part, paths, root } = this.#context;
    const place: Place = { prefix: joined(path, '/'), fd: undefined };
    const selection = selectionOf(paths);
    const directory = rootAttributes(details);
    try {
      const stat = lstatSync(place.prefix, exact);
      if (directory !== undefined && selection === 'all' && this.#scope.finishes('')) {
        this.#attributes('', place.prefix, directory, stat);
      }
    } catch (error) {
      this.#fault('', error);
      return;
    }
    await this.#directory({ place, path: '', raw: '' }, root, selection);
    if (this.#scope.role === 'closing') this.#joinLinks(part?.before ?? []);
  }

  async #directory({ place, path, raw }: Directory, tree: BlobId, selection: Selection): Promise<void> {
    const { entries } = await this.#context.reader.tree(tree);
    const there = new Map(readNames(place.prefix).map((name) => [nameKey(name), name]));
    const first = this.#scope.begin(raw, entries);
    for (const [at, entry] of entries.entries()) {
      const name = rawName(entry);
      const found = there.delete(nameKey(name));
      if (at < first || this.#scope.look(raw, entry) !== 'take') continue;
      const wanted = selected(selection, entry);
      // Sockets live and die with the process that listens: they are recorded, not restored.
      if (wanted === undefined || entry.type === 'socket') continue;
      const one = { place, name, path: path + shown(name), raw: joined(raw, name), entry };
      if (found) await this.#entry(one, wanted);
      else if (this.#tells(one)) this.#problem(one.path, 'is missing');
    }
    if (selection !== 'all' || this.#context.overwrite) return;
    for (const name of there.values()) {
      if (this.#scope.covers(raw, name)) this.#problem(path + shown(name), 'is there and should not be');
    }
  }

  async #entry(one: Found, selection: Selection): Promise<void> {
    const { place, name, path, entry } = one;
    const at = joined(place.prefix, name);
    try {
      const stat = lstatSync(at, exact);
      const type = typeOf(stat);
      if (type !== entry.type) {
        if (this.#tells(one)) this.#problem(path, `is a ${type} and should be a ${entry.type}`);
        return;
      }
      if (entry.type === 'directory') return await this.#inside(one, stat, selection);
      this.#attributes(path, at, entry, stat);
      const again = this.#linked(path, entry, stat);
      if (entry.type === 'symlink') this.#target(path, at, entry);
      if (entry.device !== undefined && entry.device !== String(stat.rdev)) this.#problem(path, 'is another device');
      if (entry.type !== 'file') this.checked.others += 1;
      else await this.#file(path, at, entry, stat, again);
    } catch (error) {
      this.#fault(path, error);
    }
  }

  /** Of a directory that several parts come by, the closing tells what is wrong. */
  #tells({ raw, entry }: Found): boolean {
    return entry.type !== 'directory' || this.#scope.finishes(joined(raw, '/'));
  }

  async #inside({ place, name, path, raw, entry }: Found, stat: BigIntStats, selection: Selection): Promise<void> {
    const inside = joined(raw, '/');
    if (this.#scope.finishes(inside)) {
      this.checked.directories += 1;
      if (selection === 'all') this.#attributes(path, joined(place.prefix, name), entry, stat);
    }
    const inner = placeIn(place, name);
    try {
      await this.#directory({ place: inner, path: `${path}/`, raw: inside }, entry.tree!, selection);
    } finally {
      leavePlace(inner);
    }
  }

  #attributes(path: string, at: RawPath, entry: Attributes, stat: BigIntStats): void {
    const mode = Number(stat.mode) & 0o7777;
    if (entry.type !== 'symlink' && mode !== entry.mode) {
      this.#problem(path, `has permissions ${mode.toString(8)} and should have ${entry.mode.toString(8)}`);
    }
    if (isRoot() && (Number(stat.uid) !== entry.uid || Number(stat.gid) !== entry.gid)) {
      this.#problem(path, `belongs to ${stat.uid}:${stat.gid} and should belong to ${entry.uid}:${entry.gid}`);
    }
    const off = stat.mtimeNs - BigInt(entry.mtime);
    if (off > timeTolerance || off < -timeTolerance) {
      this.#problem(path, `has modification time ${stat.mtimeNs} and should have ${entry.mtime}`);
    }
    if (native === undefined) return;
    const [found, wanted] = [kept(native.attributes(at)), kept(entry.xattrs)];
    if (found !== wanted) this.#problem(path, 'has other extended attributes than it should have');
  }

  /** True when the same file was seen by another name already. */
  #linked(path: string, entry: TreeEntry, stat: BigIntStats): boolean {
    const inode = `${stat.dev}:${stat.ino}`;
    const key = entry.hardlink ?? `alone:${path}`;
    const again = this.#sameFile(path, inode, key);
    if (stat.nlink > 1n || entry.hardlink !== undefined) {
      this.#inodes.set(inode, key);
      this.#links.set(key, inode);
      if (!again && this.#scope.role === 'range') this.named.push([inode, key, path, entry.size ?? 0]);
    }
    return again;
  }

  #sameFile(path: string, inode: string, key: string): boolean {
    const [seenAs, seenAt] = [this.#inodes.get(inode), this.#links.get(key)];
    if (seenAs !== undefined && seenAs !== key)
      this.#problem(path, 'is one file with another that it should be apart from');
    if (seenAt !== undefined && seenAt !== inode) this.#problem(path, 'is a file of its own and should be a hard link');
    return seenAs === key && seenAt === inode;
  }

  /** Files with several names, some of which another part saw. */
  #joinLinks(results: readonly Json[]): void {
    for (const { named } of results as unknown as readonly { named: readonly Named[] }[]) {
      for (const [inode, key, path, bytes] of named) {
        if (this.#sameFile(path, inode, key)) this.checked.bytes -= bytes;
        this.#inodes.set(inode, key);
        this.#links.set(key, inode);
      }
    }
  }

  #target(path: string, at: RawPath, entry: TreeEntry): void {
    const found = nameOf(readlinkSync(at, 'buffer'));
    const same = 'name' in found ? found.name === entry.target : found.nameBase64 === entry.targetBase64;
    if (!same) this.#problem(path, 'links to another target');
  }

  async #file(path: string, at: RawPath, entry: TreeEntry, stat: BigIntStats, again: boolean): Promise<void> {
    this.checked.files += 1;
    if (Number(stat.size) !== entry.size) {
      return this.#problem(path, `has ${stat.size} bytes and should have ${entry.size}`);
    }
    if (again) return;
    const fd = openSync(at, readFlags);
    try {
      const different = await this.#compare(fd, entry);
      if (different !== undefined)
        this.#problem(path, `has other bytes than it should have, from byte ${different} on`);
    } finally {
      closeSync(fd);
    }
  }

  /** The offset of the first blob that is not what the file has there. Ids vouch for bytes, so the vault's are not read. */
  async #compare(fd: number, entry: TreeEntry): Promise<number | undefined> {
    const { reader } = this.#context;
    const pieces = this.#pieces.of(fd);
    let position = 0;
    for await (const ids of reader.blobsOf(entry)) {
      for (const id of ids) {
        const length = reader.lengthOf(id);
        if (entry.sparse && pieces.isHole(length) && this.#isZeros(id, length)) pieces.pass(length);
        else {
          const bytes = pieces.next(length);
          if (bytes === undefined || !reader.matches(id, bytes)) return position;
        }
        position += length;
        this.checked.bytes += length;
      }
    }
    return position === entry.size ? undefined : position;
  }

  /** The holes of a sparse file are few blobs over and over: each is looked at once. */
  #isZeros(id: BlobId, length: number): boolean {
    const known = this.#zeros.get(id);
    if (known !== undefined) return known;
    const found = this.#context.reader.matches(id, Buffer.alloc(length));
    if (found) this.#zeros.set(id, found);
    return found;
  }

  #fault(path: string, error: unknown): void {
    if (isTidemarkError(error)) {
      if (!['VaultDamaged', 'ObjectMissing', 'ChecksumMismatch'].includes(error.name)) throw error;
      this.#problem(path, `cannot be compared: ${error.message}`);
      return;
    }
    const code = errnoOf(error);
    if (code === undefined) throw error;
    this.#problem(path, `cannot be read back (${code})`);
  }

  #problem(path: string, what: string): void {
    this.problems.push({ path, what });
  }
}

function kept(attributes: Readonly<Record<string, string>> | undefined): string {
  const found = Object.entries(attributes ?? {}).filter(([name]) => isKept(name));
  return JSON.stringify(found.sort(([one], [other]) => (one < other ? -1 : 1)));
}

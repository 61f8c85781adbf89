/**
 * The first half of a put: the bytes on disk, checked and synced, under a temporary name that no reader looks at. A writer
 * that dies here leaves a file behind, which a later writer removes when it is a day old.
 */
import { createHash } from 'node:crypto';
import * as fs from 'node:fs/promises';
import path from 'node:path';
import { errnoOf, fail } from '../../core/errors.ts';
import { requireChecksum } from '../checks.ts';
import { isAbsence, storeFailure } from './failures.ts';
import { folderObject, type Place } from './place.ts';

export interface Staged {
  readonly path: string;
  /** When it was written, by the clock of the file system: the only one that the other files there go by. */
  readonly written: number;
}

/** Longer than anybody writes 64 MiB, a suspended laptop aside; its put then fails and is tried again. */
const leftOverAfter = 24 * 60 * 60 * 1000;
/** While one piece is on its way to the disk the next one is hashed. */
const piece = 1024 * 1024;

/** Spares writing an object that is there already. The real decision falls when the name is given. */
export async function refuseIfTaken(place: Place, key: string): Promise<void> {
  try {
    const found = await fs.stat(place.pathOf(key));
    if (found.isDirectory()) await fs.stat(path.join(place.pathOf(key), folderObject));
  } catch (error) {
    if (isAbsence(error)) return;
    throw storeFailure(error, 'look at', place.pathOf(key));
  }
  failTaken(place, key);
}

export function failTaken(place: Place, key: string): never {
  return fail('ObjectExists', `${key} is already in ${place.root}`, { context: { key } });
}

export async function stage(place: Place, key: string, bytes: Uint8Array, sha256: string | undefined): Promise<Staged> {
  const staged = path.join(place.incoming, place.random.bytes(12).toString('hex'));
  let handle: fs.FileHandle | undefined;
  try {
    handle = await openNew(place, staged);
    const found = await write(handle, bytes, sha256 !== undefined);
    if (sha256 !== undefined) requireChecksum(place.pathOf(key), sha256, found);
    if (place.sync) await handle.sync();
    const written = (await handle.stat()).mtimeMs;
    await handle.close(); // Network file systems report a full disk as late as here.
    return { path: staged, written };
  } catch (error) {
    await handle?.close().catch(() => {});
    if (handle) await unstage(staged);
    throw storeFailure(error, 'write', place.pathOf(key));
  }
}

/** Removes what a put leaves behind; what cannot be removed now is swept later, so a failure here is no failure of the put. */
export async function unstage(staged: string): Promise<void> {
  await fs.rm(staged, { recursive: true, force: true }).catch(() => {});
}

async function openNew(place: Place, staged: string): Promise<fs.FileHandle> {
  try {
    return await fs.open(staged, 'wx', place.fileMode);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
    await place.requirePresent();
    // A copy of the store made by a tool that leaves out empty folders.
    await fs.mkdir(place.incoming, { mode: place.folderMode }).catch((made: unknown) => {
      if (errnoOf(made) !== 'EEXIST') throw made;
    });
    return fs.open(staged, 'wx', place.fileMode);
  }
}

async function write(handle: fs.FileHandle, bytes: Uint8Array, hashed: boolean): Promise<string> {
  const sha256 = hashed ? createHash('sha256') : undefined;
  for (let start = 0; start < bytes.length; start += piece) {
    const part = bytes.subarray(start, start + piece);
    const writing = writeAll(handle, part);
    sha256?.update(part);
    await writing;
  }
  return sha256?.digest('hex') ?? '';
}

/** A write may take less than it is given, most often just before the disk is full. */
async function writeAll(handle: fs.FileHandle, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length; ) at += (await handle.write(bytes, at, bytes.length - at)).bytesWritten;
}

/**
 * Once per store and process: removes what crashed writers left. Only an optimisation of space, so whatever goes wrong is
 * left for the next process.
 */
export async function sweepOnce(place: Place, now: number): Promise<void> {
  if (place.swept) return;
  place.swept = true;
  for (const name of await fs.readdir(place.incoming).catch(() => [])) {
    const leftover = path.join(place.incoming, name);
    const age = await fs.lstat(leftover).then(
      (found) => now - found.mtimeMs,
      () => 0,
    );
    if (age > leftOverAfter) await unstage(leftover);
  }
}

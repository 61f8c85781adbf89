/**
 * The bytes of a file, from the reader to the target. Blobs are small, so they are gathered and written together. Files
 * that had holes get them again. A large file can be put down and gone on with, as long as nobody has touched it since.
 */
import { closeSync, constants, fstatSync, ftruncateSync, openSync, writeSync, writev, writevSync } from 'node:fs';
import { promisify } from 'node:util';
import { fail } from '../../../core/errors.ts';
import type { BlobId } from '../../../format/blob.ts';
import type { TreeEntry } from '../../../format/tree.ts';
import type { ContentReader } from '../../port.ts';
import { identityOf } from '../capture/entry.ts';
import type { RawPath } from '../raw-path.ts';

/** How far a large file has come. */
export interface FileProgress {
  readonly blobs: number;
  readonly bytes: number;
  /** What the file looked like when it was left. */
  readonly identity: string;
}

const create = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
const goOn = constants.O_WRONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
const batch = 1024 * 1024;
const holesAtOnce = 256 * 1024 * 1024;
const block = 4096;
const zeros = Buffer.alloc(block);

/** Nobody else may read it before it has its own permissions. */
export function createFile(path: RawPath): number {
  return openSync(path, create, 0o600);
}

/** The file as it was left, or undefined when it is not that any more. */
export function reopenFile(path: RawPath, progress: FileProgress): number | undefined {
  let fd: number;
  try {
    fd = openSync(path, goOn);
  } catch {
    return undefined;
  }
  if (identityOf(fstatSync(fd, { bigint: true })) === progress.identity) return fd;
  closeSync(fd);
  return undefined;
}

/** Writes from `progress` on. Returns the progress when `pause` says to stop, and undefined when all is written. */
export async function writeContent(
  fd: number,
  entry: TreeEntry,
  reader: ContentReader,
  progress: FileProgress | undefined,
  pause: (bytes: number) => Promise<boolean>,
): Promise<FileProgress | undefined> {
  let [blobs, bytes, skip] = [progress?.blobs ?? 0, progress?.bytes ?? 0, progress?.blobs ?? 0];
  let [gathered, length]: [Buffer[], number] = [[], 0];
  /** Lengths of blobs that are zeros, by id: the holes of a sparse file are few of them over and over. */
  const holes = new Map<BlobId, number>();
  let passed = 0;
  // one piece is on its way to the disk while the next is read, expanded and checked
  let writing: Promise<void> | undefined;
  const flush = async (): Promise<void> => {
    await writing;
    writing = undefined;
    if (entry.sparse) writeWithHoles(fd, gathered.length === 1 ? gathered[0]! : Buffer.concat(gathered), bytes);
    else if (length >= batch) {
      writing = writeBehind(fd, gathered, length, bytes);
      writing.catch(() => {}); // whoever waits for it gets the error
    } else writeAll(fd, gathered, bytes);
    bytes += length;
    [gathered, length] = [[], 0];
  };
  try {
    for await (const ids of reader.blobsOf(entry)) {
      for (const id of ids) {
        if (skip > 0) {
          skip -= 1;
          continue;
        }
        blobs += 1;
        const hole = holes.get(id);
        if (hole !== undefined) {
          // nothing is there yet, so it stays a hole
          await flush();
          bytes += hole;
          passed += hole;
          if (passed < holesAtOnce) continue;
        } else {
          const blob = reader.blobAtHand(id) ?? (await reader.blob(id));
          if (entry.sparse && isZeros(blob)) holes.set(id, blob.length);
          gathered.push(blob);
          length += blob.length;
          if (length < batch) continue;
        }
        const written = length;
        passed = 0;
        await flush();
        if (!(await pause(written))) continue;
        await writing;
        return { blobs, bytes, identity: identityOf(fstatSync(fd, { bigint: true })) };
      }
    }
    await flush();
    await writing;
  } finally {
    // the file is closed by whoever opened it, and not under a write
    await writing?.catch(() => {});
  }
  checkLength(bytes, entry);
  // The end of the file may be a hole, and a file that was gone on with may not be longer than it should be.
  ftruncateSync(fd, bytes);
  return undefined;
}

/** Errors: `VaultDamaged` when the bytes that were stored are not as many as the entry says. */
export function checkLength(length: number, entry: TreeEntry): void {
  if (length !== entry.size) fail('VaultDamaged', `the content has ${length} bytes and should have ${entry.size}`);
}

export function lengthOf(buffers: readonly Buffer[]): number {
  let length = 0;
  for (const buffer of buffers) length += buffer.length;
  return length;
}

export function writeAll(fd: number, buffers: readonly Buffer[], position: number): void {
  const length = lengthOf(buffers);
  if (length === 0) return;
  let written = writevSync(fd, buffers, position);
  if (written === length) return;
  // Rare: a disk that is nearly full, or a signal.
  const rest = Buffer.concat(buffers);
  while (written < length) written += writeSync(fd, rest, written, length - written, position + written);
}

const writingBehind = promisify(writev);

async function writeBehind(fd: number, buffers: readonly Buffer[], length: number, position: number): Promise<void> {
  const { bytesWritten } = await writingBehind(fd, buffers as Buffer[], position);
  if (bytesWritten < length) writeAll(fd, [Buffer.concat(buffers).subarray(bytesWritten)], position + bytesWritten);
}

/** Leaves out whole blocks of zeros; the file has nothing there yet, so they stay holes. */
function writeWithHoles(fd: number, bytes: Buffer, position: number): void {
  let at = 0;
  while (at < bytes.length) {
    const end = nextBlock(at, position, bytes.length);
    if (isHole(bytes, at, end)) {
      at = end;
      continue;
    }
    let dataEnd = end;
    while (dataEnd < bytes.length && !isHole(bytes, dataEnd, nextBlock(dataEnd, position, bytes.length))) {
      dataEnd = nextBlock(dataEnd, position, bytes.length);
    }
    while (at < dataEnd) at += writeSync(fd, bytes, at, dataEnd - at, position + at);
  }
}

/** Where the block of the file ends that offset `at` of the buffer lies in. */
function nextBlock(at: number, position: number, length: number): number {
  return Math.min(length, at + block - ((position + at) % block));
}

/** Every byte is as the one before it, and the first is zero. */
function isZeros(bytes: Buffer): boolean {
  return bytes[0] === 0 && bytes.compare(bytes, 0, bytes.length - 1, 1, bytes.length) === 0;
}

function isHole(bytes: Buffer, start: number, end: number): boolean {
  return bytes.compare(zeros, 0, end - start, start, end) === 0;
}

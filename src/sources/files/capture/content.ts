/**
 * Reads the bytes of one file into the sink: one open, one reused buffer, holes skipped. A file that is written to while
 * it is read is read again; after the third time the last reading is kept and called unstable.
 */
import { type BigIntStats, closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import type { Content } from '../../../format/tree.ts';
import type { ContentSink, StreamState } from '../../port.ts';
import { native } from '../native.ts';
import type { RawPath } from '../raw-path.ts';
import { identityOf } from './entry.ts';
import { type Extended, extendedOf } from './extended.ts';
import { headLength, pageSizeOf } from './pages.ts';

export interface Reading {
  readonly content: Content;
  /** The state of the file that was read. */
  readonly stat: BigIntStats;
  /** False when it changed each time while it was read. */
  readonly stable: boolean;
  /** Undefined when the file was not opened, because its bytes were known. */
  readonly extended?: Extended;
}

/** Where the reading of a large file was put down. */
export interface Suspended {
  readonly identity: string;
  readonly stream: StreamState;
}

export const attempts = 3;
const slab = 1024 * 1024;
/** A file that was replaced since `lstat`, by a link or a FIFO: neither followed nor waited for. */
const openFlags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
const exact = { bigint: true } as const;
/** A hole is walked through in steps, so that a deadline is seen in between. */
const holeStep = 1024 * slab;

export class FileContent {
  /** Bytes up to which a file is read at once; a longer one is {@link large}. */
  readonly atOnce: number;
  /** Bytes read from the source so far. */
  read = 0;
  readonly #sink: ContentSink;
  readonly #buffer: Buffer;

  constructor(sink: ContentSink) {
    this.#sink = sink;
    this.atOnce = Math.max(sink.smallFile, slab);
    this.#buffer = Buffer.allocUnsafeSlow(this.atOnce + 1);
  }

  /**
   * The whole file at once; `seen` is what `lstat` said. `replaced`: it is no file any more; `large`: it has grown to be
   * {@link large}. A file that is after the reading what it was before it was opened is the same, so it is looked at once.
   */
  whole(path: RawPath, seen: BigIntStats): Reading | 'replaced' | 'large' {
    const fd = openSync(path, openFlags);
    try {
      for (let attempt = 1; ; attempt += 1) {
        const stat = attempt === 1 ? seen : fstatSync(fd, exact);
        if (!stat.isFile()) return 'replaced';
        const size = Number(stat.size);
        if (size > this.atOnce) return 'large';
        const last = attempt === attempts;
        const length = this.#fill(fd, size, last ? this.atOnce : size + 1);
        const stable = length === size && isSame(stat, fstatSync(fd, exact));
        if (!stable && !last) continue;
        return { stat, stable, content: this.#pour(length), extended: extendedOf(fd) };
      }
    } finally {
      closeSync(fd);
    }
  }

  #pour(length: number): Content {
    const bytes = this.#buffer.subarray(0, length);
    if (length === 0) return { size: 0, blobs: [] };
    if (length <= this.#sink.smallFile) return { size: length, blobs: [this.#sink.put(bytes, 'data')] };
    const stream = this.#sink.stream(undefined, pageSizeOf(bytes.subarray(0, headLength), length));
    stream.write(bytes);
    return stream.end();
  }

  /** Reads from the start of the file until its end or until `limit` bytes are there; returns how many. */
  #fill(fd: number, expected: number, limit: number): number {
    let length = 0;
    while (length < limit) {
      const count = readSync(fd, this.#buffer, length, limit - length, length);
      length += count;
      this.read += count;
      // One read that ends where the file should end has seen the end; no other read is needed to say so.
      if (count === 0 || (length === expected && length < limit)) break;
    }
    return length;
  }

  /**
   * A file in slabs. `pause` is awaited after each, with its size; when it says true the reading stops there, to go on
   * with `resume` later. If the file has changed by then it starts over.
   */
  async large(
    path: RawPath,
    resume: Suspended | undefined,
    pause: (bytes: number) => Promise<boolean>,
  ): Promise<Reading | Suspended | 'replaced'> {
    const fd = openSync(path, openFlags);
    try {
      for (let attempt = 1; ; attempt += 1) {
        const stat = fstatSync(fd, exact);
        if (!stat.isFile()) return 'replaced';
        const identity = identityOf(stat);
        const page = pageSizeOf(this.#head(fd), Number(stat.size));
        const stream = this.#sink.stream(resume?.identity === identity ? resume.stream : undefined, page);
        let position = resume?.identity === identity ? resume.stream.size : 0;
        for (const piece of this.#pieces(fd, position, stat)) {
          const length = typeof piece === 'number' ? piece : piece.length;
          if (typeof piece === 'number') stream.writeHole(piece);
          else stream.write(piece);
          position += length;
          if (await pause(length)) return { identity, stream: stream.suspend() };
        }
        const content = stream.end();
        const stable = position === Number(stat.size) && isSame(stat, fstatSync(fd, exact));
        if (stable || attempt === attempts) return { stat, stable, content, extended: extendedOf(fd) };
      }
    } finally {
      closeSync(fd);
    }
  }

  /** The first bytes of a file, in the buffer that everything is read into. */
  #head(fd: number): Buffer {
    return this.#buffer.subarray(0, readSync(fd, this.#buffer, 0, headLength, 0));
  }

  /** The bytes from `position` on, in slabs; of a hole its length alone. */
  *#pieces(fd: number, position: number, stat: BigIntStats): Generator<Buffer | number> {
    const size = Number(stat.size);
    let at = position;
    for (const extent of hasHoles(stat) ? extents(fd, at, size) : [{ end: size, hole: false }]) {
      while (at < extent.end) {
        if (extent.hole) {
          const step = Math.min(holeStep, extent.end - at);
          at += step;
          yield step;
          continue;
        }
        const wanted = Math.min(slab, extent.end - at);
        const count = readSync(fd, this.#buffer, 0, wanted, at);
        if (count === 0) return;
        at += count;
        this.read += count;
        yield this.#buffer.subarray(0, count);
      }
    }
  }
}

/** True when fewer blocks are allocated than the size needs. Below one block it means nothing. */
export function hasHoles(stat: BigIntStats): boolean {
  return stat.blocks * 512n < stat.size && stat.size >= 4096n;
}

function* extents(fd: number, from: number, size: number): Generator<{ end: number; hole: boolean }> {
  let at = from;
  while (at < size) {
    let data: number | undefined = at;
    let hole = size;
    try {
      if (native !== undefined) {
        data = native.nextData(fd, at);
        if (data !== undefined) hole = native.nextHole(fd, data);
      }
    } catch {
      // The file system cannot tell: then all of it is data.
    }
    if (data === undefined || data > at) yield { end: Math.min(data ?? size, size), hole: true };
    if (data === undefined) return;
    at = Math.min(hole, size);
    yield { end: at, hole: false };
  }
}

function isSame(before: BigIntStats, after: BigIntStats): boolean {
  return (
    before.ctimeNs === after.ctimeNs &&
    before.mtimeNs === after.mtimeNs &&
    before.size === after.size &&
    before.ino === after.ino &&
    before.dev === after.dev
  );
}

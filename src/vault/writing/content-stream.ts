/** One file's content on its way in: cut into blobs as it flows, its blobs listed inline or, when many, in chunk lists. */
import type { Cutter } from '../../codec/chunk.ts';
import { fail } from '../../core/errors.ts';
import type { BlobId, BlobKind } from '../../format/blob.ts';
import { type Content, encodeChunkList, maxInlineBlobs } from '../../format/tree.ts';

export interface StreamState {
  readonly size: number;
  readonly blobs: readonly BlobId[];
  readonly lists: readonly BlobId[];
}

interface BlobTaker {
  put(bytes: Uint8Array, kind: BlobKind): BlobId;
}

/** A list ends after a blob whose id begins with these many zero bits, so that an insertion does not shift all lists after it. */
const listEndsAt = /^00[0-7]/;
const longestList = 8192;
const zeros = new Uint8Array(64 * 1024);

export class ContentStream {
  readonly #taker: BlobTaker;
  readonly #cutter: Cutter;
  #tail: Buffer;
  #tailLength = 0;
  #size: number;
  #blobs: BlobId[];
  readonly #lists: BlobId[];

  constructor(taker: BlobTaker, cutter: Cutter, resume?: StreamState) {
    this.#taker = taker;
    this.#cutter = cutter;
    this.#tail = Buffer.alloc(0);
    this.#size = resume?.size ?? 0;
    this.#blobs = [...(resume?.blobs ?? [])];
    this.#lists = [...(resume?.lists ?? [])];
  }

  write(bytes: Uint8Array): void {
    let at = 0;
    if (this.#tailLength > 0) {
      // what was left uncut is less than one longest chunk: joined with enough of the new bytes it is cut for sure
      const take = Math.min(bytes.length, this.#cutter.longest - this.#tailLength);
      this.#tail.set(bytes.subarray(0, take), this.#tailLength);
      const joined = this.#tailLength + take;
      const cut = this.#cutter.cut(this.#tail, 0, joined, false);
      if (cut === 0) {
        this.#tailLength = joined;
        return;
      }
      this.#store(this.#tail.subarray(0, cut));
      // the tail alone had no cut, and a cut does not depend on what follows: this one lies in the new bytes
      at = cut - this.#tailLength;
      this.#tailLength = 0;
    }
    for (;;) {
      const cut = this.#cutter.cut(bytes, at, bytes.length, false);
      if (cut === 0) break;
      this.#store(bytes.subarray(at, at + cut));
      at += cut;
    }
    if (at < bytes.length) {
      if (this.#tail.length === 0) this.#tail = Buffer.allocUnsafe(this.#cutter.longest);
      this.#tail.set(bytes.subarray(at), 0);
      this.#tailLength = bytes.length - at;
    }
  }

  /** Zeros of a hole. Beyond the first chunk they are neither read nor hashed. */
  writeHole(length: number): void {
    const run = this.#cutter.zeroRun;
    let left = length;
    // until a chunk ends the hole is bytes like others
    while (left > 0 && (this.#tailLength > 0 || left < run)) {
      // what is begun is filled up to the length of a run: once it is zeros alone, it is cut there
      const some = Math.min(left, zeros.length, this.#tailLength > 0 ? Math.max(1, run - this.#tailLength) : left);
      this.write(zeros.subarray(0, some));
      left -= some;
    }
    if (left === 0) return;
    const id = this.#taker.put(run <= zeros.length ? zeros.subarray(0, run) : new Uint8Array(run), 'data');
    for (; left >= run; left -= run) this.#noted(id, run);
    if (left > 0) this.write(zeros.subarray(0, left));
  }

  refer(blob: BlobId, length: number): void {
    if (this.#tailLength > 0) fail('Unexpected', `a blob was referred to ${this.#tailLength} bytes after the last cut`);
    this.#noted(blob, length);
  }

  end(): Content {
    let at = 0;
    while (at < this.#tailLength) {
      const cut = this.#cutter.cut(this.#tail, at, this.#tailLength, true);
      this.#store(this.#tail.subarray(at, at + cut));
      at += cut;
    }
    this.#tailLength = 0;
    const size = this.#size;
    if (this.#lists.length === 0 && this.#blobs.length <= maxInlineBlobs) return { size, blobs: this.#blobs };
    if (this.#blobs.length > 0) this.#closeList();
    return { size, lists: this.#lists };
  }

  suspend(): StreamState {
    this.#tailLength = 0;
    return { size: this.#size, blobs: this.#blobs, lists: this.#lists };
  }

  #store(bytes: Uint8Array): void {
    this.#noted(this.#taker.put(bytes, 'data'), bytes.length);
  }

  #noted(id: BlobId, length: number): void {
    this.#size += length;
    this.#blobs.push(id);
    const many = this.#blobs.length > maxInlineBlobs;
    if (many && (listEndsAt.test(id) || this.#blobs.length >= longestList)) this.#closeList();
  }

  #closeList(): void {
    this.#lists.push(this.#taker.put(encodeChunkList(this.#blobs), 'tree'));
    this.#blobs = [];
  }
}

/** One file's content on its way in: cut into blobs as it flows, its blobs listed inline or, when many, in chunk lists. */
import type { Chunker } from '../../codec/chunk.ts';
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

export class ContentStream {
  readonly #taker: BlobTaker;
  readonly #chunker: Chunker;
  #tail: Buffer;
  #tailLength = 0;
  #size: number;
  #blobs: BlobId[];
  readonly #lists: BlobId[];

  constructor(taker: BlobTaker, chunker: Chunker, resume?: StreamState) {
    this.#taker = taker;
    this.#chunker = chunker;
    this.#tail = Buffer.alloc(0);
    this.#size = resume?.size ?? 0;
    this.#blobs = [...(resume?.blobs ?? [])];
    this.#lists = [...(resume?.lists ?? [])];
  }

  write(bytes: Uint8Array): void {
    let at = 0;
    if (this.#tailLength > 0) {
      // what was left uncut is less than one longest chunk: joined with enough of the new bytes it is cut for sure
      const take = Math.min(bytes.length, this.#chunker.sizes.maximum - this.#tailLength);
      this.#tail.set(bytes.subarray(0, take), this.#tailLength);
      const joined = this.#tailLength + take;
      const cut = this.#chunker.cut(this.#tail, 0, joined, false);
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
      const cut = this.#chunker.cut(bytes, at, bytes.length, false);
      if (cut === 0) break;
      this.#store(bytes.subarray(at, at + cut));
      at += cut;
    }
    if (at < bytes.length) {
      if (this.#tail.length === 0) this.#tail = Buffer.allocUnsafe(this.#chunker.sizes.maximum);
      this.#tail.set(bytes.subarray(at), 0);
      this.#tailLength = bytes.length - at;
    }
  }

  end(): Content {
    let at = 0;
    while (at < this.#tailLength) {
      const cut = this.#chunker.cut(this.#tail, at, this.#tailLength, true);
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
    const id = this.#taker.put(bytes, 'data');
    this.#size += bytes.length;
    this.#blobs.push(id);
    const many = this.#blobs.length > maxInlineBlobs;
    if (many && (listEndsAt.test(id) || this.#blobs.length >= longestList)) this.#closeList();
  }

  #closeList(): void {
    this.#lists.push(this.#taker.put(encodeChunkList(this.#blobs), 'tree'));
    this.#blobs = [];
  }
}

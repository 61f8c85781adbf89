/**
 * A sink and a reader over a map, for the tests of sources. Contents are cut at fixed lengths; ids are SHA-256. It keeps
 * the sink's word to the letter: it copies what it is given, and it refuses to be used in a way that the port forbids.
 */
import { hash } from 'node:crypto';
import type { BlobId, BlobKind } from '../../src/format/blob.ts';
import { decodeChunkList, decodeTree, encodeChunkList, maxInlineBlobs, type Tree } from '../../src/format/tree.ts';
import type { ContentReader, ContentSink, ContentStream, StreamState } from '../../src/sources/port.ts';

export interface MemoryContentOptions {
  readonly smallFile?: number;
  /** Length of a piece of a stream. */
  readonly piece?: number;
  /** Keep the bytes; without, it only hashes. */
  readonly keep?: boolean;
}

export class MemoryContent implements ContentSink, ContentReader {
  readonly blobs = new Map<BlobId, Buffer>();
  readonly smallFile: number;
  stored = 0;
  /** Calls of `put`, with those that streams make. */
  puts = 0;
  /** When set, `drain` answers with it. */
  draining: Promise<void> | undefined;
  /** When set, nothing is at hand and every blob must be waited for. */
  slow = false;
  readonly #piece: number;
  readonly #keep: boolean;

  constructor(options: MemoryContentOptions = {}) {
    this.smallFile = options.smallFile ?? 64 * 1024;
    this.#piece = options.piece ?? 16 * 1024;
    this.#keep = options.keep ?? true;
  }

  put(bytes: Uint8Array, kind: BlobKind): BlobId {
    const id = hash('sha256', bytes, 'hex');
    this.puts += 1;
    if (!this.blobs.has(id)) {
      this.stored += bytes.length;
      this.blobs.set(id, this.#keep || kind === 'tree' ? Buffer.from(bytes) : Buffer.alloc(0));
    }
    return id;
  }

  stream(resume?: StreamState): ContentStream {
    return new MemoryStream(this, this.#piece, resume);
  }

  holds(blobs: readonly BlobId[]): boolean {
    return blobs.every((id) => this.blobs.has(id));
  }

  drain(): Promise<void> | undefined {
    return this.draining;
  }

  async blob(id: BlobId): Promise<Buffer> {
    await new Promise((resolve) => setImmediate(resolve));
    return this.#found(id);
  }

  blobAtHand(id: BlobId): Buffer | undefined {
    return this.slow ? undefined : this.#found(id);
  }

  lengthOf(id: BlobId): number {
    return this.#found(id).length;
  }

  matches(id: BlobId, bytes: Uint8Array): boolean {
    return hash('sha256', bytes, 'hex') === id;
  }

  async tree(id: BlobId): Promise<Tree> {
    return decodeTree(this.#found(id));
  }

  async *blobsOf(content: { blobs?: readonly BlobId[]; lists?: readonly BlobId[] }): AsyncIterable<readonly BlobId[]> {
    if (content.blobs !== undefined) yield content.blobs;
    for (const list of content.lists ?? []) yield decodeChunkList(this.#found(list));
  }

  #found(id: BlobId): Buffer {
    const bytes = this.blobs.get(id);
    if (bytes === undefined) throw new Error(`no blob ${id}`);
    return bytes;
  }
}

class MemoryStream implements ContentStream {
  readonly #content: MemoryContent;
  readonly #piece: number;
  readonly #blobs: BlobId[];
  readonly #lists: BlobId[];
  #size: number;
  #rest = Buffer.alloc(0);
  #ended = false;

  constructor(content: MemoryContent, piece: number, resume: StreamState | undefined) {
    this.#content = content;
    this.#piece = piece;
    this.#blobs = [...(resume?.blobs ?? [])];
    this.#lists = [...(resume?.lists ?? [])];
    this.#size = resume?.size ?? 0;
  }

  write(bytes: Uint8Array): void {
    this.#live();
    this.#rest = Buffer.concat([this.#rest, bytes]);
    while (this.#rest.length >= this.#piece) this.#cut(this.#piece);
  }

  writeHole(length: number): void {
    for (let left = length; left > 0; left -= 1 << 20) this.write(Buffer.alloc(Math.min(left, 1 << 20)));
  }

  refer(blob: BlobId, length: number): void {
    this.#live();
    if (this.#rest.length > 0) throw new Error('a blob is referred to in the middle of a piece');
    if (!this.#content.holds([blob])) throw new Error(`a blob is referred to that is not held: ${blob}`);
    this.#blobs.push(blob);
    this.#size += length;
    if (this.#blobs.length > maxInlineBlobs) this.#list();
  }

  end(): { size: number; blobs?: readonly BlobId[]; lists?: readonly BlobId[] } {
    this.#live();
    this.#ended = true;
    if (this.#rest.length > 0) this.#cut(this.#rest.length);
    if (this.#lists.length === 0) return { size: this.#size, blobs: this.#blobs };
    if (this.#blobs.length > 0) this.#list();
    return { size: this.#size, lists: this.#lists };
  }

  suspend(): StreamState {
    this.#live();
    this.#ended = true;
    return { size: this.#size, blobs: [...this.#blobs], lists: [...this.#lists] };
  }

  #cut(length: number): void {
    this.#blobs.push(this.#content.put(this.#rest.subarray(0, length), 'data'));
    this.#rest = this.#rest.subarray(length);
    this.#size += length;
    if (this.#blobs.length > maxInlineBlobs) this.#list();
  }

  #list(): void {
    this.#lists.push(this.#content.put(encodeChunkList(this.#blobs.splice(0, maxInlineBlobs)), 'tree'));
  }

  #live(): void {
    if (this.#ended) throw new Error('the stream has ended already');
  }
}

/**
 * Gives blobs back. Reads whole frames, keeps the last few expanded, and starts on the next ones of a pack while the
 * caller is busy with this one, since what was stored together is read together. Every blob is checked against its id.
 */
import { fail } from '../core/errors.ts';
import type { BlobId } from '../format/blob.ts';
import { layout } from '../format/layout.ts';
import { type Content, decodeChunkList, decodeTree, type Tree } from '../format/tree.ts';
import type { ObjectStore } from '../storage/port.ts';
import type { BlobIndex } from './blob-index.ts';
import type { VaultCipher } from './cipher.ts';

const framesAhead = 2;
const cacheBytes = 96 * 1024 * 1024;

interface CachedFrame {
  readonly bytes: Buffer;
  /** Something was taken from it since it was last passed over. */
  used: boolean;
}

export class BlobReader {
  readonly #store: ObjectStore;
  readonly #cipher: VaultCipher;
  readonly #index: BlobIndex;
  /** Expanded frames. What many files share lies in a few of them: those in use are passed over when room is made. */
  readonly #frames = new Map<number, CachedFrame>();
  readonly #loading = new Map<number, Promise<Buffer>>();
  #room = cacheBytes;

  constructor(store: ObjectStore, cipher: VaultCipher, index: BlobIndex) {
    this.#store = store;
    this.#cipher = cipher;
    this.#index = index;
  }

  /** Errors: `VaultDamaged` when the blob is not in the vault or is not what its id says. */
  async blob(id: BlobId): Promise<Buffer> {
    const entry = this.#entry(id);
    const number = this.#index.frameOf(entry);
    return this.#slice(id, entry, this.#cached(number) ?? (await this.#load(number)));
  }

  blobAtHand(id: BlobId): Buffer | undefined {
    const entry = this.#entry(id);
    const frame = this.#cached(this.#index.frameOf(entry));
    return frame && this.#slice(id, entry, frame);
  }

  lengthOf(id: BlobId): number {
    return this.#index.lengthOf(this.#entry(id));
  }

  matches(id: BlobId, bytes: Uint8Array): boolean {
    return this.#cipher.identify(bytes) === id;
  }

  /** A whole frame, expanded, by its number in the index. */
  frame(number: number): Promise<Buffer> {
    return this.#start(number);
  }

  async tree(id: BlobId): Promise<Tree> {
    return decodeTree(this.blobAtHand(id) ?? (await this.blob(id)));
  }

  async *blobsOf(content: Partial<Content>): AsyncGenerator<readonly BlobId[]> {
    if (content.blobs) yield content.blobs;
    for (const list of content.lists ?? []) yield decodeChunkList(await this.blob(list));
  }

  #entry(id: BlobId): number {
    const entry = this.#index.find(id);
    if (entry < 0) {
      fail('VaultDamaged', `blob ${id} is not in the index of ${this.#store.name}`, {
        hint: 'Run `tidemark verify`: it rebuilds the index from the packs and repairs from a replica.',
        context: { blob: id },
      });
    }
    return entry;
  }

  #slice(id: BlobId, entry: number, frame: Buffer): Buffer {
    const offset = this.#index.offsetOf(entry);
    const bytes = frame.subarray(offset, offset + this.#index.lengthOf(entry));
    if (!this.matches(id, bytes)) {
      const pack = this.#index.packs[this.#index.packOf(entry)]!.id;
      fail('VaultDamaged', `blob ${id} in pack ${pack} of ${this.#store.name} is not what its id says`, {
        hint: 'Run `tidemark verify --read-all`: it repairs from a replica.',
        context: { blob: id, pack },
      });
    }
    return bytes;
  }

  async #load(number: number): Promise<Buffer> {
    const frame = await this.#start(number);
    const pack = this.#index.frames[number]!.pack;
    for (let next = number + 1; next <= number + framesAhead; next += 1) {
      if (this.#index.frames[next]?.pack !== pack || this.#frames.has(next)) continue;
      this.#start(next).catch(() => {}); // whoever needs the frame gets the error
    }
    return frame;
  }

  #cached(number: number): Buffer | undefined {
    const frame = this.#frames.get(number);
    if (frame) frame.used = true;
    return frame?.bytes;
  }

  #start(number: number): Promise<Buffer> {
    const cached = this.#cached(number);
    if (cached) return Promise.resolve(cached);
    const known = this.#loading.get(number);
    if (known) return known;
    const loading = this.#fetch(number).finally(() => this.#loading.delete(number));
    this.#loading.set(number, loading);
    return loading;
  }

  async #fetch(number: number): Promise<Buffer> {
    const frame = this.#index.frames[number]!;
    const key = layout.pack(this.#index.packs[frame.pack]!.id);
    const stored = await this.#store.get(key, { offset: frame.offset, length: frame.stored });
    const plain = await this.#cipher.openFrame(frame.codec, stored, frame.plain);
    this.#keep(number, plain);
    return plain;
  }

  #keep(number: number, bytes: Buffer): void {
    this.#frames.set(number, { bytes, used: false });
    this.#room -= bytes.length;
    for (const [oldest, frame] of this.#frames) {
      if (this.#room >= 0 || oldest === number) break;
      this.#frames.delete(oldest);
      if (frame.used) this.#frames.set(oldest, { ...frame, used: false });
      else this.#room += frame.bytes.length;
    }
  }
}

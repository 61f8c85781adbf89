/**
 * Gives blobs back. Reads whole frames, keeps the last few expanded, and starts on the next ones while the caller is busy
 * with this one, since what was stored together is read together. Every blob is checked against its id.
 */
import { fail } from '../core/errors.ts';
import type { BlobId } from '../format/blob.ts';
import { type Content, decodeChunkList, decodeTree, type Tree } from '../format/tree.ts';
import type { VaultCipher } from './cipher.ts';

const cacheBytes = 96 * 1024 * 1024;

/** Where blobs lie, by the number that the index knows them by. */
export interface BlobPlaces {
  /** Number of a blob, or -1. */
  find(id: BlobId): number;
  frameOf(entry: number): number;
  /** Within the expanded frame. */
  offsetOf(entry: number): number;
  lengthOf(entry: number): number;
}

/** Where frames come from. */
export interface Frames {
  /** Of the vault, for messages. */
  readonly name: string;
  /** A whole frame, expanded. */
  fetch(frame: number): Promise<Buffer>;
  /** What is likely to be asked for after this one. */
  after(frame: number): readonly number[];
  /** The pack that a frame lies in, where that is known. */
  packOf(frame: number): string | undefined;
}

interface CachedFrame {
  readonly bytes: Buffer;
  /** Something was taken from it since it was last passed over. */
  used: boolean;
}

export class BlobReader {
  readonly #places: BlobPlaces;
  readonly #source: Frames;
  readonly #cipher: VaultCipher;
  /** Expanded frames. What many files share lies in a few of them: those in use are passed over when room is made. */
  readonly #frames = new Map<number, CachedFrame>();
  readonly #loading = new Map<number, Promise<Buffer>>();
  #room: number;

  /** `cache`: bytes of expanded frames that are kept. */
  constructor(places: BlobPlaces, source: Frames, cipher: VaultCipher, cache = cacheBytes) {
    this.#places = places;
    this.#source = source;
    this.#cipher = cipher;
    this.#room = cache;
  }

  /** Errors: `VaultDamaged` when the blob is not in the vault or is not what its id says. */
  async blob(id: BlobId): Promise<Buffer> {
    const entry = this.#entry(id);
    const number = this.#places.frameOf(entry);
    return this.#slice(id, entry, this.#cached(number) ?? (await this.#load(number)));
  }

  blobAtHand(id: BlobId): Buffer | undefined {
    const entry = this.#entry(id);
    const frame = this.#cached(this.#places.frameOf(entry));
    return frame && this.#slice(id, entry, frame);
  }

  lengthOf(id: BlobId): number {
    return this.#places.lengthOf(this.#entry(id));
  }

  matches(id: BlobId, bytes: Uint8Array): boolean {
    return this.#cipher.identify(bytes) === id;
  }

  /** A whole frame, expanded, by its number in the index. */
  frame(number: number): Promise<Buffer> {
    const cached = this.#cached(number);
    if (cached) return Promise.resolve(cached);
    const known = this.#loading.get(number);
    if (known) return known;
    const loading = this.#fetch(number).finally(() => this.#loading.delete(number));
    this.#loading.set(number, loading);
    return loading;
  }

  async tree(id: BlobId): Promise<Tree> {
    return decodeTree(this.blobAtHand(id) ?? (await this.blob(id)));
  }

  async *blobsOf(content: Partial<Content>): AsyncGenerator<readonly BlobId[]> {
    if (content.blobs) yield content.blobs;
    for (const list of content.lists ?? []) yield decodeChunkList(await this.blob(list));
  }

  #entry(id: BlobId): number {
    const entry = this.#places.find(id);
    if (entry < 0) {
      fail('VaultDamaged', `blob ${id} is not in the index of ${this.#source.name}`, {
        hint: 'Run `tidemark verify`: it rebuilds the index from the packs and repairs from a replica.',
        context: { blob: id },
      });
    }
    return entry;
  }

  #slice(id: BlobId, entry: number, frame: Buffer): Buffer {
    const offset = this.#places.offsetOf(entry);
    const bytes = frame.subarray(offset, offset + this.#places.lengthOf(entry));
    if (!this.matches(id, bytes)) {
      const pack = this.#source.packOf(this.#places.frameOf(entry));
      const where = pack === undefined ? '' : ` in pack ${pack}`;
      fail('VaultDamaged', `blob ${id}${where} of ${this.#source.name} is not what its id says`, {
        hint: 'Run `tidemark verify --read-all`: it repairs from a replica.',
        context: { blob: id, ...(pack !== undefined && { pack }) },
      });
    }
    return bytes;
  }

  async #load(number: number): Promise<Buffer> {
    const frame = await this.frame(number);
    for (const next of this.#source.after(number)) {
      if (!this.#frames.has(next)) this.frame(next).catch(() => {}); // whoever needs the frame gets the error
    }
    return frame;
  }

  #cached(number: number): Buffer | undefined {
    const frame = this.#frames.get(number);
    if (frame) frame.used = true;
    return frame?.bytes;
  }

  async #fetch(number: number): Promise<Buffer> {
    const bytes = await this.#source.fetch(number);
    this.#frames.set(number, { bytes, used: false });
    this.#room -= bytes.length;
    for (const [oldest, frame] of this.#frames) {
      if (this.#room >= 0 || oldest === number) break;
      this.#frames.delete(oldest);
      if (frame.used) this.#frames.set(oldest, { ...frame, used: false });
      else this.#room += frame.bytes.length;
    }
    return bytes;
  }
}

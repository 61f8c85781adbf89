/**
 * Which blob lies where: an open-addressing table over typed arrays, 52 bytes a blob and no object each, as a vault has
 * millions of blobs. Packs and frames, of which there are few, are plain records.
 *
 * A pack can be *doubted* (it is a fossil, marked for collection): its blobs can still be read, but no writer may rely on
 * them; `usable` says no, and the blob is stored again.
 */
import type { BlobId, BlobKind } from '../format/blob.ts';
import { blobRecordLength, type PackRecord } from '../format/index.ts';

export interface Frame {
  /** Number of the pack in the index. */
  readonly pack: number;
  readonly offset: number;
  readonly stored: number;
  readonly plain: number;
  readonly codec: 'zstd' | 'raw';
}

export interface Pack {
  readonly id: string;
  readonly kind: BlobKind;
  readonly size: number;
  doubted: boolean;
}

const scratch = Buffer.alloc(32);
const words = new Uint32Array(scratch.buffer, scratch.byteOffset, 8);

export class BlobIndex {
  readonly packs: Pack[] = [];
  readonly frames: Frame[] = [];
  readonly #packNumbers = new Map<string, number>();
  #size = 0;
  #ids = new Uint32Array(8 * 1024);
  #frame = new Uint32Array(1024);
  #offset = new Uint32Array(1024);
  #length = new Uint32Array(1024);
  #slots = new Int32Array(4096).fill(-1);

  /** Number of blobs. */
  get size(): number {
    return this.#size;
  }

  packNumber(id: string): number | undefined {
    return this.#packNumbers.get(id);
  }

  /** Takes in a pack and its blobs; a pack that is known already is passed over. */
  addPack(record: PackRecord, doubted = false): void {
    if (this.#packNumbers.has(record.id)) return;
    const number = this.packs.push({ id: record.id, kind: record.kind, size: record.size, doubted }) - 1;
    this.#packNumbers.set(record.id, number);
    for (const frame of record.frames) {
      const { offset, stored, plain, codec, blobs } = frame;
      const frameNumber = this.frames.push({ pack: number, offset, stored, plain, codec }) - 1;
      let within = 0;
      for (let at = 0; at < blobs.length; at += blobRecordLength) {
        const length = blobs.readUInt32LE(at + 32);
        blobs.copy(scratch, 0, at, at + 32);
        this.#insert(frameNumber, within, length);
        within += length;
      }
    }
  }

  /** Entry number of a blob, or -1. */
  find(id: BlobId): number {
    // what is no id would be looked up with the rest of the one before
    return scratch.write(id, 0, 32, 'hex') === 32 ? this.#lookUp() : -1;
  }

  /** A writer may rely on the blob: it is there, and not in a pack that is about to be collected. */
  usable(id: BlobId): boolean {
    const entry = this.find(id);
    return entry >= 0 && !this.packs[this.frames[this.#frame[entry]!]!.pack]!.doubted;
  }

  frameOf(entry: number): number {
    return this.#frame[entry]!;
  }

  offsetOf(entry: number): number {
    return this.#offset[entry]!;
  }

  lengthOf(entry: number): number {
    return this.#length[entry]!;
  }

  /** Number of the pack that holds an entry. */
  packOf(entry: number): number {
    return this.frames[this.#frame[entry]!]!.pack;
  }

  idOf(entry: number): BlobId {
    words.set(this.#ids.subarray(entry * 8, entry * 8 + 8));
    return scratch.toString('hex');
  }

  #lookUp(): number {
    const ids = this.#ids;
    const slots = this.#slots;
    const mask = slots.length - 1;
    for (let slot = words[0]! & mask; ; slot = (slot + 1) & mask) {
      const entry = slots[slot]!;
      if (entry < 0) return -1;
      const at = entry * 8;
      if (ids[at] !== words[0] || ids[at + 1] !== words[1] || ids[at + 2] !== words[2]) continue;
      let word = 3;
      while (word < 8 && ids[at + word] === words[word]) word += 1;
      if (word === 8) return entry;
    }
  }

  /** The id is in `scratch`. Of two places for one blob, the one in a pack that is not doubted wins, else the first. */
  #insert(frame: number, offset: number, length: number): void {
    const known = this.#lookUp();
    if (known >= 0) {
      const here = this.packs[this.frames[frame]!.pack]!;
      if (!this.packs[this.packOf(known)]!.doubted || here.doubted) return;
      this.#frame[known] = frame;
      this.#offset[known] = offset;
      this.#length[known] = length;
      return;
    }
    if (this.#size === this.#frame.length) this.#grow();
    const entry = this.#size;
    this.#ids.set(words, entry * 8);
    this.#frame[entry] = frame;
    this.#offset[entry] = offset;
    this.#length[entry] = length;
    this.#size += 1;
    this.#place(entry);
  }

  #place(entry: number): void {
    const mask = this.#slots.length - 1;
    let slot = this.#ids[entry * 8]! & mask;
    while (this.#slots[slot]! >= 0) slot = (slot + 1) & mask;
    this.#slots[slot] = entry;
  }

  #grow(): void {
    const capacity = this.#frame.length * 2;
    const grown = (from: Uint32Array<ArrayBuffer>, length: number): Uint32Array<ArrayBuffer> => {
      const to = new Uint32Array(length);
      to.set(from);
      return to;
    };
    this.#ids = grown(this.#ids, capacity * 8);
    this.#frame = grown(this.#frame, capacity);
    this.#offset = grown(this.#offset, capacity);
    this.#length = grown(this.#length, capacity);
    this.#slots = new Int32Array(capacity * 2).fill(-1);
    for (let entry = 0; entry < this.#size; entry += 1) this.#place(entry);
  }
}

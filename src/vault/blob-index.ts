/**
 * Which blob lies where: an open-addressing table over typed arrays, 52 bytes a blob and no object each, as a vault has
 * millions of blobs. Packs and frames, of which there are few, are plain records. The arrays lie in shared memory, so that
 * workers look blobs up in them without a message: see `SharedIndex`.
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

/** What a worker needs of the index, by reference: nothing is copied. */
export interface IndexTables {
  readonly ids: Uint32Array;
  readonly frame: Uint32Array;
  readonly offset: Uint32Array;
  readonly length: Uint32Array;
  readonly slots: Int32Array;
  /** One byte a frame: 1 where its pack is doubted. Frames that came later are not in it and count as doubted. */
  readonly doubted: Uint8Array;
}

const scratch = Buffer.alloc(32);
const words = new Uint32Array(scratch.buffer, scratch.byteOffset, 8);

export class BlobIndex {
  readonly packs: Pack[] = [];
  readonly frames: Frame[] = [];
  readonly #packNumbers = new Map<string, number>();
  #size = 0;
  #ids = sharedWords(8 * 1024);
  #frame = sharedWords(1024);
  #offset = sharedWords(1024);
  #length = sharedWords(1024);
  #slots = emptySlots(4096);

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

  /** The same for an id of 32 bytes that lies in `bytes`. */
  findAt(bytes: Buffer, at: number): number {
    bytes.copy(scratch, 0, at, at + 32);
    return this.#lookUp();
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

  /**
   * The tables as they are now. What is added later may show or not: tables that grow are replaced, and those handed out
   * stay as they are.
   */
  tables(): IndexTables {
    const doubted = new Uint8Array(new SharedArrayBuffer(this.frames.length));
    for (const [number, frame] of this.frames.entries()) doubted[number] = this.packs[frame.pack]!.doubted ? 1 : 0;
    const [ids, frame, offset, length, slots] = [this.#ids, this.#frame, this.#offset, this.#length, this.#slots];
    return { ids, frame, offset, length, slots, doubted };
  }

  idOf(entry: number): BlobId {
    words.set(this.#ids.subarray(entry * 8, entry * 8 + 8));
    return scratch.toString('hex');
  }

  #lookUp(): number {
    return findIn(this.#ids, this.#slots, words);
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
    const grown = (from: Uint32Array, length: number): Uint32Array<SharedArrayBuffer> => {
      const to = sharedWords(length);
      to.set(from);
      return to;
    };
    this.#ids = grown(this.#ids, capacity * 8);
    this.#frame = grown(this.#frame, capacity);
    this.#offset = grown(this.#offset, capacity);
    this.#length = grown(this.#length, capacity);
    this.#slots = emptySlots(capacity * 2);
    for (let entry = 0; entry < this.#size; entry += 1) this.#place(entry);
  }
}

/** Entry number of the id in `wanted` (8 words), or -1. */
export function findIn(ids: Uint32Array, slots: Int32Array, wanted: Uint32Array): number {
  const mask = slots.length - 1;
  for (let slot = wanted[0]! & mask; ; slot = (slot + 1) & mask) {
    const entry = slots[slot]!;
    if (entry < 0) return -1;
    const at = entry * 8;
    if (ids[at] !== wanted[0] || ids[at + 1] !== wanted[1] || ids[at + 2] !== wanted[2]) continue;
    let word = 3;
    while (word < 8 && ids[at + word] === wanted[word]) word += 1;
    if (word === 8) return entry;
  }
}

function sharedWords(length: number): Uint32Array<SharedArrayBuffer> {
  return new Uint32Array(new SharedArrayBuffer(length * 4));
}

function emptySlots(length: number): Int32Array<SharedArrayBuffer> {
  return new Int32Array(new SharedArrayBuffer(length * 4)).fill(-1);
}

/**
 * Which blobs somebody in this process is storing already: one table in shared memory for all workers of a capture, so
 * that what lies in several parts of a source is stored once. Who claims first stores; the others rely on it, as nothing
 * of a capture counts before all of it is durable.
 *
 * One lock guards the table: a claim takes less than a microsecond and hashing what is claimed far more. The buffers grow
 * in place, so no worker has to be told.
 */
import type { BlobId } from '../../format/blob.ts';
import { findIn } from '../blob-index.ts';
import type { Known } from './blob-sink.ts';

export interface ClaimBuffers {
  /** Int32: lock, number of claims, number of slots. */
  readonly control: SharedArrayBuffer;
  readonly ids: SharedArrayBuffer;
  readonly slots: SharedArrayBuffer;
}

const [lock, count, width] = [0, 1, 2];
const firstSlots = 8192;
/** Address space, not memory: 64 million new blobs in one capture are about a terabyte. */
const mostClaims = 64 * 1024 * 1024;

export function newClaims(): ClaimBuffers {
  const control = new SharedArrayBuffer(12);
  new Int32Array(control)[width] = firstSlots;
  const growable = (bytes: number, most: number): SharedArrayBuffer =>
    new SharedArrayBuffer(bytes, { maxByteLength: most });
  const slots = growable(firstSlots * 4, mostClaims * 8);
  new Int32Array(slots).fill(-1);
  return { control, slots, ids: growable((firstSlots / 2) * 32, mostClaims * 32) };
}

/** What a sink asks: of an index, and of what is being stored. */
export function knownTo(index: { usable(id: BlobId): boolean }, claims: Claims): Known {
  return {
    holds: (id) => index.usable(id) || claims.has(id),
    claim: (id) => !index.usable(id) && claims.claim(id),
  };
}

export class Claims {
  readonly #control: Int32Array;
  readonly #idBuffer: SharedArrayBuffer;
  readonly #slotBuffer: SharedArrayBuffer;
  #ids!: Uint32Array;
  #slots!: Int32Array;
  readonly #bytes = Buffer.alloc(32);
  readonly #wanted = new Uint32Array(this.#bytes.buffer, this.#bytes.byteOffset, 8);

  constructor(buffers: ClaimBuffers) {
    this.#control = new Int32Array(buffers.control);
    this.#idBuffer = buffers.ids;
    this.#slotBuffer = buffers.slots;
    this.#look();
  }

  has(id: BlobId): boolean {
    this.#bytes.write(id, 0, 32, 'hex');
    return this.#locked(() => findIn(this.#ids, this.#slots, this.#wanted) >= 0);
  }

  /** True when nobody had claimed it: the caller stores it. */
  claim(id: BlobId): boolean {
    this.#bytes.write(id, 0, 32, 'hex');
    return this.#locked(() => {
      if (findIn(this.#ids, this.#slots, this.#wanted) >= 0) return false;
      const entry = this.#control[count]!;
      if ((entry + 1) * 2 > this.#slots.length) this.#grow(entry);
      this.#ids.set(this.#wanted, entry * 8);
      this.#place(entry);
      this.#control[count] = entry + 1;
      return true;
    });
  }

  #locked<Result>(work: () => Result): Result {
    while (Atomics.compareExchange(this.#control, lock, 0, 1) !== 0) Atomics.wait(this.#control, lock, 1, 1);
    try {
      if (this.#control[width] !== this.#slots.length) this.#look();
      return work();
    } finally {
      Atomics.store(this.#control, lock, 0);
      Atomics.notify(this.#control, lock, 1);
    }
  }

  /** Views of fixed length, as the compiler makes better code for them than for views that follow a growing buffer. */
  #look(): void {
    const slots = this.#control[width]!;
    this.#slots = new Int32Array(this.#slotBuffer, 0, slots);
    this.#ids = new Uint32Array(this.#idBuffer, 0, slots * 4);
  }

  #grow(claims: number): void {
    const slots = this.#slots.length * 2;
    this.#slotBuffer.grow(slots * 4);
    this.#idBuffer.grow(slots * 16);
    this.#control[width] = slots;
    this.#look();
    this.#slots.fill(-1);
    for (let entry = 0; entry < claims; entry += 1) this.#place(entry);
  }

  #place(entry: number): void {
    const mask = this.#slots.length - 1;
    let slot = this.#ids[entry * 8]! & mask;
    while (this.#slots[slot]! >= 0) slot = (slot + 1) & mask;
    this.#slots[slot] = entry;
  }
}

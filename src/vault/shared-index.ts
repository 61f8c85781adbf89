/** The index of a vault as a worker sees it: the tables of the main thread, read where they lie. */
import type { BlobId } from '../format/blob.ts';
import { findIn, type IndexTables } from './blob-index.ts';
import type { BlobPlaces } from './reader.ts';

export class SharedIndex implements BlobPlaces {
  readonly #tables: IndexTables;
  readonly #bytes = Buffer.alloc(32);
  readonly #wanted = new Uint32Array(this.#bytes.buffer, this.#bytes.byteOffset, 8);

  constructor(tables: IndexTables) {
    this.#tables = tables;
  }

  /** Entry number, or -1. A blob whose record is being written at this moment may count as absent. */
  find(id: BlobId): number {
    if (this.#bytes.write(id, 0, 32, 'hex') !== 32) return -1;
    return findIn(this.#tables.ids, this.#tables.slots, this.#wanted);
  }

  /** As `BlobIndex.usable`; in doubt it says no, and the blob is stored once more. */
  usable(id: BlobId): boolean {
    const entry = this.find(id);
    return entry >= 0 && this.#tables.doubted[this.#tables.frame[entry]!] === 0;
  }

  frameOf(entry: number): number {
    return this.#tables.frame[entry]!;
  }

  /** Within the expanded frame. */
  offsetOf(entry: number): number {
    return this.#tables.offset[entry]!;
  }

  lengthOf(entry: number): number {
    return this.#tables.length[entry]!;
  }
}

/**
 * Content-defined cutting: a gear hash rolls over the bytes and a cut is made where its upper bits are zero, so that an
 * insertion moves the cuts near it and no others. Normalised as in FastCDC (Xia et al., USENIX ATC 2016): a stricter mask
 * before the average size and a looser one after it keep sizes near the average.
 *
 * The same table, sizes and bytes give the same cuts for ever, whichever buffer sizes they arrive in: ids depend on it.
 */
import { hash, hkdfSync } from 'node:crypto';

export interface ChunkSizes {
  /** Bytes; no cut before this, save at the end of the content. */
  readonly minimum: number;
  /** Bytes; a power of two. */
  readonly average: number;
  /** Bytes; a cut at the latest here. */
  readonly maximum: number;
}

/** 256 random words. A sealed vault derives its own, so that chunk lengths do not give known files away. */
export function gearTable(seed: Uint8Array): Int32Array {
  const bytes = Buffer.from(hkdfSync('sha256', seed, '', 'tidemark gear table 1', 1024));
  const table = new Int32Array(256);
  for (let at = 0; at < 256; at += 1) table[at] = bytes.readInt32LE(at * 4);
  return table;
}

/** The seed of vaults that are not sealed. */
export const publicSeed: Uint8Array = hash('sha256', 'tidemark', 'buffer');

/** Where one chunk ends and the next begins. */
export interface Cutter {
  /** Bytes; no chunk is longer. */
  readonly longest: number;
  /** Bytes; a long run of zeros gives chunks of this length. */
  readonly zeroRun: number;
  /** Length of the first chunk of `bytes[start, end)`; zero when more bytes are needed to tell. See `Chunker.cut`. */
  cut(bytes: Uint8Array, start: number, end: number, last: boolean): number;
}

/** Cuts at every multiple of a page. */
export class PageCutter implements Cutter {
  readonly longest: number;
  readonly zeroRun: number;

  constructor(page: number) {
    this.longest = page;
    this.zeroRun = page;
  }

  cut(_bytes: Uint8Array, start: number, end: number, last: boolean): number {
    const available = end - start;
    if (available >= this.longest) return this.longest;
    return last ? available : 0;
  }
}

export class Chunker implements Cutter {
  readonly sizes: ChunkSizes;
  readonly longest: number;
  readonly zeroRun: number;
  readonly #gear: Int32Array;
  readonly #strict: number;
  readonly #loose: number;
  #rolling = 0;

  constructor(gear: Int32Array, sizes: ChunkSizes) {
    const bits = Math.log2(sizes.average);
    if (!Number.isInteger(bits) || bits < 3 || bits > 28)
      throw new RangeError(`average chunk size ${sizes.average} is not a power of two from 8 to 2^28`);
    this.sizes = sizes;
    this.longest = sizes.maximum;
    this.#gear = gear;
    this.#strict = ~0 << (32 - bits - 2);
    this.#loose = ~0 << (32 - bits + 2);
    this.zeroRun = this.cut(new Uint8Array(sizes.maximum), 0, sizes.maximum, false);
  }

  /**
   * Length of the first chunk of `bytes[start, end)`. Zero: more bytes are needed to tell; `last` says there are none, and
   * then the rest is a chunk.
   */
  cut(bytes: Uint8Array, start: number, end: number, last: boolean): number {
    const available = end - start;
    const { minimum, average, maximum } = this.sizes;
    if (available <= minimum) return last ? available : 0;
    const first = start + minimum;
    const normal = start + Math.min(available, average);
    this.#rolling = 0;
    let at = this.#find(bytes, first, normal, this.#strict);
    if (at < 0) at = this.#find(bytes, Math.max(first, normal), start + Math.min(available, maximum), this.#loose);
    if (at >= 0) return at - start;
    if (available >= maximum) return maximum;
    return last ? available : 0;
  }

  /**
   * Rolls on over `bytes[from, to)` until the bits of `mask` are zero; returns where the byte after that is, or -1. Four
   * bytes a turn, written out: this loop sees every byte of a first backup, and is nearly twice as fast so.
   */
  #find(bytes: Uint8Array, from: number, to: number, mask: number): number {
    const gear = this.#gear;
    let rolling = this.#rolling;
    let at = from;
    for (; at + 4 <= to; at += 4) {
      rolling = ((rolling << 1) + gear[bytes[at]!]!) | 0;
      if ((rolling & mask) === 0) return at + 1;
      rolling = ((rolling << 1) + gear[bytes[at + 1]!]!) | 0;
      if ((rolling & mask) === 0) return at + 2;
      rolling = ((rolling << 1) + gear[bytes[at + 2]!]!) | 0;
      if ((rolling & mask) === 0) return at + 3;
      rolling = ((rolling << 1) + gear[bytes[at + 3]!]!) | 0;
      if ((rolling & mask) === 0) return at + 4;
    }
    for (; at < to; at += 1) {
      rolling = ((rolling << 1) + gear[bytes[at]!]!) | 0;
      if ((rolling & mask) === 0) return at + 1;
    }
    this.#rolling = rolling;
    return -1;
  }
}

/** The one door through which randomness enters. Seeded in tests and simulations, the system's own otherwise. */
import { randomBytes } from 'node:crypto';

export interface Random {
  bytes(length: number): Buffer;
}

export const systemRandom: Random = { bytes: (length) => randomBytes(length) };

/** A small, fast, reproducible generator (splitmix32). Not for keys. */
export function seededRandom(seed: number): Random & { next(): number; below(limit: number): number } {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x9e3779b9) >>> 0;
    let mixed = state ^ (state >>> 16);
    mixed = Math.imul(mixed, 0x21f0aaad);
    mixed ^= mixed >>> 15;
    mixed = Math.imul(mixed, 0x735a2d97);
    return (mixed ^ (mixed >>> 15)) >>> 0;
  };
  return {
    next,
    below: (limit) => Math.floor((next() / 0x1_0000_0000) * limit),
    bytes(length) {
      const bytes = Buffer.allocUnsafe(length);
      for (let at = 0; at < length; at += 1) bytes[at] = next() & 0xff;
      return bytes;
    },
  };
}

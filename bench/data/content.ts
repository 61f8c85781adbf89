/**
 * Bytes that are the same every time: kinds that compress well, a little, and not at all, as a real disk has them. Fast
 * enough that two gigabytes are made in seconds.
 */
import { createCipheriv, hash } from 'node:crypto';
import { seededRandom } from '../../src/core/random.ts';

export type ContentKind = 'noise' | 'text' | 'records';

const zeros = Buffer.alloc(1024 * 1024);

/** Incompressible: the key stream of a cipher. At most 1 MiB at once. */
function noise(seed: number, length: number): Buffer {
  const key = hash('sha256', `tidemark bench ${seed}`, 'buffer');
  return createCipheriv('aes-256-ctr', key, Buffer.alloc(16)).update(zeros.subarray(0, length));
}

const vocabulary: readonly Buffer[] = (() => {
  const random = seededRandom(2026);
  const letters = 'etaoinshrdlucmfwypvbgk';
  return Array.from({ length: 4096 }, () => {
    const word = Array.from({ length: 2 + random.below(9) }, () => letters[random.below(letters.length)]);
    return Buffer.from(`${word.join('')}${random.below(12) === 0 ? '.\n' : ' '}`);
  });
})();

/** Words of an invented language; zstd makes about a third of it. */
function text(seed: number, length: number): Buffer {
  const random = seededRandom(seed);
  const bytes = Buffer.allocUnsafe(length);
  for (let at = 0; at < length; ) {
    // Frequent words are frequent: the lower of two draws.
    const draw = random.next();
    const word = vocabulary[Math.min(draw & 4095, (draw >>> 12) & 4095)]!;
    for (let letter = 0; letter < word.length && at < length; letter += 1, at += 1) bytes[at] = word[letter]!;
  }
  return bytes;
}

/** Rows of 64 bytes like a database's: counters, times, a few random bytes, padding. */
function records(seed: number, length: number): Buffer {
  const bytes = noise(seed, length);
  for (let at = 0; at + 64 <= length; at += 64) {
    bytes.writeUInt32LE((seed * 16384 + at / 64) >>> 0, at);
    bytes.writeUInt32LE(1_767_225_600 + at / 64, at + 4);
    bytes.fill(0, at + 24, at + 64);
  }
  return bytes;
}

const makers = { noise, text, records };

export function content(kind: ContentKind, seed: number, length: number): Buffer {
  return makers[kind](seed, length);
}

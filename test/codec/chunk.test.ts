/** Cuts are part of the format: the same bytes are cut alike for ever, in whatever pieces they come. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Chunker, type ChunkSizes, gearTable, publicSeed } from '../../src/codec/chunk.ts';
import { sha256 } from '../../src/codec/identity.ts';
import { seededRandom } from '../../src/core/random.ts';
import type { BlobId } from '../../src/format/blob.ts';
import { defaultSizes } from '../../src/format/vault.ts';
import { ContentStream } from '../../src/vault/writing/content-stream.ts';

const small: ChunkSizes = { minimum: 64, average: 256, maximum: 1024 };
const public1 = gearTable(publicSeed);

function lengths(bytes: Uint8Array, chunker: Chunker): number[] {
  const found: number[] = [];
  for (let start = 0; start < bytes.length; start += found.at(-1)!) {
    found.push(chunker.cut(bytes, start, bytes.length, true));
  }
  return found;
}

test('golden cuts: a change here makes every vault store everything again', () => {
  const bytes = seededRandom(20260315).bytes(1 << 20);
  const cuts = lengths(bytes, new Chunker(public1, defaultSizes.chunk));
  expect(cuts.slice(0, 8)).toEqual([4889, 17169, 22123, 15099, 24517, 16846, 21063, 39370]);
  expect([cuts.length, sha256(Buffer.from(cuts.join()))]).toEqual([
    57,
    'd5a3fedc59af1b06f5da8c36b4e1cb5eaf3a98eeafb443a68bc213c67528b6ed',
  ]);
  expect([...public1.slice(0, 4)]).toEqual([-49445853, 1996714841, -1834559735, -1653752823]);
});

/** Random bytes, a run of one byte (no content-defined cut can be found in it), and a short period. */
const contents = fc.oneof(
  fc
    .record({ seed: fc.nat(), length: fc.integer({ min: 0, max: 6000 }) })
    .map((of) => seededRandom(of.seed).bytes(of.length)),
  fc
    .record({ byte: fc.nat(255), length: fc.integer({ min: 0, max: 6000 }) })
    .map((of) => Buffer.alloc(of.length, of.byte)),
  fc
    .record({ seed: fc.nat(), length: fc.integer({ min: 0, max: 6000 }) })
    .map((of) => Buffer.alloc(of.length, seededRandom(of.seed).bytes(7))),
);

function streamed(bytes: Buffer, pieces: Iterable<number>): string[] {
  const chunks: string[] = [];
  const taker = {
    put(chunk: Uint8Array): BlobId {
      chunks.push(Buffer.from(chunk).toString('hex'));
      return sha256(chunk);
    },
  };
  const stream = new ContentStream(taker, new Chunker(public1, small));
  const reused = Buffer.alloc(bytes.length);
  let at = 0;
  for (const piece of pieces) {
    // one buffer for all pieces, overwritten each time: what is kept beyond the call must have been copied
    const length = bytes.copy(reused, 0, at, at + piece);
    stream.write(reused.subarray(0, length));
    reused.fill(0xaa);
    at += length;
  }
  stream.write(bytes.subarray(at));
  stream.end();
  return chunks;
}

test('property: in whatever pieces bytes come, the chunks are those of the whole, and together they are the bytes', () => {
  fc.assert(
    fc.property(contents, fc.array(fc.integer({ min: 0, max: 1500 }), { maxLength: 30 }), (bytes, pieces) => {
      const whole = lengths(bytes, new Chunker(public1, small));
      const chunks = streamed(bytes, pieces);
      expect(chunks.map((chunk) => chunk.length / 2)).toEqual(whole);
      expect(chunks.join('')).toBe(bytes.toString('hex'));
    }),
    { numRuns: 400, seed: 1 },
  );
});

test('property: no chunk is larger than the maximum, and only the last is as small as the minimum', () => {
  fc.assert(
    fc.property(contents, (bytes) => {
      const cuts = lengths(bytes, new Chunker(public1, small));
      expect(Math.max(0, ...cuts)).toBeLessThanOrEqual(small.maximum);
      for (const cut of cuts.slice(0, -1)) expect(cut).toBeGreaterThan(small.minimum);
    }),
    { numRuns: 200, seed: 2 },
  );
});

test('property: what is cut does not depend on what follows', () => {
  fc.assert(
    fc.property(contents, fc.nat(5000), (bytes, end) => {
      const chunker = new Chunker(public1, small);
      const [all, known] = [
        chunker.cut(bytes, 0, bytes.length, false),
        chunker.cut(bytes, 0, Math.min(end, bytes.length), false),
      ];
      expect([0, all]).toContain(known);
    }),
    { numRuns: 300, seed: 3 },
  );
});

describe('on random bytes', () => {
  const bytes = seededRandom(5).bytes(2_000_000);
  const chunker = new Chunker(public1, small);
  const cutPoints = (of: Uint8Array): number[] => {
    let at = 0;
    return lengths(of, chunker).map((length) => {
      at += length;
      return at;
    });
  };

  test('sizes keep near the average', () => {
    const average = bytes.length / lengths(bytes, chunker).length;
    expect(average).toBeGreaterThan(small.average * 0.8);
    expect(average).toBeLessThan(small.average * 1.6);
  });

  test.each([1, 3, 100, 5000])('an insertion of %i bytes moves the cuts near it and no others', (length) => {
    const place = 1_000_000;
    const longer = Buffer.concat([bytes.subarray(0, place), seededRandom(6).bytes(length), bytes.subarray(place)]);
    const before = new Set(cutPoints(bytes));
    const after = cutPoints(longer).map((cut) => (cut <= place ? cut : cut - length));
    const moved = after.filter((cut) => !before.has(cut));
    for (const cut of moved) {
      expect(cut).toBeGreaterThan(place - length - small.maximum);
      expect(cut).toBeLessThan(place + 30 * small.average);
    }
    expect(after.length).toBeGreaterThan(before.size - 30);
  });

  test('another seed cuts elsewhere: the lengths of a known file do not give it away in a sealed vault', () => {
    const other = lengths(bytes, new Chunker(gearTable(Buffer.alloc(32, 1)), small));
    const shared = new Set(lengths(bytes, chunker).slice(0, 20).map(String));
    expect(other.slice(0, 20).filter((length) => shared.has(String(length))).length).toBeLessThan(8);
  });
});

test.each([0, 1, 4, 1000, 1 << 29])('an average of %i bytes cannot be worked with', (average) => {
  expect(() => new Chunker(public1, { ...small, average })).toThrow(RangeError);
});

/**
 * What a prune has counted, kept for the next one: how often each blob is referred to, and by which snapshots' roots. It
 * can be made anew at any time from the snapshots, and is thrown away as soon as anything about it is doubtful.
 *
 *     "tidemark-counts 1\n" | SHA-256 of all that follows (32) | u8 codec (0 raw, 1 zstd) | u32 length of the payload
 *     | payload, compressed and, in a sealed vault, sealed                                         (little endian)
 *
 * The payload:
 *
 *     u32 roots, each: id (32) | u32 packs, each:  id (32) | u32 blobs | u8 columns, each: one varint for each blob
 *
 * A column is there when its bit is set: 1 how often the blobs are referred to as content, 2 as trees, 4 as chunk lists.
 * Blobs stand in the order of the pack's directory. A varint is seven bits a byte, the lowest first, the eighth set where
 * more follow. Format version 1.
 */
import { createHash } from 'node:crypto';
import { fail } from '../core/errors.ts';

export const countsHeader = Buffer.from('tidemark-counts 1\n');
const sumLength = 32;
const fixed = countsHeader.length + sumLength + 5;

export interface PackCounts {
  readonly id: string;
  /** As content, as trees, as chunk lists; `undefined` where all are zero. */
  readonly columns: readonly (Uint32Array | undefined)[];
  /** Blobs in the pack. */
  readonly blobs: number;
}

export interface CountsRecord {
  readonly roots: readonly string[];
  readonly packs: readonly PackCounts[];
}

/** The payload. `packs` is gone through once, so that the columns of all packs need not be in memory at the same time. */
export function encodeCounts(roots: readonly string[], packs: Iterable<PackCounts>): Buffer {
  let bytes = Buffer.allocUnsafe(1024 * 1024);
  let at = 0;
  const room = (more: number): void => {
    if (at + more <= bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(bytes.length * 2, at + more));
    bytes.copy(larger, 0, 0, at);
    bytes = larger;
  };
  room(8 + roots.length * 32);
  at = bytes.writeUInt32LE(roots.length, at);
  for (const root of roots) at += bytes.write(root, at, 'hex');
  const countAt = at;
  let count = 0;
  at += 4;
  for (const { id, blobs, columns } of packs) {
    count += 1;
    room(37 + blobs * 15);
    at += bytes.write(id, at, 'hex');
    at = bytes.writeUInt32LE(blobs, at);
    at = bytes.writeUInt8(
      columns.reduce((bits, column, bit) => bits | (column ? 1 << bit : 0), 0),
      at,
    );
    for (const column of columns) {
      for (let blob = 0; column && blob < blobs; blob += 1) {
        let value = column[blob]!;
        for (; value > 0x7f; value >>>= 7) bytes[at++] = (value & 0x7f) | 0x80;
        bytes[at++] = value;
      }
    }
  }
  bytes.writeUInt32LE(count, countAt);
  return bytes.subarray(0, at);
}

/** Errors: `VaultDamaged`. */
export function decodeCounts(bytes: Buffer): CountsRecord {
  try {
    let at = 4;
    const roots: string[] = [];
    for (let left = bytes.readUInt32LE(0); left > 0; left -= 1, at += 32) roots.push(idAt(bytes, at));
    const packs: PackCounts[] = [];
    let left = bytes.readUInt32LE(at);
    at += 4;
    for (; left > 0; left -= 1) {
      const id = idAt(bytes, at);
      const blobs = bytes.readUInt32LE(at + 32);
      const bits = bytes.readUInt8(at + 36);
      at += 37;
      // each column has at least a byte for each blob: no more is made room for than is there
      if (blobs > bytes.length - at && bits !== 0) throw new RangeError('a column is cut short');
      const columns: (Uint32Array | undefined)[] = [];
      for (let bit = 0; bit < 3; bit += 1) {
        if ((bits & (1 << bit)) === 0) {
          columns.push(undefined);
          continue;
        }
        const column = new Uint32Array(blobs);
        for (let blob = 0; blob < blobs; blob += 1) {
          let [value, shift] = [0, 0];
          for (;;) {
            const byte = bytes.readUInt8(at);
            at += 1;
            value |= (byte & 0x7f) << shift;
            if ((byte & 0x80) === 0) break;
            shift += 7;
            if (shift > 28) throw new RangeError('a number is too long');
          }
          column[blob] = value >>> 0;
        }
        columns.push(column);
      }
      packs.push({ id, blobs, columns });
    }
    if (at !== bytes.length) throw new RangeError('bytes are left over');
    return { roots, packs };
  } catch (cause) {
    return fail('VaultDamaged', 'the counts of a vault are cut short or garbled', { cause });
  }
}

function idAt(bytes: Buffer, at: number): string {
  if (at + 32 > bytes.length) throw new RangeError('an id is cut short');
  return bytes.toString('hex', at, at + 32);
}

export function encodeCountsObject(codec: 'zstd' | 'raw', payloadLength: number, packed: Uint8Array): Buffer {
  const prefix = Buffer.alloc(5);
  prefix.writeUInt8(codec === 'zstd' ? 1 : 0, 0);
  prefix.writeUInt32LE(payloadLength, 1);
  const sum = createHash('sha256').update(prefix).update(packed).digest();
  return Buffer.concat([countsHeader, sum, prefix, packed]);
}

/** Errors: `VaultDamaged`, also for a version that is not known: counts can always be made anew. */
export function decodeCountsObject(stored: Buffer): {
  readonly codec: 'zstd' | 'raw';
  readonly payloadLength: number;
  readonly packed: Buffer;
} {
  const rest = stored.subarray(countsHeader.length + sumLength);
  const sum = stored.subarray(countsHeader.length, countsHeader.length + sumLength);
  const sound =
    stored.length >= fixed &&
    stored.subarray(0, countsHeader.length).equals(countsHeader) &&
    createHash('sha256').update(rest).digest().equals(sum);
  if (!sound) fail('VaultDamaged', 'the counts of a vault do not have their checksum');
  return {
    codec: rest.readUInt8(0) === 1 ? 'zstd' : 'raw',
    payloadLength: rest.readUInt32LE(1),
    packed: rest.subarray(5),
  };
}

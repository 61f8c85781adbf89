/**
 * CRC-32C (Castagnoli), which protects each record of a write-ahead log. node:zlib has CRC-32 of the other polynomial only.
 * Eight bytes a step through eight tables ("slicing by 8").
 */

const reversedPolynomial = 0x82f6_3b78;

const tables = makeTables();
const [t0, t1, t2, t3, t4, t5, t6, t7] = tables as [
  Int32Array,
  Int32Array,
  Int32Array,
  Int32Array,
  Int32Array,
  Int32Array,
  Int32Array,
  Int32Array,
];

/** Goes on from `crc`, the result of an earlier part, or 0 at the start. An unsigned number. */
export function crc32c(bytes: Uint8Array, crc = 0, start = 0, end = bytes.length): number {
  let state = ~crc;
  let at = start;
  for (const stop = end - 7; at < stop; at += 8) {
    state ^= bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
    state =
      t7[state & 0xff]! ^
      t6[(state >>> 8) & 0xff]! ^
      t5[(state >>> 16) & 0xff]! ^
      t4[state >>> 24]! ^
      t3[bytes[at + 4]!]! ^
      t2[bytes[at + 5]!]! ^
      t1[bytes[at + 6]!]! ^
      t0[bytes[at + 7]!]!;
  }
  for (; at < end; at += 1) state = (state >>> 8) ^ t0[(state ^ bytes[at]!) & 0xff]!;
  return ~state >>> 0;
}

function makeTables(): Int32Array[] {
  const first = new Int32Array(256);
  for (let byte = 0; byte < 256; byte += 1) {
    let state = byte;
    for (let bit = 0; bit < 8; bit += 1) state = state & 1 ? (state >>> 1) ^ reversedPolynomial : state >>> 1;
    first[byte] = state;
  }
  const all = [first];
  for (let table = 1; table < 8; table += 1) {
    const before = all[table - 1]!;
    all.push(before.map((state) => (state >>> 8) ^ first[state & 0xff]!));
  }
  return all;
}

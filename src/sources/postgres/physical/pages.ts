/**
 * Pages of relations: which files have them, and whether a page has the checksum that it says. The checksum is PostgreSQL's
 * variant of FNV-1a over 32 lanes: https://www.postgresql.org/docs/current/checksums.html, `checksum_impl.h`.
 */

/** A relation's main fork, free space map, visibility map or init fork, or a further segment of one. Not `pg_control` and the like. */
const relation = /^(?:global|base\/\d+|pg_tblspc\/\d+\/PG_[^/]+\/\d+)\/(?:t\d+_)?\d+(?:_(?:fsm|vm|init))?(?:\.(\d+))?$/;

/** `path` is relative to the data directory. */
export function isRelation(path: string): boolean {
  return relation.test(path);
}

/** Which segment of its fork a file is; a fork is one run of pages over all of its segments of 1 GiB. */
export function segmentOf(path: string): number {
  return Number(relation.exec(path)?.[1] ?? 0);
}

const lanes = 32;
const prime = 16_777_619;
const bases = new Int32Array([
  0x5b1f36e9, 0xb8525960, 0x02ab50aa, 0x1de66d2a, 0x79ff467a, 0x9bb9f8a3, 0x217e7cd2, 0x83e13d2c, 0xf8d4474f,
  0xe39eb970, 0x42c6ae16, 0x993216fa, 0x7b093b5d, 0x98daff3c, 0xf718902a, 0x0b1c9cdb, 0xe58f764b, 0x187636bc,
  0x5d7b3bb1, 0xe73de7de, 0x92bec979, 0xcca6c0b2, 0x304a0979, 0x85aa43d4, 0x783125bb, 0x6ca8eaa2, 0xe407eac6,
  0x4b5cfc3e, 0x9fbf8c76, 0x15ca20be, 0xf2ca9fd3, 0x959bd756,
]);
const sums = new Int32Array(lanes);

/** What the checksum of a page ought to be. `block` counts from the beginning of the fork. */
export function pageChecksum(page: Buffer, block: number): number {
  sums.set(bases);
  const words = page.length >>> 2;
  const aligned = page.byteOffset % 4 === 0 ? page : Buffer.from(page);
  const word = new Int32Array(aligned.buffer, aligned.byteOffset, words);
  for (let row = 0; row < words; row += lanes) {
    for (let lane = 0; lane < lanes; lane += 1) {
      // the field of the checksum itself, in the upper... lower half of the third word, counts as zero
      const value = row === 0 && lane === 2 ? word[2]! & ~0xffff : word[row + lane]!;
      const mixed = sums[lane]! ^ value;
      sums[lane] = Math.imul(mixed, prime) ^ (mixed >>> 17);
    }
  }
  let all = 0;
  for (let lane = 0; lane < lanes; lane += 1) {
    for (let round = 0; round < 2; round += 1) sums[lane] = Math.imul(sums[lane]!, prime) ^ (sums[lane]! >>> 17);
    all ^= sums[lane]!;
  }
  return (((all ^ block) >>> 0) % 65_535) + 1;
}

/** A page that was never used has no checksum. */
export function isNew(page: Buffer): boolean {
  return page.readUInt16LE(14) === 0;
}

/** The position in the log after the last change of the page. */
export function pageLsn(page: Buffer): bigint {
  return (BigInt(page.readUInt32LE(0)) << 32n) | BigInt(page.readUInt32LE(4));
}

/**
 * False when the page is damaged. One that was changed since `start` may have been read half old, half new: replaying the
 * log puts it right, as its first change since then is there as a whole page.
 */
export function isSound(page: Buffer, block: number, start: bigint): boolean {
  if (isNew(page) || pageLsn(page) >= start) return true;
  return page.readUInt16LE(8) === pageChecksum(page, block);
}

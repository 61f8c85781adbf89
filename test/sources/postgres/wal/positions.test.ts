import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { leftAt, readHistory, wayFrom } from '../../../../src/sources/postgres/wal/history.ts';
import {
  historyName,
  isSegmentSize,
  lsnText,
  readHistoryName,
  readLsn,
  readSegmentName,
  segmentAt,
  segmentName,
  segmentStart,
  startOfSegment,
} from '../../../../src/sources/postgres/wal/lsn.ts';
import { isoOf, microsecondsOf } from '../../../../src/sources/postgres/wal/read/time.ts';
import { findWal, foldersOf, growWal, listWal } from '../../../../src/sources/postgres/wal/tree.ts';
import { MemoryContent } from '../../memory-content.ts';

const mebibyte = 2 ** 20;
const sizes = fc.constantFrom(1, 2, 16, 64, 1024).map((size) => size * mebibyte);

describe('positions and segments', () => {
  test('are written as PostgreSQL writes them', () => {
    expect(lsnText(0x16_b374_d848n)).toBe('16/B374D848');
    expect(lsnText(0x100_0000n)).toBe('0/1000000');
    expect(readLsn('16/B374D848')).toBe(0x16_b374_d848n);
    for (const wrong of ['', '16', '16/', '/1', '1/123456789', 'x/1', '1/2/3']) expect(readLsn(wrong)).toBeUndefined();
    // select pg_walfile_name('16/B374D848') on timeline 1 with segments of 16 MiB
    expect(segmentName(segmentAt(1, 0x16_b374_d848n, 16 * mebibyte), 16 * mebibyte)).toBe('0000000100000016000000B3');
  });

  test('C10 timelines are hexadecimal in names, and nowhere else', () => {
    expect(segmentName({ timeline: 10, number: 1n }, 16 * mebibyte)).toBe('0000000A0000000000000001');
    expect(segmentName({ timeline: 16, number: 1n }, 16 * mebibyte)).toBe('000000100000000000000001');
    expect(readSegmentName('000000100000000000000001', 16 * mebibyte)?.timeline).toBe(16);
    expect([historyName(11), readHistoryName('0000000B.history'), readHistoryName('00000010.history')]).toEqual([
      '0000000B.history',
      11,
      16,
    ]);
    const history = readHistory(17, '9\t0/3000000\tno recovery target specified\n10\t0/4000000\tx\n16\t0/5000000\ty\n');
    expect(history.branches.map(({ timeline }) => timeline)).toEqual([9, 10, 16]);
  });

  test('come back from their names, for every size of segments', () => {
    fc.assert(
      fc.property(
        sizes,
        fc.bigInt({ min: 0n, max: 2n ** 52n }),
        fc.integer({ min: 1, max: 0xffff_ffff }),
        (size, lsn, timeline) => {
          expect(isSegmentSize(size)).toBe(true);
          const segment = segmentAt(timeline, lsn, size);
          const name = segmentName(segment, size);
          expect(name).toMatch(/^[0-9A-F]{24}$/);
          expect(readSegmentName(name, size)).toEqual(segment);
          expect(segmentStart(segment, size)).toBe(startOfSegment(lsn, size));
          expect(lsn - segmentStart(segment, size)).toBeLessThan(size);
          const next = segmentName(segmentAt(timeline, lsn + BigInt(size), size), size);
          expect(next > name).toBe(true);
        },
      ),
    );
    expect(readSegmentName('000000010000000000000100', 16 * mebibyte)).toBeUndefined();
    expect([3 * mebibyte, mebibyte / 2, 2 * 1024 * mebibyte].some(isSegmentSize)).toBe(false);
  });

  test('times keep their microseconds', () => {
    expect(isoOf(microsecondsOf('2026-03-15T12:04:59.123456+01:00'))).toBe('2026-03-15T11:04:59.123456Z');
    expect(isoOf(microsecondsOf('1999-12-31T23:59:59.9Z'))).toBe('1999-12-31T23:59:59.900000Z');
    expect(microsecondsOf('2026-03-15T12:04:59.1234567Z')).toBe(microsecondsOf('2026-03-15T12:04:59.123456Z'));
  });
});

describe('timelines', () => {
  const history = readHistory(
    5,
    '1\t0/3000148\tno recovery target specified\n\n# a remark\n3\t0/7000000\tafter a failover\n',
  );

  test('the way across failovers goes from each to the next where it was left', () => {
    expect(wayFrom(1, 0x200_0000n, history)).toEqual([
      { timeline: 1, from: 0x200_0000n, to: 0x300_0148n },
      { timeline: 3, from: 0x300_0148n, to: 0x700_0000n },
      { timeline: 5, from: 0x700_0000n, to: undefined },
    ]);
    expect(wayFrom(3, 0x600_0000n, history)?.map(({ timeline }) => timeline)).toEqual([3, 5]);
    expect(wayFrom(5, 0x900_0000n, history)).toEqual([{ timeline: 5, from: 0x900_0000n, to: undefined }]);
    expect(wayFrom(1, 0x300_0148n, history)?.map(({ timeline }) => timeline)).toEqual([3, 5]);
    expect([leftAt(1, history), leftAt(5, history)]).toEqual([0x300_0148n, undefined]);
  });

  test('there is no way from what the new primary never had, nor from a timeline of another line', () => {
    expect(wayFrom(1, 0x300_0149n, history)).toBeUndefined();
    expect(wayFrom(2, 0x100_0000n, history)).toBeUndefined();
    expect(wayFrom(6, 0x100_0000n, history)).toBeUndefined();
  });

  test('a history that cannot be true is refused', () => {
    for (const text of ['hello', '1 0/3 x\n1 0/4 y', '2 0/5 x\n1 0/6 y', '1 0/9 x\n2 0/8 y', '5 0/1 x'])
      expect(() => readHistory(5, text)).toThrow(expect.objectContaining({ name: 'SourceIncomplete' }));
  });
});

describe('the log inside a snapshot', () => {
  const attributes = { uid: 1, gid: 2, mtime: '0' };
  const fileOf = (content: MemoryContent, name: string, text: string) => ({
    name,
    content: { size: text.length, blobs: [content.put(Buffer.from(text), 'data')] },
  });

  test('grows by what is new, and an idle run rewrites four short listings', async () => {
    const content = new MemoryContent();
    const size = 16 * mebibyte;
    const names = Array.from({ length: 600 }, (_, number) =>
      segmentName({ timeline: 1, number: BigInt(number) }, size),
    );
    const first = await growWal(
      undefined,
      undefined,
      names.map((name) => fileOf(content, name, name)),
      attributes,
      content,
    );
    expect(first).toMatchObject({ files: 600, bytes: 600 * 24, made: 1 + 3 + 38 });
    const before = content.stored;
    const last = { ...fileOf(content, names.at(-1)!, 'more than before'), partial: true };
    const second = await growWal(
      content,
      first.tree,
      [last, fileOf(content, '00000002.history', 'x')],
      attributes,
      content,
    );
    expect(second).toMatchObject({ files: 601, made: 1 });
    expect(content.stored - before).toBeLessThan(8_000);
    const listed: string[] = [];
    for await (const entry of listWal(content, second.tree)) listed.push(entry.name!);
    expect(listed).toEqual([...names, '00000002.history']);
    expect(await findWal(content, second.tree, names.at(-1)!)).toMatchObject({ sparse: true, size: 16 });
    expect(await findWal(content, second.tree, names[17]!)).toMatchObject({ size: 24 });
    expect(await findWal(content, second.tree, '0000000A0000000000000001')).toBeUndefined();
  });

  test('puts each file where its name says', () => {
    expect(foldersOf('0000000A00000012000000F3')).toEqual(['0000000A', '00000012', '0000000A00000012000000F']);
    expect(foldersOf('0000000A.history')).toEqual(['history']);
    expect(() => foldersOf('../etc/passwd')).toThrow();
  });
});

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { crc32c } from '../../../../src/sources/postgres/wal/read/crc32c.ts';
import { WalScan } from '../../../../src/sources/postgres/wal/read/scan.ts';
import { isoOf, microsecondsOf } from '../../../../src/sources/postgres/wal/read/time.ts';
import { LogMaker, shortData } from './log-maker.ts';

const noon = microsecondsOf('2026-03-15T12:00:00Z');

function scanOf(log: LogMaker, bytes = log.bytes, pieces: readonly number[] = [bytes.length]): WalScan {
  const scan = new WalScan({
    start: log.start,
    timeline: log.timeline,
    segmentSize: log.segmentSize,
    systemIdentifier: String(log.system),
  });
  for (let at = 0, piece = 0; at < bytes.length; piece += 1) {
    const some = Math.max(1, pieces[piece % pieces.length]!);
    scan.write(bytes.subarray(at, at + some));
    at += some;
  }
  return scan;
}

/** Small ones, those around the length of a page, long ones. */
const sizes = fc.oneof(
  fc.integer({ min: 0, max: 300 }),
  fc.integer({ min: 8000, max: 8400 }),
  fc.integer({ min: 0, max: 200_000 }),
);
const logs = fc.array(sizes, { minLength: 1, maxLength: 12 }).map((rows) => {
  const log = new LogMaker();
  for (const [at, bytes] of rows.entries()) log.addRow(bytes).commit(noon + BigInt(at));
  return log;
});

describe('the checksum of records', () => {
  test('is CRC-32C, in one go or in parts', () => {
    expect(crc32c(Buffer.from('123456789'))).toBe(0xe3069283);
    const bytes = Buffer.from('The quick brown fox jumps over the lazy dog');
    expect(crc32c(bytes)).toBe(0x22620404);
    for (let at = 0; at <= bytes.length; at += 1) expect(crc32c(bytes, crc32c(bytes, 0, 0, at), at)).toBe(0x22620404);
  });
});

describe('a log that is read as it flows by', () => {
  test('is whole to the end of its last record, in pieces of any length', () => {
    fc.assert(
      fc.property(
        logs,
        fc.array(fc.integer({ min: 1, max: 20_000 }), { minLength: 1, maxLength: 5 }),
        (log, pieces) => {
          const scan = scanOf(log, log.bytes, pieces);
          expect(scan.end).toBe(log.ends.at(-1));
          expect(scan.next).toBe(log.position);
          expect(scan.records).toBe(log.ends.length);
          expect(scan.transactions).toBe(log.ends.length / 2);
          expect(scan.newestEnd).toBe(noon + BigInt(log.ends.length / 2 - 1));
        },
      ),
      { numRuns: 60 },
    );
  });

  test('cut anywhere is whole to the end of the last record before the cut', () => {
    fc.assert(
      fc.property(logs, fc.double({ min: 0, max: 1, noNaN: true }), (log, share) => {
        const cut = Math.trunc(log.bytes.length * share);
        const scan = scanOf(log, log.bytes.subarray(0, cut), [997]);
        const whole = log.ends.filter((end) => end <= log.start + BigInt(cut));
        // the padding behind a record may be what was cut off
        const next = log.ends[whole.length] ?? log.position;
        expect([whole.at(-1) ?? log.start, next]).toContain(scan.end);
        if (scan.end !== (whole.at(-1) ?? log.start)) expect(Number(next - log.start) - cut).toBeLessThan(8);
      }),
      { numRuns: 60 },
    );
  });

  test('with any byte of a record or of a page header changed is refused, or not whole to its end', () => {
    const log = new LogMaker();
    for (const bytes of [10, 9000, 40, 20_000]) log.addRow(bytes).commit(noon);
    const { bytes } = log;
    fc.assert(
      fc.property(fc.nat(bytes.length - 9), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const damaged = Buffer.from(bytes);
        damaged[at] = damaged[at]! ^ change;
        // two of a page's flags change nothing here; the end of its header is padding, and so is what is between records
        const inPage = at % 8192;
        const padding = inPage === 2 || (inPage >= 20 && inPage < 24);
        const between = log.ends.some((end) => {
          const to = Number(end - log.start);
          return bytes[at] === 0 && at >= to - 7 && at < to;
        });
        try {
          const scan = scanOf(log, damaged);
          expect(padding || between || scan.end < log.ends.at(-1)!).toBe(true);
        } catch (error) {
          expect(error).toMatchObject({ name: 'ChecksumMismatch' });
        }
      }),
      { numRuns: 400 },
    );
  });

  test('may begin within a record, whose end is passed over', () => {
    const log = new LogMaker();
    log
      .addRow(2 ** 20 + 5000)
      .addRow(30)
      .commit(noon);
    const second = log.bytes.subarray(2 ** 20);
    const scan = new WalScan({
      start: log.start + 2n ** 20n,
      timeline: 1,
      segmentSize: 2 ** 20,
      systemIdentifier: String(log.system),
    });
    scan.write(second);
    expect(scan).toMatchObject({ end: log.ends.at(-1), records: 2, transactions: 1 });
  });

  test('names the restore points and where they are, and follows a switch of the segment', () => {
    const log = new LogMaker()
      .addRow(100)
      .restorePoint('before the change', noon)
      .switchSegment()
      .commit(noon + 5n);
    const scan = scanOf(log, log.bytes, [5000]);
    expect(scan.restorePoints).toEqual([{ name: 'before the change', time: noon, lsn: log.ends[1] }]);
    expect(scan.end).toBe(log.ends.at(-1));
    expect(scan.end).toBe(log.start + 2n ** 20n + 40n + 40n);
  });

  test('counts aborted transactions too: a recovery can stop there', () => {
    const scan = scanOf(new LogMaker().commit(noon).commit(noon + 9n, 'abort'));
    expect(scan).toMatchObject({ transactions: 2, newestEnd: noon + 9n });
    expect(isoOf(scan.newestEnd!)).toBe('2026-03-15T12:00:00.000009Z');
  });

  test('goes on behind a record that a crash of the server cut short', () => {
    const log = new LogMaker().addRow(50).crashIn(60_000).addRow(70).commit(noon);
    const scan = scanOf(log, log.bytes, [3000]);
    expect(scan.end).toBe(log.ends.at(-1));
    expect(scan.records).toBe(log.ends.length);
  });

  test('of another cluster, with a gap, or of a timeline to come is refused', () => {
    const log = new LogMaker().addRow(20_000).commit(noon);
    const scan =
      (change: Partial<ConstructorParameters<typeof WalScan>[0]>, bytes = log.bytes) =>
      () =>
        new WalScan({
          start: log.start,
          timeline: 1,
          segmentSize: 2 ** 20,
          systemIdentifier: String(log.system),
          ...change,
        }).write(bytes);
    expect(scan({ systemIdentifier: '1' })).toThrow(/of the cluster 7000000000000000001, not of 1/);
    expect(scan({ segmentSize: 2 ** 24 })).toThrow(/segments of 1048576 bytes/);
    expect(scan({}, Buffer.concat([log.bytes.subarray(0, 8192), log.bytes.subarray(16_384)]))).toThrow(
      /is that of 0\/1004000/,
    );
    const newer = new LogMaker({ timeline: 3 }).addRow(10);
    expect(scan({ timeline: 2 }, newer.bytes)).toThrow(/is of timeline 3/);
    expect(scan({ timeline: 3 }, newer.bytes)).not.toThrow();
  });

  test('from a time with wal_level = minimal is lost', () => {
    const change = Buffer.alloc(32);
    change.writeInt32LE(100, 0);
    const parameters = (level: number) => {
      change.writeInt32LE(level, 20);
      return new LogMaker().add({ manager: 0, info: 0x60, body: shortData(Buffer.from(change)) });
    };
    expect(scanOf(parameters(1)).records).toBe(1);
    expect(() => scanOf(parameters(0))).toThrow(expect.objectContaining({ name: 'WalLost' }));
  });
});

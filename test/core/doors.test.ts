/** The doors to time, chance and the log, and the names that are made of what comes through them. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { systemClock, VirtualClock } from '../../src/core/clock.ts';
import { deadlineIn, noDeadline } from '../../src/core/deadline.ts';
import { compactTime, idPattern, runId, shortHash, snapshotId } from '../../src/core/ids.ts';
import { canonicalJson } from '../../src/core/json.ts';
import { createLog, redact } from '../../src/core/log.ts';
import { seededRandom, systemRandom } from '../../src/core/random.ts';
import { isObjectKey } from '../../src/storage/port.ts';

describe('time', () => {
  test('a virtual clock stands still, sleeps without waiting, and does not go back', async () => {
    const clock = new VirtualClock('2026-03-29T00:59:59Z');
    expect(clock.now()).toEqual(clock.now());
    await clock.sleep(31 * 24 * 3_600_000);
    expect(clock.now().toISOString()).toBe('2026-04-29T00:59:59.000Z');
    expect(() => clock.moveTo('2026-04-29T00:59:58Z')).toThrow(RangeError);
    // a date that was handed out is not the clock itself
    clock.now().setUTCFullYear(1970);
    expect(clock.now().getUTCFullYear()).toBe(2026);
  });

  test('a sleep can be given up, before it begins and in the middle', async () => {
    const stop = new AbortController();
    const began = systemClock.elapsed();
    const sleeping = systemClock.sleep(60_000, stop.signal);
    stop.abort();
    await sleeping;
    await systemClock.sleep(60_000, stop.signal);
    expect(systemClock.elapsed() - began).toBeLessThan(5000);
  });

  test('a deadline keeps its reserve', () => {
    let now = 1000;
    const clock = { ...systemClock, elapsed: () => now };
    const deadline = deadlineIn(clock, 500, 100);
    expect([deadline.remaining(), deadline.passed()]).toEqual([400, false]);
    now = 1399;
    expect(deadline.passed()).toBe(false);
    now = 1400;
    expect(deadline.passed()).toBe(true);
    expect([noDeadline.remaining(), noDeadline.passed()]).toEqual([Number.POSITIVE_INFINITY, false]);
  });
});

describe('chance', () => {
  test('a seed gives the same for ever, another seed something else', () => {
    expect(seededRandom(1).bytes(8).toString('hex')).toBe('72f0fd396070b0a9');
    expect(seededRandom(1).bytes(64)).toEqual(seededRandom(1).bytes(64));
    expect(seededRandom(2).bytes(64)).not.toEqual(seededRandom(1).bytes(64));
    expect(systemRandom.bytes(32)).not.toEqual(systemRandom.bytes(32));
  });

  test('below is below, and reaches every value', () => {
    const random = seededRandom(3);
    const seen = new Set(Array.from({ length: 1000 }, () => random.below(10)));
    expect([...seen].sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });
});

describe('names', () => {
  const time = fc.date({ min: new Date('2000-01-01'), max: new Date('2099-12-31'), noInvalidDate: true });

  test('C6: two moments of a repeated local hour have different names, as they are UTC', () => {
    expect(compactTime(new Date('2026-10-25T02:30:00+02:00'))).toBe('20261025T003000Z');
    expect(compactTime(new Date('2026-10-25T02:30:00+01:00'))).toBe('20261025T013000Z');
  });

  test('property: names sort by time, are keys of the store, and follow from what they are made of', () => {
    fc.assert(
      fc.property(time, time, fc.string(), (one, other, key) => {
        const [first, second] = [runId(one, 'full', key), runId(other, 'full', key)];
        if (compactTime(one) < compactTime(other)) expect(first < second).toBe(true);
        expect(first).toBe(runId(new Date(one), 'full', key));
        for (const name of [first, snapshotId('user-data', one, key)]) {
          expect(name).toMatch(idPattern);
          expect(isObjectKey(name)).toBe(true);
        }
      }),
      { numRuns: 200, seed: 5 },
    );
  });

  test('two sources in one second, and two versions of one source, have different snapshots', () => {
    const at = new Date('2026-03-15T03:00:00Z');
    const names = [snapshotId('a', at, 'run'), snapshotId('b', at, 'run'), snapshotId('a', at, 'other')];
    expect(new Set(names.map((name) => name.slice(-8))).size).toBe(3);
    // parts are kept apart
    expect(shortHash('ab', 'c')).not.toBe(shortHash('a', 'bc'));
    expect(runId(at, 'full', 'x')).toMatch(/^20260315T030000Z-full-[0-9a-f]{8}$/);
  });

  test.each(['', '.hidden', '-a', 'a/b', 'a b', 'a'.repeat(81), 'ä'])('%j is no id', (name) => {
    expect(idPattern.test(name)).toBe(false);
  });
});

test('property: canonical JSON means the same, and does not depend on the order of keys', () => {
  const shuffled = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(shuffled);
    if (value === null || typeof value !== 'object') return value;
    return Object.fromEntries(
      Object.entries(value)
        .reverse()
        .map(([key, member]) => [key, shuffled(member)]),
    );
  };
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const text = canonicalJson(value);
      expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
      expect(canonicalJson(shuffled(value))).toBe(text);
    }),
    { numRuns: 300, seed: 6 },
  );
  expect(canonicalJson({ b: undefined, a: [{ d: 1, c: 2 }] })).toBe('{"a":[{"c":2,"d":1}]}');
});

describe('the log', () => {
  test('one JSON object a line, from a level on, with the fields of whoever it was handed to', () => {
    const lines: string[] = [];
    const log = createLog(
      (line) => lines.push(line),
      'info',
      () => new Date(0),
      { run: 'r' },
    );
    log.debug('not-this');
    log.with({ source: 's' }).warn('slow-store', { ms: 5, text: 'two\nlines' });
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
      {
        ...{ time: '1970-01-01T00:00:00.000Z', level: 'warn', code: 'slow-store' },
        run: 'r',
        source: 's',
        ms: 5,
        text: 'two\nlines',
      },
    ]);
    expect(lines[0]).not.toContain('\n');
  });

  test.each([
    ['a key that tells', { a: [{ passphrase: 'S3CRET' }] }],
    ['another', { dbPassword: 'S3CRET', authorization: 'S3CRET', apiToken: 'S3CRET', connection: 'x S3CRET' }],
    ['a URL', 'cannot reach postgres://ada:S3CRET@db.internal:5432/x?y=1'],
    ['a URL without a user', 'redis://:S3CRET@cache:6379'],
    ['two URLs', { causes: ['http://a:S3CRET@b', 'http://c:S3CRET@d'] }],
  ])('E10: never a secret: %s', (_, value) => {
    const lines: string[] = [];
    createLog((line) => lines.push(line)).error('failed', { value });
    expect(lines).toHaveLength(1);
    expect(lines[0]).not.toContain('S3CRET');
    expect(lines[0]).toContain('***');
  });

  test('what is no secret stays', () => {
    const value = { url: 'https://host:8080/a@b', who: 'ada@example.org', time: '12:30', n: [1, null, true] };
    expect(redact(value)).toEqual(value);
  });
});

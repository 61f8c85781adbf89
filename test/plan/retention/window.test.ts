import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Duration } from '../../../src/plan/calendar/duration.ts';
import { zoneOf } from '../../../src/plan/calendar/zone.ts';
import { decideRetention, excessOf, planRetention, type RetentionCandidate } from '../../../src/plan/index.ts';
import type { Plan, PostgresSource, SourcePlan } from '../../../src/plan/plan.ts';
import { spanOf } from '../../../src/plan/retention/span.ts';
import { checkWindow, protectWindow } from '../../../src/plan/retention/window.ts';

const [minute, day] = [60_000, 86_400_000];
const now = new Date('2026-06-15T05:00:00Z');
const retention = { daily: { count: 7, unit: 'days' }, weekly: { count: 4, unit: 'weeks' }, atLeast: 3 } as const;

interface Chain {
  /** Days before now at which the base was taken. */
  readonly age: number;
  /** Minutes after the base at which logs runs ended. */
  readonly logs: readonly number[];
  /** The run from which on the server is another one, on a timeline of its own. */
  readonly failover: number;
  readonly bad: readonly number[];
}

/** The snapshots of bases and the logs runs after each. */
function candidatesOf(chains: readonly Chain[]): RetentionCandidate[] {
  const all: RetentionCandidate[] = [];
  for (const [number, { age, logs, failover, bad }] of chains.entries()) {
    const earliest = now.getTime() - age * day;
    const ends = [0, ...logs.toSorted((a, b) => a - b)].map((after) => earliest + after * minute);
    for (const [run, latest] of ends.entries()) {
      if (latest > now.getTime()) continue;
      all.push({
        id: `s.${String(number).padStart(2, '0')}.${String(run).padStart(3, '0')}`,
        source: 's',
        time: new Date(latest),
        good: !bad.includes(run),
        held: false,
        span: { chain: `${number} ${run >= failover ? 2 : 1}`, base: String(number), earliest, latest },
      });
    }
  }
  return all;
}

const minutes = fc.integer({ min: 1, max: 3 * 24 * 60 });
const chain: fc.Arbitrary<Chain> = fc.record({
  age: fc.double({ min: 0, max: 60, noNaN: true }),
  logs: fc.array(minutes, { maxLength: 25, size: 'max' }),
  failover: fc.oneof(
    { weight: 3, arbitrary: fc.constant(1000) },
    { weight: 1, arbitrary: fc.integer({ min: 1, max: 20 }) },
  ),
  bad: fc.oneof(
    { weight: 9, arbitrary: fc.constant([]) },
    { weight: 1, arbitrary: fc.array(fc.integer({ min: 0, max: 25 }), { maxLength: 3 }) },
  ),
});
const chains = fc.array(chain, { minLength: 1, maxLength: 15, size: 'max' });
const window: fc.Arbitrary<Duration> = fc.record({ count: fc.integer({ min: 1, max: 50 }), unit: fc.constant('days') });

const planOf = (
  pointInTime: Duration | undefined,
  atLeast = retention.atLeast,
): Pick<Plan, 'sources' | 'timeZone'> => ({
  timeZone: 'Europe/Rome',
  sources: [
    {
      ...({ id: 's', kind: 'postgres', connection: 'postgres://db' } as PostgresSource & { id: string }),
      ...(pointInTime && { pointInTime }),
      cadences: { full: 'never', incremental: 'never', logs: 'never', change: 'on event' },
      retention: { ...retention, atLeast },
      on: [],
    } as SourcePlan,
  ],
});

/** A moment of each span's middle and ends is enough, as spans are intervals. */
function lost(all: readonly RetentionCandidate[], gone: ReadonlySet<string>, from: number): string[] {
  const good = all.filter((one) => one.good && one.span);
  const staying = good.filter(({ id }) => !gone.has(id));
  const moments = good.flatMap(({ span }) => [span!.earliest, (span!.earliest + span!.latest) / 2, span!.latest]);
  const covers = (some: readonly RetentionCandidate[], moment: number) =>
    some.some(({ span }) => span!.earliest <= moment && moment <= span!.latest);
  return moments
    .filter((moment) => moment >= from && covers(good, moment) && !covers(staying, moment))
    .map((moment) => new Date(moment).toISOString());
}

describe('the point-in-time window', () => {
  test('B1 every moment in it that could be restored before a prune can be after it', () => {
    let deletions = 0;
    fc.assert(
      fc.property(chains, window, (given, pointInTime) => {
        const all = candidatesOf(given);
        const decision = planRetention(planOf(pointInTime), all, now);
        const gone = new Set(decision.delete.map(({ id }) => id));
        deletions += gone.size;
        expect(lost(all, gone, now.getTime() - pointInTime.count * day)).toEqual([]);
      }),
      { numRuns: 300 },
    );
    expect(deletions).toBeGreaterThan(500);
  });

  test('B1 without it moments would be lost, so the property above is about something', () => {
    let some = 0;
    fc.assert(
      fc.property(chains, window, (given, pointInTime) => {
        const all = candidatesOf(given);
        const gone = new Set(planRetention(planOf(undefined), all, now).delete.map(({ id }) => id));
        if (lost(all, gone, now.getTime() - pointInTime.count * day).length > 0) some += 1;
      }),
      { numRuns: 100 },
    );
    expect(some).toBeGreaterThan(10);
  });

  test('B1 a decision that breaks the promise is refused, whoever made it', () => {
    const all = candidatesOf([{ age: 2, logs: [15, 30, 45], failover: 99, bad: [] }]);
    const zone = zoneOf('UTC');
    const decision = decideRetention({
      candidates: all,
      policy: retention,
      timeZone: 'UTC',
      rpo: Number.POSITIVE_INFINITY,
      now,
    });
    const [head] = decision.keep;
    const worse = { ...decision, delete: [{ ...head!, time: head!.time!, reason: '', passed: [], newerGood: '' }] };
    const check = (of: typeof decision, pointInTime: Duration) => () => checkWindow(all, of, pointInTime, zone, now);
    expect(check(decision, { count: 7, unit: 'days' })).not.toThrow();
    expect(check(worse, { count: 7, unit: 'days' })).toThrow(expect.objectContaining({ name: 'PruneRefused' }));
    expect(check(worse, { count: 1, unit: 'days' })).not.toThrow();
  });

  test('a longer window never removes more, and neither does any', () => {
    fc.assert(
      fc.property(chains, window, window, (given, one, more) => {
        const all = candidatesOf(given);
        const longer = { ...one, count: one.count + more.count };
        const deletedBy = (wish: Duration | undefined) =>
          planRetention(planOf(wish), all, now).delete.map(({ id }) => id);
        const [none, short, long] = [deletedBy(undefined), deletedBy(one), deletedBy(longer)];
        expect(none).toEqual(expect.arrayContaining(short));
        expect(short).toEqual(expect.arrayContaining(long));
      }),
      { numRuns: 200 },
    );
  });

  test('of a day of runs every 15 minutes one stays, and that is no large share', () => {
    const all = candidatesOf([
      { age: 1.5, logs: Array.from({ length: 96 }, (_, run) => (run + 1) * 15), failover: 999, bad: [] },
    ]);
    const decision = planRetention(planOf({ count: 35, unit: 'days' }), all, now);
    expect(decision.delete.length).toBeGreaterThan(85);
    expect(decision.delete.every(({ succeededBy }) => succeededBy === all.at(-1)!.id)).toBe(true);
    expect(decision.delete[0]!.reason).toMatch(/^all of its log is in s\.00\.096; /);
    expect(excessOf(decision)).toBeUndefined();
    expect(decision.keep.find(({ id }) => id === all.at(-1)!.id)!.reasons.join()).toMatch(
      /the point-in-time window of 35 days: it restores 2026-06-13T17:00:00.000Z to 2026-06-14T17:00:00.000Z/,
    );
  });

  test('what has no successor that stays counts as a loss', () => {
    const old = candidatesOf(
      Array.from({ length: 30 }, (_, at) => ({ age: 200 + at, logs: [15], failover: 99, bad: [] })),
    );
    const all = [
      ...old,
      ...candidatesOf([{ age: 0.1, logs: [15], failover: 99, bad: [] }]).map((one) => ({ ...one, id: `t${one.id}` })),
    ];
    const decision = planRetention(planOf({ count: 7, unit: 'days' }), all, now);
    expect(decision.delete.length).toBeGreaterThan(40);
    expect(excessOf(decision)?.source).toBe('s');
  });
});

describe('the floor', () => {
  test('B3 keeps the newest of each of the newest bases: snapshots on one base stand and fall together', () => {
    const all = candidatesOf(
      [500, 400, 300, 200].map((age) => ({ age, logs: [15, 30, 45, 60], failover: 99, bad: [] })),
    );
    const staying = planRetention(planOf(undefined, 3), all, now).keep.map(({ id }) => id.slice(0, 4));
    expect(new Set(staying)).toEqual(new Set(['s.01', 's.02', 's.03']));
  });

  test('an unverified newcomer takes the place of none', () => {
    const all = candidatesOf([{ age: 1, logs: [15, 30, 45], failover: 99, bad: [3] }]);
    const kept = protectWindow(all, { count: 7, unit: 'days' }, 3, zoneOf('UTC'), now).filter((one) => one.protectedBy);
    expect(kept.map(({ id }) => id)).toEqual(['s.00.002']);
  });
});

test('a span is read off the details of a snapshot, and of nothing else', () => {
  const window = { earliest: '2026-06-01T00:00:00.000Z', latest: '2026-06-01T01:00:00.123456Z' };
  expect(spanOf({ base: 'ab', window, timeline: 1 })).toEqual({
    chain: 'ab 1',
    base: 'ab',
    earliest: Date.parse(window.earliest),
    latest: Date.parse('2026-06-01T01:00:00.123Z'),
  });
  expect(spanOf({ base: 'ab', window, timeline: 1, walTimeline: 2 })?.chain).toBe('ab 2');
  expect(spanOf({ base: 'ab' })).toBeUndefined();
  expect(spanOf({ window })).toBeUndefined();
  expect(spanOf({ base: 'ab', window: { earliest: 'never', latest: 'ever' } })).toBeUndefined();
});

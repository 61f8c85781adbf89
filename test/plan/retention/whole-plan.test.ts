/** Retention over a whole plan, the definition of a good snapshot, and promises seen from the front. */
import { describe, expect, test } from 'vitest';
import type { Snapshot } from '../../../src/format/snapshot.ts';
import { candidateOf, parsePlan, planRetention, promisedUntil, promisesOf, tiersOf } from '../../../src/plan/index.ts';
import { dailyFrom, flawed, guidelines, idsOf, snapshot } from './snapshots.ts';

const plan = parsePlan(
  `plan: p
timeZone: Europe/Rome
vault: { primary: { directory: /v } }
retention: { daily: 7 days, atLeast: 1 }
sources:
  - { id: s, kind: files, path: /s }
  - { id: stopped, kind: files, path: /stopped, retention: { daily: 2 days } }
  - { id: none-yet, kind: files, path: /none }
`,
  'plan.yml',
);
const now = new Date('2026-06-15T05:00:00Z');
const own = dailyFrom('2026-05-01T02:00:00Z', '2026-06-15T02:00:00Z');
const of = (source: string, from: string, to: string) =>
  dailyFrom(from, to).map((one) => ({ ...one, source, id: `${source}.${one.id}` }));
const stopped = of('stopped', '2026-05-01T02:00:00Z', '2026-06-01T02:00:00Z');
const removed = of('removed', '2010-05-01T02:00:00Z', '2010-06-01T02:00:00Z');

describe('a whole plan', () => {
  const decision = planRetention(plan, [...removed, ...own, ...stopped], now);

  test('each source goes by its own policy; one that is frozen does not freeze the others', () => {
    expect(decision.frozen).toMatchObject([{ source: 'stopped', because: 'newest-good-too-old' }]);
    expect(new Set(decision.delete.map(({ source }) => source))).toEqual(new Set(['s']));
    expect(decision.keep.filter(({ source }) => source === 's')).toHaveLength(8);
    expect(decision.keep.filter(({ source }) => source === 'stopped')).toHaveLength(stopped.length);
  });

  test('B8 snapshots of a source that the plan does not have any more stay', () => {
    const kept = decision.keep.filter(({ source }) => source === 'removed');
    expect(idsOf(kept)).toEqual(idsOf(removed));
    expect(kept[0]).toMatchObject({ reasons: ['the plan has no such source'], rules: [{ rule: 'unplanned' }] });
  });

  test('nothing is forgotten', () => {
    expect(decision.keep.length + decision.delete.length).toBe(removed.length + own.length + stopped.length);
  });

  test('without snapshots there is nothing to decide and nothing frozen', () => {
    expect(planRetention(plan, [], now)).toEqual({ keep: [], delete: [], frozen: [] });
  });
});

describe('what is good', () => {
  const stored = {
    id: 's.20260615T020000Z.1a2b3c4d',
    source: 's',
    time: '2026-06-15T02:00:00.000Z',
    problemCount: 0,
    problems: [],
  } as unknown as Snapshot;

  test.each([
    ['read', {}, true, undefined],
    ['restored', {}, true, undefined],
    ['complete', {}, true, undefined],
    ['stored', {}, false, 'not yet verified'],
    [undefined, {}, false, 'not yet verified'],
    ['complete', { problemCount: 1 }, false, 'incomplete: 1 problem'],
    ['restored', { problemCount: 12 }, false, 'incomplete: 12 problems'],
    ['restored', { suspicion: 'empty' }, false, 'suspicious: empty'],
  ] as const)('trust %s and %o: %s', (trust, more, good, flaw) => {
    const candidate = candidateOf({ ...stored, ...more }, { trust, held: false });
    expect(candidate.good).toBe(good);
    expect(candidate.flaw).toBe(flaw);
    expect(candidate.time).toEqual(new Date('2026-06-15T02:00:00Z'));
  });
});

describe('promises', () => {
  test('of the newest: as long as nothing newer comes, to the end of its year and seven more', () => {
    const newest = own.at(-1)!;
    expect(promisedUntil(newest, own, guidelines, 'UTC')).toEqual(new Date('2034-01-01T00:00:00Z'));
    expect(
      promisesOf(newest, own, guidelines, 'UTC').map(({ bucket, firmFrom, until }) =>
        [bucket, firmFrom, until].join(' '),
      ),
    ).toEqual([
      ['daily 2026-06-15', new Date('2026-06-16T00:00:00Z'), new Date('2026-06-23T00:00:00Z')].join(' '),
      ['weekly 2026-W25', new Date('2026-06-22T00:00:00Z'), new Date('2026-07-20T00:00:00Z')].join(' '),
      ['monthly 2026-06', new Date('2026-07-01T00:00:00Z'), new Date('2027-07-01T00:00:00Z')].join(' '),
      ['yearly 2026', new Date('2027-01-01T00:00:00Z'), new Date('2034-01-01T00:00:00Z')].join(' '),
    ]);
  });

  test("of one that stands only for its day, in the plan's zone", () => {
    const before = own.at(-3)!;
    expect(promisedUntil(before, own, guidelines, 'Europe/Rome')).toEqual(new Date('2026-06-20T22:00:00Z'));
  });

  test('of one that stands for nothing: none', () => {
    const first = snapshot('2026-06-15T01:00:00Z');
    expect(promisedUntil(first, [...own, first], guidelines, 'UTC')).toBeUndefined();
    expect(
      promisedUntil(flawed('2026-06-15T04:00:00Z'), [...own, flawed('2026-06-15T04:00:00Z')], guidelines, 'UTC'),
    ).toBeUndefined();
  });

  test('are kept: what is promised until a time is there until then', () => {
    const year = dailyFrom('2025-01-01T02:00:00Z', '2026-06-15T02:00:00Z');
    const quiet = {
      ...plan,
      sources: [
        {
          ...plan.sources[0]!,
          retention: guidelines,
          cadences: { ...plan.sources[0]!.cadences, full: 'never', incremental: 'never' } as const,
        },
      ],
    };
    for (const one of year.filter((_, at) => at % 17 === 0)) {
      const until = promisedUntil(one, year, guidelines, 'Europe/Rome');
      if (!until || until <= now) continue;
      const [before, after] = [new Date(until.getTime() - 1), until].map((at) =>
        idsOf(planRetention(quiet, year, at).keep).includes(one.id),
      );
      expect([one.id, before, after]).toEqual([one.id, true, false]);
    }
  });

  test('the tiers that a list of snapshots shows', () => {
    const tiers = tiersOf(own, guidelines, 'UTC', now);
    expect(tiers.get(own.at(-1)!.id)).toEqual(['daily', 'weekly', 'monthly', 'yearly']);
    expect(tiers.get('s.2026-05-31T02:00:00.000Z')).toEqual(['weekly', 'monthly']);
    expect(tiers.get('s.2026-05-30T02:00:00.000Z')).toBeUndefined();
  });
});

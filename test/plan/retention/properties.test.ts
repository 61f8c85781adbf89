/** What must be true of retention whatever the snapshots, the policy and the time. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { DurationUnit } from '../../../src/plan/calendar/duration.ts';
import { decideRetention, type RetentionCandidate, type RetentionInput } from '../../../src/plan/index.ts';
import type { Retention } from '../../../src/plan/plan.ts';
import { day, hour, idsOf } from './snapshots.ts';

const now = new Date('2026-06-15T05:00:00Z');
const zone = fc.constantFrom('UTC', 'Europe/Rome', 'America/New_York', 'Pacific/Kiritimati', 'Australia/Lord_Howe');
const units: readonly DurationUnit[] = ['days', 'weeks', 'months', 'years'];
const duration = fc.record({ count: fc.integer({ min: 1, max: 15 }), unit: fc.constantFrom(...units) });
const tier = fc.constantFrom('daily', 'weekly', 'monthly', 'yearly' as const);
const policy: fc.Arbitrary<Retention> = fc
  .record({ first: tier, one: duration, more: fc.dictionary(tier, duration), atLeast: fc.integer({ min: 1, max: 6 }) })
  .map(({ first, one, more, atLeast }) => ({ ...more, [first]: one, atLeast }));

/** Mostly of the last weeks and months, some of years ago, a few at one instant, some without a believable time. */
const age = fc.oneof(
  { weight: 12, arbitrary: fc.integer({ min: 0, max: 60 }).map((quarters) => quarters * 6 * hour) },
  { weight: 12, arbitrary: fc.integer({ min: 0, max: 800 * 24 }).map((hours) => hours * hour) },
  { weight: 4, arbitrary: fc.integer({ min: 0, max: 9000 }).map((days) => days * day) },
  { weight: 1, arbitrary: fc.constantFrom(-day, -400 * day, 30_000 * day, Number.NaN) },
);
const timeOf = (milliseconds: number): Date => new Date(now.getTime() - milliseconds);
const seldom = fc.integer({ min: 0, max: 9 }).map((number) => number === 0);
const oneInSix = fc.integer({ min: 0, max: 5 }).map((number) => number === 0);
const candidate = fc.record({ age, flawed: oneInSix, held: seldom, isProtected: seldom, isSeen: seldom, seen: age });
const candidates: fc.Arbitrary<RetentionCandidate[]> = fc.array(candidate, { maxLength: 40, size: 'max' }).map((all) =>
  all.map(({ age: own, flawed, held, isProtected, isSeen, seen }, at) => ({
    id: `s.${String(at).padStart(2, '0')}`,
    source: 's',
    time: timeOf(own),
    good: !flawed,
    held,
    ...(isProtected ? { protectedBy: ['a running restore'] } : {}),
    ...(isSeen ? { sightings: [timeOf(seen)] } : {}),
  })),
);
/** Most sources in order, so that something is deleted; some frozen. */
const rpo = fc.constantFrom(Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, 31 * hour);
const input: fc.Arbitrary<RetentionInput> = fc.record({
  candidates,
  policy,
  timeZone: zone,
  rpo,
  now: fc.constant(now),
});

const deletedBy = (of: RetentionInput): Set<string> => new Set(decideRetention(of).delete.map(({ id }) => id));
const forAll = (look: (of: RetentionInput) => void, numRuns = 300): void =>
  fc.assert(fc.property(input, look), { numRuns });

test('the properties below are about something: most decisions delete, some are frozen', () => {
  const decisions = fc.sample(input, { numRuns: 300, seed: 1 }).map(decideRetention);
  expect(decisions.filter((decision) => decision.delete.length > 0).length).toBeGreaterThan(100);
  expect(decisions.filter((decision) => decision.frozen.length > 0).length).toBeGreaterThan(30);
});

describe('B5 more rules never remove more', () => {
  const isWithin = (smaller: Set<string>, larger: Set<string>): void => {
    expect([...smaller].filter((id) => !larger.has(id))).toEqual([]);
  };

  test('another tier, or a longer one', () => {
    fc.assert(
      fc.property(input, tier, duration, fc.integer({ min: 0, max: 20 }), (of, which, added, longer) => {
        const known = of.policy[which];
        const wider = known ? { ...known, count: known.count + longer } : added;
        isWithin(deletedBy({ ...of, policy: { ...of.policy, [which]: wider } }), deletedBy(of));
      }),
      { numRuns: 500 },
    );
  });

  test('a higher floor', () => {
    fc.assert(
      fc.property(input, fc.integer({ min: 1, max: 5 }), (of, more) => {
        isWithin(deletedBy({ ...of, policy: { ...of.policy, atLeast: of.policy.atLeast + more } }), deletedBy(of));
      }),
    );
  });

  test('a hold or a protection', () => {
    fc.assert(
      fc.property(input, fc.nat(), fc.boolean(), (of, at, isHold) => {
        const chosen = at % Math.max(1, of.candidates.length);
        const kept = of.candidates.map((one, place) =>
          place !== chosen ? one : isHold ? { ...one, held: true } : { ...one, protectedBy: ['a lock'] },
        );
        isWithin(deletedBy({ ...of, candidates: kept }), deletedBy(of));
      }),
    );
  });

  test('a stricter RPO', () => {
    forAll((of) => {
      isWithin(
        deletedBy({ ...of, rpo: Math.min(of.rpo, 31 * hour) }),
        deletedBy({ ...of, rpo: Number.POSITIVE_INFINITY }),
      );
    });
  });
});

test('the order of the list does not matter', () => {
  fc.assert(
    fc.property(input, fc.infiniteStream(fc.nat()), (of, numbers) => {
      const shuffled = of.candidates
        .map((one) => ({ one, at: numbers.next().value as number }))
        .sort((a, b) => a.at - b.at)
        .map(({ one }) => one);
      expect(decideRetention({ ...of, candidates: shuffled })).toEqual(decideRetention(of));
    }),
    { numRuns: 300 },
  );
});

test('pruning twice is pruning once, also where the first time was cut off half way', () => {
  fc.assert(
    fc.property(input, fc.integer({ min: 0, max: 100 }), (of, share) => {
      const decision = decideRetention(of);
      const gone = new Set(decision.delete.slice(0, (decision.delete.length * share) / 100).map(({ id }) => id));
      const again = decideRetention({ ...of, candidates: of.candidates.filter(({ id }) => !gone.has(id)) });
      expect(again.keep).toEqual(decision.keep);
      expect(idsOf(again.delete)).toEqual(idsOf(decision.delete.filter(({ id }) => !gone.has(id))));
    }),
  );
});

test('B3 never below the floor, and the newest good snapshot always stays', () => {
  forAll((of) => {
    const good = of.candidates.filter((one) => one.good && one.time! <= now && one.time! > new Date('2001-01-01'));
    const gone = deletedBy(of);
    expect(good.filter(({ id }) => !gone.has(id)).length).toBeGreaterThanOrEqual(
      Math.min(of.policy.atLeast, good.length),
    );
    const newest = good.toSorted((a, b) => a.time!.getTime() - b.time!.getTime()).at(-1);
    // Where a sighting makes an older one the newer state, that one counts; both stay with a floor of two.
    if (newest && of.policy.atLeast > 1 && good.every((one) => !one.sightings)) expect(gone).not.toContain(newest.id);
  });
});

test('every deletion names a good snapshot that is at least as new and stays', () => {
  forAll((of) => {
    const decision = decideRetention(of);
    const [byId, kept] = [new Map(of.candidates.map((one) => [one.id, one])), new Set(idsOf(decision.keep))];
    const seen = (one: RetentionCandidate) =>
      Math.max(...[one.time!, ...(one.sightings ?? [])].map((at) => at.getTime()).filter((at) => at <= now.getTime()));
    for (const { id, newerGood, reason } of decision.delete) {
      const [leaving, staying] = [byId.get(id)!, byId.get(newerGood)!];
      expect(staying.good && kept.has(newerGood)).toBe(true);
      expect(seen(staying)).toBeGreaterThanOrEqual(seen(leaving));
      expect(leaving.held || leaving.protectedBy !== undefined).toBe(false);
      expect(reason).toContain(newerGood);
    }
    if (decision.frozen.length > 0) expect(decision.delete).toEqual([]);
  });
});

test('a decision is JSON, and says a reason for each snapshot once', () => {
  forAll((of) => {
    const decision = decideRetention(of);
    expect(JSON.parse(JSON.stringify(decision))).toEqual(decision);
    expect([...idsOf(decision.keep), ...idsOf(decision.delete)].sort()).toEqual(idsOf(of.candidates));
    for (const { reasons, rules } of decision.keep) {
      expect(reasons.length).toBeGreaterThan(0);
      expect(reasons).toHaveLength(rules.length);
      expect(reasons.join()).not.toMatch(/undefined|NaN|Invalid/);
    }
  }, 100);
});

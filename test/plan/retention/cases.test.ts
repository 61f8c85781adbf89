/** What is deleted, case by case. Each test that stands for a disaster which happened to others begins with its row's id. */
import { describe, expect, test } from 'vitest';
import { decideRetention } from '../../../src/plan/index.ts';
import type { Duration, Retention } from '../../../src/plan/plan.ts';
import { dailyFrom, day, decide, flawed, guidelines, idsOf, reasonsFor, snapshot } from './snapshots.ts';

describe('the promise', () => {
  const all = dailyFrom('2025-01-01T02:00:00Z', '2026-06-15T02:00:00Z');
  const decision = decide(all, { now: '2026-06-15T05:00:00Z' });

  test('of 531 daily snapshots, the ones that stand for a day, week, month or year stay', () => {
    expect(all).toHaveLength(531);
    expect(decision.keep.map(({ time }) => time!.slice(0, 10))).toEqual([
      // Today, and the seven days before it.
      ...[
        '2026-06-15',
        '2026-06-14',
        '2026-06-13',
        '2026-06-12',
        '2026-06-11',
        '2026-06-10',
        '2026-06-09',
        '2026-06-08',
      ],
      // The Sundays of four weeks that have ended; the first of them is among the days.
      ...['2026-06-07', '2026-05-31', '2026-05-24'],
      // Twelve months that have ended. The last day of May was a Sunday and is there already.
      ...['2026-04-30', '2026-03-31', '2026-02-28', '2026-01-31', '2025-12-31', '2025-11-30'],
      ...['2025-10-31', '2025-09-30', '2025-08-31', '2025-07-31', '2025-06-30'],
    ]);
    expect(decision.frozen).toEqual([]);
  });

  test('every reason is there as data and in words', () => {
    const [newest] = decision.keep;
    expect(newest!.rules).toContainEqual({
      rule: 'tier',
      tier: 'daily',
      bucket: 'daily 2026-06-15',
      until: '2026-06-23T00:00:00.000Z',
      standIn: false,
    });
    expect(newest!.reasons).toEqual([
      'daily 2026-06-15, until 2026-06-23',
      'weekly 2026-W25, until 2026-07-20',
      'monthly 2026-06, until 2027-07-01',
      'yearly 2026, until 2034-01-01',
      'the newest good snapshot',
    ]);
    expect(reasonsFor(decision, { id: 's.2025-12-31T02:00:00.000Z' })).toEqual([
      'monthly 2025-12, until 2027-01-01',
      'yearly 2025, until 2033-01-01',
    ]);
  });

  test('every deletion says which rule let it go and which newer good snapshot stays', () => {
    const gone = decision.delete.find(({ id }) => id === 's.2026-06-06T02:00:00.000Z')!;
    expect(gone.newerGood).toBe('s.2026-06-07T02:00:00.000Z');
    expect(gone.passed).toEqual([
      { tier: 'daily', bucket: 'daily 2026-06-06', ended: '2026-06-14T00:00:00.000Z' },
      { tier: 'weekly', bucket: 'weekly 2026-W23', by: 's.2026-06-07T02:00:00.000Z' },
      { tier: 'monthly', bucket: 'monthly 2026-06', by: 's.2026-06-15T02:00:00.000Z' },
      { tier: 'yearly', bucket: 'yearly 2026', by: 's.2026-06-15T02:00:00.000Z' },
    ]);
    expect(gone.reason).toBe(
      'daily 2026-06-06 ended 2026-06-14; weekly 2026-W23 is kept by s.2026-06-07T02:00:00.000Z; ' +
        'monthly 2026-06 is kept by s.2026-06-15T02:00:00.000Z; yearly 2026 is kept by s.2026-06-15T02:00:00.000Z; ' +
        'newer and good: s.2026-06-07T02:00:00.000Z',
    );
  });

  test('a bucket ends to the instant: the second before midnight it is kept, at midnight not', () => {
    const pair = [snapshot('2026-06-01T02:00:00Z'), ...dailyFrom('2026-06-07T02:00:00Z', '2026-06-09T02:00:00Z')];
    const policy: Retention = { daily: { count: 7, unit: 'days' }, atLeast: 1 };
    expect(decide(pair, { now: '2026-06-08T23:59:59.999Z', policy }).delete).toEqual([]);
    expect(idsOf(decide(pair, { now: '2026-06-09T00:00:00Z', policy }).delete)).toEqual(['s.2026-06-01T02:00:00Z']);
  });
});

describe('B: deletions that lost data', () => {
  test('B3 the floor counts only good snapshots, however many others are newer', () => {
    const policy: Retention = { daily: { count: 1, unit: 'days' }, atLeast: 3 };
    const goodOnes = ['2026-01-01', '2026-01-02', '2026-01-03', '2026-06-10'].map((date) =>
      snapshot(`${date}T02:00:00Z`),
    );
    const others = ['2026-03-01', '2026-03-02', '2026-03-03', '2026-03-04'].map((date) => flawed(`${date}T02:00:00Z`));
    const decision = decide([...goodOnes, ...others], { now: '2026-06-10T05:00:00Z', policy });
    expect(idsOf(decision.keep.filter(({ id }) => goodOnes.some((one) => one.id === id)))).toEqual(
      idsOf(goodOnes.slice(1)),
    );
    expect(reasonsFor(decision, goodOnes[1]!)).toEqual(['among the newest 3 good snapshots']);
    expect(idsOf(decision.delete)).toEqual(idsOf([goodOnes[0]!, ...others]));
  });

  const wrongPolicies: [string, unknown][] = [
    ['no tier', { atLeast: 3 }],
    ['nothing at all', {}],
    ['no floor', { daily: guidelines.daily }],
    ['a floor of 0', { ...guidelines, atLeast: 0 }],
    ['a floor that is not a number', { ...guidelines, atLeast: Number.NaN }],
    ['a tier of 0', { ...guidelines, daily: { count: 0, unit: 'days' } }],
    ['a negative tier', { ...guidelines, weekly: { count: -4, unit: 'weeks' } }],
    ['half a month', { ...guidelines, monthly: { count: 0.5, unit: 'months' } }],
    ['an unknown unit', { ...guidelines, monthly: { count: 12, unit: 'minutes' } }],
    ['a null tier', { ...guidelines, yearly: null }],
    ['an unknown tier', { ...guidelines, keepDaily: { count: 7, unit: 'days' } }],
  ];
  test.each(wrongPolicies)('B4 a policy with %s is refused at the last door too', (_what, policy) => {
    const all = dailyFrom('2026-01-01T02:00:00Z', '2026-06-15T02:00:00Z');
    const attempt = () => decide(all, { now: '2026-06-15T05:00:00Z', policy: policy as Retention });
    expect(attempt).toThrow(expect.objectContaining({ name: 'PruneRefused' }));
  });

  test('B5 tiers that overlap do not override one another', () => {
    // An interval equal to its retention deleted the weekly copy elsewhere: daily for 7 days beside weekly for 1 week.
    const all = dailyFrom('2026-05-01T02:00:00Z', '2026-06-15T02:00:00Z');
    const policyOf = (more: Partial<Retention>): Retention => ({ daily: guidelines.daily!, atLeast: 1, ...more });
    const weekly: Duration = { count: 1, unit: 'weeks' };
    const alone = idsOf(decide(all, { now: '2026-06-15T05:00:00Z', policy: policyOf({}) }).keep);
    const both = idsOf(decide(all, { now: '2026-06-15T05:00:00Z', policy: policyOf({ weekly }) }).keep);
    expect(both).toEqual(expect.arrayContaining(alone));
    expect(alone).toHaveLength(8);
  });

  test('B8 a held snapshot stays past every tier, and goes once it is released', () => {
    const old = snapshot('2010-01-01T02:00:00Z', { held: true });
    const all = dailyFrom('2026-06-01T02:00:00Z', '2026-06-15T02:00:00Z');
    const held = decide([old, ...all], { now: '2026-06-15T05:00:00Z' });
    expect(reasonsFor(held, old)).toEqual(['held']);
    const released = decide([{ ...old, held: false }, ...all], { now: '2026-06-15T05:00:00Z' });
    expect(idsOf(released.delete)).toContain(old.id);
  });

  test('B7 a snapshot that a running restore reads stays', () => {
    const old = snapshot('2010-01-01T02:00:00Z', {
      protectedBy: ['read by restore 20260615T040000Z-restore-1a2b3c4d'],
    });
    const decision = decide([old, ...dailyFrom('2026-06-01T02:00:00Z', '2026-06-15T02:00:00Z')], {
      now: '2026-06-15T05:00:00Z',
    });
    expect(reasonsFor(decision, old)).toEqual(['read by restore 20260615T040000Z-restore-1a2b3c4d']);
  });

  test('B9 when backups stop, nothing expires: not after a day, not after twenty years', () => {
    const all = dailyFrom('2026-01-01T02:00:00Z', '2026-06-15T02:00:00Z');
    for (const now of ['2026-06-16T10:00:00Z', '2026-08-01T00:00:00Z', '2046-06-15T00:00:00Z']) {
      const decision = decide(all, { now });
      expect(decision.delete).toEqual([]);
      expect(decision.frozen).toMatchObject([{ source: 's', because: 'newest-good-too-old' }]);
    }
    expect(decide(all, { now: '2026-06-16T09:00:00Z' }).delete).not.toEqual([]);
    expect(decide(all, { now: '2026-06-16T10:00:00Z' }).frozen[0]!.reason).toBe(
      'the newest good snapshot s.2026-06-15T02:00:00.000Z is 1 day 8 hours old, and the plan promises 1 day 7 hours at most',
    );
  });

  test('B9 a source that only events back up may be quiet for years', () => {
    const all = ['2020-03-01', '2020-03-02', '2020-03-03', '2020-03-04'].map((date) => snapshot(`${date}T02:00:00Z`));
    const decision = decide(all, { now: '2030-01-01T00:00:00Z', rpo: Number.POSITIVE_INFINITY });
    expect(idsOf(decision.keep)).toEqual(idsOf(all.slice(1)));
  });

  test('B16 the newest copy of its kind stays by protection, the newest good snapshot by itself', () => {
    const copy = snapshot('2011-01-01T02:00:00Z', {
      protectedBy: ['the newest copy in eu-central-1; the next would be a full one'],
    });
    const all = [copy, ...dailyFrom('2026-06-01T02:00:00Z', '2026-06-15T02:00:00Z')];
    const policy: Retention = { daily: { count: 1, unit: 'days' }, atLeast: 1 };
    const decision = decide(all, { now: '2026-06-15T05:00:00Z', policy });
    expect(idsOf(decision.keep)).toEqual(idsOf([copy, all.at(-1)!, all.at(-2)!]));
  });

  test('B10 a list that names a snapshot twice is not one to delete by', () => {
    const all = dailyFrom('2026-01-01T02:00:00Z', '2026-06-15T02:00:00Z');
    expect(() => decide([...all, all[3]!], { now: '2026-06-15T05:00:00Z' })).toThrow(/names s\.2026-01-04.* twice/);
  });
});

describe('A: a newcomer that is not good', () => {
  const all = dailyFrom('2026-01-01T02:00:00Z', '2026-06-14T02:00:00Z');

  test('A1 an empty or shrunken newcomer freezes its source', () => {
    const newcomer = flawed('2026-06-15T02:00:00Z', 'suspicious: 3 files where 20,000 were');
    const decision = decide([...all, newcomer], { now: '2026-06-15T05:00:00Z' });
    expect(decision.delete).toEqual([]);
    expect(decision.frozen).toMatchObject([{ because: 'newest-is-not-good' }]);
    expect(decision.frozen[0]!.reason).toContain(newcomer.id);
    expect(decision.frozen[0]!.reason).toContain('3 files where 20,000 were');
  });

  test('A1 a later good one thaws it; the flawed one stays for a week to be looked into, then goes', () => {
    const bad = flawed('2026-06-13T12:00:00Z');
    const settled = decide([...all, bad], { now: '2026-06-14T05:00:00Z' });
    expect(settled.frozen).toEqual([]);
    expect(settled.delete.length).toBeGreaterThan(100);
    expect(reasonsFor(settled, bad)).toEqual(['suspicious: empty; stays until 2026-06-21 to be looked into']);
    const more = dailyFrom('2026-06-15T02:00:00Z', '2026-06-21T02:00:00Z');
    const later = decide([...all, bad, ...more], { now: '2026-06-21T05:00:00Z' });
    expect(later.delete.find(({ id }) => id === bad.id)?.reason).toMatch(/^suspicious: empty; daily 2026-06-13 ended/);
  });

  test('B5 a short daily tier does not shorten the week for which a flawed snapshot stays, a long one lengthens it', () => {
    const bad = flawed('2026-06-10T12:00:00Z');
    const isKept = (now: string, daily?: Duration) => {
      const policy: Retention = { yearly: { count: 1, unit: 'years' }, atLeast: 1, ...(daily && { daily }) };
      return decide([...all, bad, snapshot('2026-06-11T02:00:00Z', { id: 's.newer' })], {
        now,
        policy,
        rpo: 99 * day,
      }).keep.some(({ id }) => id === bad.id);
    };
    expect(isKept('2026-06-17T23:00:00Z')).toBe(true);
    expect(isKept('2026-06-17T23:00:00Z', { count: 1, unit: 'days' })).toBe(true);
    expect(isKept('2026-06-18T00:00:00Z')).toBe(false);
    expect(isKept('2026-06-18T00:00:00Z', { count: 1, unit: 'days' })).toBe(false);
    expect(isKept('2026-06-18T00:00:00Z', { count: 8, unit: 'days' })).toBe(true);
  });

  test('A1 a flawed snapshot never takes the place of a good one in its bucket, however new', () => {
    const good = snapshot('2026-05-31T02:00:00Z');
    const bad = flawed('2026-05-31T22:00:00Z');
    const decision = decide([good, bad, snapshot('2026-06-15T02:00:00Z')], { now: '2026-06-15T05:00:00Z' });
    expect(reasonsFor(decision, good)).toContain('monthly 2026-05, until 2027-06-01');
    expect(idsOf(decision.delete)).toEqual([bad.id]);
  });

  test('a month of which there are only flawed snapshots keeps its newest one: mending the fault must not delete the past', () => {
    const march = ['01', '15', '31'].map((date) => flawed(`2026-03-${date}T02:00:00Z`, 'incomplete: 1 problem'));
    const decision = decide([...march, ...dailyFrom('2026-04-01T02:00:00Z', '2026-06-15T02:00:00Z')], {
      now: '2026-06-15T05:00:00Z',
    });
    expect(reasonsFor(decision, march[2]!)).toEqual([
      'monthly 2026-03, until 2027-04-01, as that has no good snapshot',
    ]);
    expect(idsOf(decision.delete)).toEqual(expect.arrayContaining(idsOf(march.slice(0, 2))));
  });

  test('without any good snapshot nothing goes', () => {
    const bad = ['2010-01-01', '2015-01-01', '2026-06-15'].map((date) => flawed(`${date}T02:00:00Z`));
    const decision = decide(bad, { now: '2026-06-15T05:00:00Z' });
    expect(idsOf(decision.keep)).toEqual(idsOf(bad));
    expect(decision.frozen).toMatchObject([{ because: 'no-good-snapshot' }]);
  });
});

describe('C: time', () => {
  test('C1 the two backups of a repeated hour are two instants of one day; the later stands for it', () => {
    const first = snapshot('2026-10-25T00:30:00Z');
    const second = snapshot('2026-10-25T01:30:00Z');
    const policy: Retention = { daily: { count: 7, unit: 'days' }, atLeast: 1 };
    const all = [first, second, snapshot('2026-10-26T01:30:00Z')];
    const decision = decide(all, { now: '2026-10-26T02:00:00Z', policy, timeZone: 'Europe/Rome' });
    expect(idsOf(decision.delete)).toEqual([first.id]);
    expect(reasonsFor(decision, second)).toEqual(['daily 2026-10-25, until 2026-11-02']);
  });

  test.each([
    ['UTC', 'monthly 2026-03'],
    ['Europe/Rome', 'monthly 2026-04'],
    ['Pacific/Kiritimati', 'monthly 2026-04'],
    ['America/New_York', 'monthly 2026-03'],
  ])('C2 in %s, 2026-03-31T22:30Z belongs to %s', (timeZone, bucket) => {
    const one = snapshot('2026-03-31T22:30:00Z');
    const decision = decide([one], { now: '2026-03-31T23:00:00Z', timeZone });
    expect(reasonsFor(decision, one).join()).toContain(`${bucket},`);
  });

  test('C2 2026-12-31T23:30Z is 2026 in UTC and 2027 in Rome', () => {
    const one = snapshot('2026-12-31T23:30:00Z');
    const yearIn = (timeZone: string) => reasonsFor(decide([one], { now: '2027-01-01T00:00:00Z', timeZone }), one)[3];
    expect(yearIn('UTC')).toBe('yearly 2026, until 2034-01-01');
    expect(yearIn('Europe/Rome')).toBe('yearly 2027, until 2035-01-01');
  });

  test.each<[string, Duration, string]>([
    ['2026-01-30T12:00:00Z', { count: 1, unit: 'months' }, '2026-02-28'],
    ['2024-01-30T12:00:00Z', { count: 1, unit: 'months' }, '2024-02-29'],
    ['2024-02-28T12:00:00Z', { count: 7, unit: 'years' }, '2031-02-28'],
    ['2024-12-31T12:00:00Z', { count: 2, unit: 'months' }, '2025-03-01'],
  ])(
    'C3 the day of %s and %o after its end is %s, clamped to the month and not run over into the next',
    (time, daily, until) => {
      const one = snapshot(time);
      const decision = decide([one], { now: time, policy: { daily, atLeast: 1 } });
      expect(reasonsFor(decision, one)[0]).toContain(`until ${until}`);
    },
  );

  test.each([
    ['2024-12-30', '2025-W01'],
    ['2027-01-01', '2026-W53'],
    ['2026-12-31', '2026-W53'],
    ['2021-01-03', '2020-W53'],
    ['2021-01-04', '2021-W01'],
  ])('C4 ISO week: %s lies in %s', (date, week) => {
    const one = snapshot(`${date}T12:00:00Z`);
    const decision = decide([one], { now: `${date}T13:00:00Z` });
    expect(reasonsFor(decision, one)[1]).toMatch(new RegExp(`^weekly ${week},`));
  });

  test('C4 ISO week: the first week of January does not collide with the last days of December', () => {
    const january = snapshot('2024-01-07T02:00:00Z');
    const december = snapshot('2024-12-29T02:00:00Z');
    const policy: Retention = { weekly: { count: 60, unit: 'weeks' }, atLeast: 1 };
    const all = [january, december, snapshot('2024-12-30T02:00:00Z')];
    expect(decide(all, { now: '2024-12-30T05:00:00Z', policy }).delete).toEqual([]);
  });

  test('C5 the last state of a year is restorable for seven years after it, to the day', () => {
    const last = snapshot('2026-12-31T02:00:00Z');
    const around = (now: string) => [last, ...dailyFrom('2033-12-20T02:00:00Z', now)];
    expect(idsOf(decide(around('2033-12-31T02:00:00Z'), { now: '2033-12-31T23:59:59Z' }).keep)).toContain(last.id);
    expect(idsOf(decide(around('2034-01-01T02:00:00Z'), { now: '2034-01-01T03:00:00Z' }).delete)).toContain(last.id);
  });

  test('C6 two snapshots of the same second are two; which of them stands for the day does not depend on their order', () => {
    const twins = ['aaaa', 'bbbb'].map((version) =>
      snapshot('2026-06-10T02:00:00Z', { id: `s.20260610T020000Z.${version}` }),
    );
    const all = [...twins, snapshot('2026-06-15T02:00:00Z')];
    const policy: Retention = { daily: { count: 7, unit: 'days' }, atLeast: 1 };
    const decision = decide(all, { now: '2026-06-15T05:00:00Z', policy });
    expect(idsOf(decision.delete)).toEqual(['s.20260610T020000Z.aaaa']);
    expect(decide(all.toReversed(), { now: '2026-06-15T05:00:00Z', policy })).toEqual(decision);
  });

  test('C8 a snapshot from the future is set apart: it stays, and stands for nothing', () => {
    const all = dailyFrom('2026-01-01T02:00:00Z', '2026-06-15T02:00:00Z');
    const future = snapshot('2031-01-01T00:00:00Z');
    const without = decide(all, { now: '2026-06-15T05:00:00Z' });
    const withIt = decide([...all, future], { now: '2026-06-15T05:00:00Z' });
    expect(withIt.delete).toEqual(without.delete);
    expect(reasonsFor(withIt, future)).toEqual(['its time lies in the future, so it is set apart']);
    expect(withIt.keep.at(-1)!.rules).toEqual([{ rule: 'future' }]);
  });

  test('C8 a flawed snapshot from the future may be the newest one there is, so it freezes', () => {
    const all = dailyFrom('2026-01-01T02:00:00Z', '2026-06-15T02:00:00Z');
    const decision = decide([...all, flawed('2026-06-15T06:00:00Z')], { now: '2026-06-15T05:00:00Z' });
    expect(decision.delete).toEqual([]);
    expect(decision.frozen).toMatchObject([{ because: 'newest-is-not-good' }]);
  });

  test('C8 of several from the future the newest is named, in whatever order they are listed', () => {
    const all = dailyFrom('2026-06-01T02:00:00Z', '2026-06-15T02:00:00Z');
    const ahead = [flawed('2026-06-15T06:00:00Z'), flawed('2026-06-15T07:00:00Z'), snapshot('2026-06-15T06:30:00Z')];
    const decision = decide([...all, ...ahead], { now: '2026-06-15T05:00:00Z' });
    expect(decision.frozen[0]!.reason).toContain(ahead[1]!.id);
    expect(decide([...ahead.toReversed(), ...all], { now: '2026-06-15T05:00:00Z' })).toEqual(decision);
  });

  test('C8 a clock that runs years ahead freezes instead of expiring', () => {
    const all = dailyFrom('2026-01-01T02:00:00Z', '2026-06-15T02:00:00Z');
    expect(decide(all, { now: '2033-06-15T05:00:00Z' }).delete).toEqual([]);
  });

  test('C8 a clock that runs behind deletes no more than the right one', () => {
    const all = dailyFrom('2026-01-01T02:00:00Z', '2026-06-15T02:00:00Z');
    const right = idsOf(decide(all, { now: '2026-06-15T05:00:00Z' }).delete);
    const behind = idsOf(decide(all, { now: '2026-06-01T05:00:00Z' }).delete);
    expect(behind.length).toBeGreaterThan(0);
    expect(right).toEqual(expect.arrayContaining(behind));
  });

  test.each<[string, Date | undefined]>([
    ['none', undefined],
    ['one that is no date', new Date(Number.NaN)],
    ['the epoch', new Date(0)],
    ['1980', new Date('1980-01-01T00:07:00Z')],
    ['2000', new Date('2000-01-01T00:07:00Z')],
  ])('C9 a snapshot whose time is %s never goes and counts for nothing', (_what, time) => {
    const all = dailyFrom('2026-01-01T02:00:00Z', '2026-06-15T02:00:00Z');
    const odd = snapshot(time, { id: 's.odd' });
    const decision = decide([odd, ...all], { now: '2026-06-15T05:00:00Z' });
    expect(reasonsFor(decision, odd)).toEqual(['its time is not known, so it is set apart']);
    expect(decision.delete).toEqual(decide(all, { now: '2026-06-15T05:00:00Z' }).delete);
    expect(decide([odd], { now: '2026-06-15T05:00:00Z' }).frozen).toMatchObject([{ because: 'no-good-snapshot' }]);
  });

  test('C9 a decision at no time, or with no RPO, is refused', () => {
    const input = {
      candidates: dailyFrom('2026-01-01T02:00:00Z', '2026-06-15T02:00:00Z'),
      policy: guidelines,
      timeZone: 'UTC',
    };
    const refused = expect.objectContaining({ name: 'PruneRefused' });
    expect(() => decideRetention({ ...input, rpo: day, now: new Date(Number.NaN) })).toThrow(refused);
    expect(() => decideRetention({ ...input, rpo: Number.NaN, now: new Date('2026-06-15T05:00:00Z') })).toThrow(
      refused,
    );
  });
});

describe('a version that later runs found unchanged', () => {
  const quiet = snapshot('2026-03-10T02:00:00Z', {
    sightings: ['2026-04-30', '2026-05-31', '2026-06-14'].map((date) => new Date(`${date}T02:00:00Z`)),
  });
  const next = snapshot('2026-06-15T02:00:00Z');

  test('is the state of the months in which it was seen, too', () => {
    const decision = decide([quiet, next], { now: '2026-06-15T05:00:00Z' });
    expect(reasonsFor(decision, quiet)).toContain('monthly 2026-05, until 2027-06-01');
  });

  test('is as fresh as it was last seen', () => {
    const policy: Retention = { daily: { count: 1, unit: 'days' }, atLeast: 1 };
    const old = snapshot('2026-01-01T02:00:00Z');
    expect(idsOf(decide([old, quiet], { now: '2026-06-14T20:00:00Z', policy }).delete)).toEqual([old.id]);
    expect(decide([old, { ...quiet, sightings: [] }], { now: '2026-06-14T20:00:00Z', policy }).delete).toEqual([]);
  });

  test('does not take the place of what was there in between', () => {
    // A commit, another one, and the first again: the state of each day is what was there at its end.
    const first = snapshot('2026-06-01T02:00:00Z', { sightings: [new Date('2026-06-03T02:00:00Z')] });
    const second = snapshot('2026-06-02T02:00:00Z');
    const decision = decide([first, second], {
      now: '2026-06-03T05:00:00Z',
      policy: { daily: guidelines.daily!, atLeast: 1 },
    });
    expect(reasonsFor(decision, second)).toEqual(['daily 2026-06-02, until 2026-06-10']);
  });

  test('sightings before it was taken, or in the future, count for nothing', () => {
    const odd = {
      ...quiet,
      sightings: [new Date('2026-01-31T02:00:00Z'), new Date('2031-01-01T00:00:00Z'), new Date(Number.NaN)],
    };
    const plain = { ...quiet, sightings: [] };
    expect(decide([odd, next], { now: '2026-06-15T05:00:00Z' })).toEqual(
      decide([plain, next], { now: '2026-06-15T05:00:00Z' }),
    );
  });
});

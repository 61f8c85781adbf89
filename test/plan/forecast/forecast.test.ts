/** A plan run forward: what can be restored on a day, what breaks the promise, what it weighs and costs. */
import { describe, expect, test } from 'vitest';
import { costOf } from '../../../src/plan/forecast/cost.ts';
import { changedWithin, footprintOf } from '../../../src/plan/forecast/footprint.ts';
import { PromiseWatch } from '../../../src/plan/forecast/watch.ts';
import {
  changeRetention,
  decideRetention,
  type Forecast,
  forecast,
  type Gap,
  type Plan,
  type PlanFrom,
  parsePlan,
  prices,
  type Scenario,
  zoneOf,
} from '../../../src/plan/index.ts';
import { dailyFrom, guidelines } from '../retention/snapshots.ts';

const planOf = (more = '', timeZone = 'UTC'): Plan =>
  parsePlan(
    `plan: p
timeZone: ${timeZone}
vault: { primary: { directory: /v } }
sources:
  - { id: s, kind: files, path: /d }
cadences: { full: never, incremental: daily at 02:00 }
retention: { daily: 7 days, weekly: 4 weeks, monthly: 12 months, yearly: 7 years, atLeast: 3 }
${more}`,
    'p.yml',
  );

interface Wish extends Partial<Omit<Scenario, 'from' | 'to' | 'looks' | 'plans'>> {
  readonly plan?: Plan;
  readonly from: string;
  readonly to: string;
  /** Local dates, looked at when they are over. */
  readonly on?: readonly string[];
  readonly changes?: readonly PlanFrom[];
}

function run({ plan = planOf(), from, to, on = [], changes = [], ...more }: Wish): Forecast {
  const zone = zoneOf(plan.timeZone);
  const start = (date: string): Date => new Date(zone.startOf(Date.parse(date) / 86_400_000));
  return forecast({
    from: start(from),
    to: start(to),
    plans: [{ from: start(from), plan }, ...changes],
    prune: { unit: 'days', count: 1, at: '05:30' },
    outages: [],
    history: [],
    sizes: new Map([['s', { bytes: 1e9, dailyChange: 0.01, yearlyGrowth: 0 }]]),
    looks: on.map((date) => new Date(start(date).getTime() + 86_399_999)),
    ...more,
  });
}

const timesOf = ({ views }: Forecast, at = 0): string[] =>
  views[at]!.sources[0]!.restorable.map(({ time }) => time!.slice(0, 16));
const gapsOf = ({ gaps }: Forecast, what: Gap['what']): Gap[] => gaps.filter((gap) => gap.what === what);

describe('what can be restored on a day', () => {
  test('is what retention keeps of everything at once: a prune every day comes to the same as one in the end', () => {
    const found = run({ from: '2024-01-01', to: '2026-06-16', on: ['2026-06-15'] });
    const all = dailyFrom('2024-01-01T02:00:00Z', '2026-06-15T02:00:00Z');
    const now = new Date('2026-06-15T23:59:59.999Z');
    const { keep } = decideRetention({
      ...{ candidates: all, policy: guidelines, timeZone: 'UTC', rpo: 31 * 3_600_000, now },
    });
    // The first snapshot of all is taken by the sweep, minutes after the beginning.
    expect(timesOf(found)).toEqual(keep.map(({ time }) => time!.slice(0, 16)));
    expect(timesOf(found)).toHaveLength(23);
    expect(found.gaps).toEqual([]);
    expect(found.views[0]!.sources[0]!.restorable[9]!.tiers).toEqual([
      { tier: 'weekly', bucket: 'weekly 2026-W22', until: '2026-06-29T00:00:00.000Z' },
      { tier: 'monthly', bucket: 'monthly 2026-05', until: '2027-06-01T00:00:00.000Z' },
    ]);
  });

  test('begins with what is there already', () => {
    const history = dailyFrom('2026-01-01T02:00:00Z', '2026-06-01T02:00:00Z');
    const found = run({ from: '2026-06-02', to: '2026-06-20', on: ['2026-06-19'], history });
    expect(timesOf(found)).toContain('2026-01-31T02:00');
    expect(found.taken).toBe(18);
  });

  test('C1 by the clocks of the plan: one state of the night that lacks 02:30 and one of the night that has it twice', () => {
    const plan = planOf('', 'Europe/Rome');
    const at = { ...plan, sources: plan.sources.map((one) => ({ ...one, cadences: half(one.cadences) })) };
    const spring = run({ plan: at, from: '2026-03-27', to: '2026-04-01', on: ['2026-03-31'] });
    expect(timesOf(spring).slice(1, 4)).toEqual(['2026-03-30T00:30', '2026-03-29T01:00', '2026-03-28T01:30']);
    const autumn = run({ plan: at, from: '2026-10-23', to: '2026-10-28', on: ['2026-10-27'] });
    expect(timesOf(autumn).slice(1, 4)).toEqual(['2026-10-26T01:30', '2026-10-25T00:30', '2026-10-24T00:30']);
    expect([...spring.gaps, ...autumn.gaps]).toEqual([]);
  });
});

const half = (cadences: Plan['sources'][number]['cadences']) => ({
  ...cadences,
  incremental: { unit: 'days', count: 1, at: '02:30' } as const,
});

describe('what breaks the promise is told', () => {
  const silence = { from: new Date('2026-03-01T00:00:00Z'), to: new Date('2026-03-11T00:00:00Z') };

  test('nothing runs: days without a state, lateness, and the sweep that comes first when it is over', () => {
    const found = run({ from: '2026-01-01', to: '2026-04-01', outages: [silence], on: ['2026-03-12'] });
    expect(gapsOf(found, 'empty')).toMatchObject([
      { tier: 'daily', from: '2026-03-01', to: '2026-03-10', count: 10 },
      { tier: 'weekly', from: '2026-03-02', to: '2026-03-08', count: 1 },
    ]);
    expect(gapsOf(found, 'late')).toMatchObject([{ from: '2026-03-01T09:00:00.000Z', to: '2026-03-11T00:07:00.000Z' }]);
    expect(timesOf(found)).toContain('2026-03-11T00:07');
    expect(gapsOf(found, 'lost')).toEqual([]);
  });

  test('B9 one source fails while prunes go on: it is frozen, and what it had is there after a month', () => {
    const outage = { source: 's', from: new Date('2026-03-01T00:00:00Z'), to: new Date('2026-04-01T00:00:00Z') };
    const found = run({ from: '2026-01-01', to: '2026-04-01', outages: [outage], on: ['2026-03-02', '2026-03-31'] });
    expect(timesOf(found, 1)).toEqual(timesOf(found, 0));
    expect(gapsOf(found, 'frozen')).toMatchObject([{ source: 's', from: '2026-03-02T05:30:00.000Z', count: 30 }]);
    expect(gapsOf(found, 'late').at(-1)).toMatchObject({ to: '2026-04-01T00:00:00.000Z' });
  });

  test('a longer policy cannot bring back what a shorter one has deleted, and says for how long', () => {
    const from = new Date('2026-06-15T00:00:00Z');
    const changes = [{ from, plan: changeRetention(planOf(), 'daily=30 days', 'change') }];
    const found = run({ from: '2026-01-01', to: '2026-09-01', changes, on: ['2026-08-31'] });
    const [lost, ...more] = gapsOf(found, 'lost');
    expect(more).toEqual([]);
    // Of 16 May to 6 June: 31 May stands for its month, 17 and 24 May are gone as their weeks are.
    expect(lost).toMatchObject({ source: 's', tier: 'daily', from: '2026-06-15T05:30:00.000Z' });
    expect(lost!.count).toBeGreaterThan(15);
    expect(lost!.to < '2026-07-08').toBe(true);
    expect(timesOf(found).filter((time) => time > '2026-08-01')).toHaveLength(31);
  });

  test('a policy that would delete too much at once is refused, and says so until a person acts', () => {
    const long = changeRetention(planOf(), 'daily=60 days', 'change');
    const changes = [{ from: new Date('2026-06-15T00:00:00Z'), plan: planOf() }];
    const found = run({ plan: long, from: '2026-01-01', to: '2026-07-01', changes });
    expect(gapsOf(found, 'refused')).toMatchObject([{ source: 's', from: '2026-06-15T05:30:00.000Z', count: 16 }]);
  });

  test('days that the cadences leave out', () => {
    const plan = planOf();
    const weekly = {
      ...plan,
      sources: plan.sources.map((one) => ({
        ...one,
        cadences: {
          ...one.cadences,
          incremental: 'never' as const,
          full: { unit: 'weeks', count: 1, on: 'sunday', at: '03:00' } as const,
        },
      })),
    };
    const found = run({ plan: weekly, from: '2026-01-01', to: '2026-03-01' });
    expect(gapsOf(found, 'empty').filter(({ tier }) => tier === 'daily').length).toBeGreaterThan(7);
    expect(gapsOf(found, 'empty').filter(({ tier }) => tier === 'weekly')).toEqual([]);
  });

  test('a state that goes before its time, whoever took it', () => {
    const watch = new PromiseWatch();
    const plan = planOf();
    for (const { id, time } of dailyFrom('2026-05-01T02:00:00Z', '2026-06-15T02:00:00Z'))
      watch.taken('s', id, time!, plan);
    const now = new Date('2026-06-15T05:30:00Z');
    watch.check(now, plan, () => true);
    expect(watch.lost()).toEqual([]);
    watch.check(now, plan, (id) => id !== 's.2026-05-31T02:00:00.000Z' && id !== 's.2026-06-09T02:00:00.000Z');
    expect(watch.lost().map(({ tier, bucket }) => `${tier} ${bucket}`)).toEqual([
      'daily 2026-06-09',
      'weekly 2026-W22',
      'monthly 2026-05',
    ]);
  });
});

describe('bytes and dollars', () => {
  test('each snapshot counts once, and all of them make the total', () => {
    const [view] = run({ from: '2024-01-01', to: '2026-06-16', on: ['2026-06-15'] }).views;
    const { total, ...shares } = view!.bytes;
    expect(Object.values(shares).reduce((sum, bytes) => sum + bytes, 0)).toBe(total);
    expect(shares.newest).toBe(1e9);
    expect(view!.sources[0]!.restorable.reduce((sum, { bytes }) => sum + bytes, 0)).toBe(total);
    // Seven days of a hundredth each, the eighth as the newest.
    expect(shares.daily / 1e9).toBeCloseTo(7 * 0.01, 6);
  });

  test('an older snapshot weighs what has changed since, whatever lies between two that are kept', () => {
    const size = { bytes: 1e9, dailyChange: 0.01, yearlyGrowth: 0 };
    expect(changedWithin(size, 86_400_000)).toBeCloseTo(0.01, 12);
    const kept = (time: string) => ({ id: time, source: 's', time, reasons: [], rules: [] });
    const { sum } = footprintOf([kept('2026-02-10T00:00:00Z'), kept('2026-01-11T00:00:00Z')], size, 0);
    expect(sum.other).toBe(Math.round(1e9 * (1 - 0.99 ** 30)));
  });

  test('dollars by hand: 100 GB in two regions, 2 GB of it new each day', () => {
    const { vault } = parsePlan(
      `plan: p
vault: { primary: { s3: { bucket: aaa, region: eu-west-1 } }, replicas: [{ s3: { bucket: bbb, region: eu-central-1 } }] }
sources: [{ id: s, kind: files, path: /d }]
retention: { daily: 7 days }`,
      'p.yml',
    );
    const cost = costOf({ vault }, { bytes: 100e9, newBytesPerDay: 2e9, snapshotsPerDay: 1 });
    expect(cost.places[0]).toMatchObject({ storage: 2.3, transfer: 0 });
    expect(cost.places[1]).toMatchObject({ storage: 2.3, transfer: 1.2175 });
    expect(cost.places[0]!.requests).toBeCloseTo((((2e9 / 2 ** 25 + 16) * 365.25) / 12 / 1000) * 0.005, 3);
    expect(cost.total).toBeCloseTo(2.3 + 2.3 + 1.2175 + 2 * cost.places[0]!.requests, 4);
  });

  test('every price says where it was read, and when', () => {
    for (const [name, { usd, source, read }] of Object.entries(prices)) {
      expect(usd, name).toBeGreaterThan(0);
      expect(source, name).toMatch(/^https:\/\//);
      expect(read, name).toMatch(/^20\d\d-\d\d$/);
    }
  });
});

describe('a change of retention in one line', () => {
  test('goes over what every source has', () => {
    const [source] = changeRetention(planOf(), 'daily = 14 days, yearly=none', 'x').sources;
    expect(source!.retention).toEqual({ ...guidelines, daily: { count: 14, unit: 'days' }, yearly: undefined });
  });

  test.each([
    ['daily=14 dais', /did you mean `days`/],
    ['dayly=14 days', /did you mean `daily`/],
    ['daily=0 days', /write a whole number/],
    ['daily=none,weekly=none,monthly=none,yearly=none', /keeps nothing/],
    ['daily', /./],
    ['daily=1 days\nsources: []', /./],
  ])('B4 a mistake in it is one, as in a plan: %s', (change, says) => {
    expect(() => changeRetention(planOf(), change, '--policy-change')).toThrow(says);
  });
});

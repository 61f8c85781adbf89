/** Retention over years: against the model, and against tables that a person has read. */
import { describe, expect, test } from 'vitest';
import type { Retention } from '../../../src/plan/plan.ts';
import { Calendar, Model } from './model.ts';
import { guidelines } from './snapshots.ts';
import { type Fate, liveThrough, type Moment } from './ten-years.ts';

const seeds = Array.from({ length: 50 }, (_, seed) => seed);
const zones = ['UTC', 'Europe/Rome', 'America/New_York', 'Pacific/Kiritimati', 'Australia/Lord_Howe'];
const odd: Retention = {
  daily: { count: 1, unit: 'months' },
  weekly: { count: 10, unit: 'days' },
  yearly: { count: 14, unit: 'months' },
  atLeast: 5,
};
const fateOf = (seed: number, more: Partial<Fate> = {}): Fate => ({
  seed,
  timeZone: zones[seed % zones.length]!,
  policy: seed % 3 === 2 ? odd : guidelines,
  years: 10,
  missed: [0, 3, 10, 40][seed % 4]!,
  flawed: [0, 0, 5, 30][(seed >> 1) % 4]!,
  outages: [0, 2, 10][seed % 3]!,
  pruneEvery: 20,
  ...more,
});

test.each(seeds)(
  'C5 seed %i: over ten years of failures, no last good state goes before its time, and nothing stays without need',
  (seed) => {
    const fate = fateOf(seed);
    const model = new Model(fate.policy, fate.timeZone);
    let [known, deleted, compared, prunes] = [0, 0, 0, 0];
    liveThrough(fate, ({ now, taken, decision, left }) => {
      for (const one of taken.slice(known)) model.take(one);
      known = taken.length;
      prunes += 1;
      const byId = new Map(decision.delete.length > 0 ? taken.map((one) => [one.id, one]) : []);
      for (const { id } of decision.delete) {
        deleted += 1;
        const broken = model.promisesOf(byId.get(id)!, now);
        if (broken.length > 0)
          expect.fail(`seed ${seed}: at ${now.toISOString()} ${id} goes, the last good state of ${broken}`);
      }
      if (decision.frozen.length > 0 || prunes % 11 !== 0) return;
      compared += 1;
      const there = left.map(({ id }) => id).sort();
      const should = [...model.shouldBeThere(now)].sort();
      if (there.join() !== should.join()) expect(there, `seed ${seed} at ${now.toISOString()}`).toEqual(should);
    });
    // Where everything goes wrong, prune is frozen most of the time; something happens all the same.
    expect(deleted).toBeGreaterThan(500);
    expect(compared).toBeGreaterThan(5);
  },
);

describe('tables of ten years', () => {
  const fates: [string, Partial<Fate>][] = [
    ['utc', { timeZone: 'UTC', missed: 0, flawed: 0, outages: 0, pruneEvery: 1 }],
    ['rome-with-failures', { timeZone: 'Europe/Rome', missed: 10, flawed: 5, outages: 4, pruneEvery: 3 }],
    ['new-york', { timeZone: 'America/New_York', missed: 3, flawed: 0, outages: 0, pruneEvery: 1 }],
    ['kiritimati', { timeZone: 'Pacific/Kiritimati', missed: 0, flawed: 0, outages: 0, pruneEvery: 1 }],
    ['lord-howe-with-failures', { timeZone: 'Australia/Lord_Howe', missed: 10, flawed: 5, outages: 4, pruneEvery: 3 }],
  ];

  test.each(fates)('%s', async (name, more) => {
    const fate = fateOf(7, { ...more, policy: guidelines });
    // The first prune on or after each of these, in the plan's time zone.
    const dates = [
      '2024-01-01',
      '2024-03-01',
      '2025-01-01',
      '2026-03-30',
      '2028-02-29',
      '2031-01-02',
      '2032-12-31',
      '2033-06-15',
    ];
    const calendar = new Calendar(fate.timeZone);
    const tables: string[] = [];
    liveThrough(fate, (moment) => {
      if (dates.length === 0 || calendar.dateOf(moment.now) < dates[0]!) return;
      tables.push(tableOf(moment, calendar));
      dates.shift();
    });
    expect(tables).toHaveLength(8);
    const head = `Kept by 7 days, 4 weeks, 12 months, 7 years, at least 3; daily at 02:00 in ${fate.timeZone}; seed ${fate.seed}.
Missed ${fate.missed} of 100 days, ${fate.flawed} of 100 snapshots flawed, ${fate.outages} outages begin in 1000 days.
`;
    await expect([head, ...tables].join('\n')).toMatchFileSnapshot(`../../fixtures/retention/${name}.txt`);
  });
});

function tableOf({ now, decision, taken }: Moment, calendar: Calendar): string {
  const flaws = new Set(taken.filter(({ good }) => !good).map(({ id }) => id));
  const rows = decision.keep.map(({ id, time, reasons }) => {
    const mark = flaws.has(id) ? 'flawed ' : '';
    return `  ${calendar.dateOf(new Date(time!))}  ${mark}${reasons.join('; ')}`;
  });
  const head = `${calendar.dateOf(now)}: ${taken.length} taken, ${decision.keep.length} kept, ${decision.delete.length} deleted`;
  return [head, ...decision.frozen.map(({ reason }) => `  frozen: ${reason}`), ...rows, ''].join('\n');
}

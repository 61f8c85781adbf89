/** When backups are due, and whether the deployed scheduler would start them then. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Every, Interval } from '../../src/plan/cadence/every.ts';
import { scheduleExpression } from '../../src/plan/cadence/schedule.ts';
import {
  dueSlot,
  lastSlot,
  nextSlot,
  parsePlan,
  rpoOf,
  type SourcePlan,
  schedulesOf,
  slotsBetween,
  slotsOf,
} from '../../src/plan/index.ts';
import { firings } from './event-bridge.ts';
import { day, hour } from './retention/snapshots.ts';

const minute = 60_000;
const zones = [
  'UTC',
  'Europe/Rome',
  'America/New_York',
  'Australia/Lord_Howe',
  'Pacific/Kiritimati',
  'Africa/Casablanca',
];
const at = (text: string) => new Date(text);
const iso = (times: readonly Date[]) => times.map((time) => time.toISOString());

const cadences: [string, Interval][] = [
  ['every 15 minutes', { unit: 'minutes', count: 15 }],
  ['every 6 hours', { unit: 'hours', count: 6 }],
  ['daily at 02:30', { unit: 'days', count: 1, at: '02:30' }],
  ['daily at midnight', { unit: 'days', count: 1, at: '00:00' }],
  ['weekly on Sunday at 02:30', { unit: 'weeks', count: 1, on: 'sunday', at: '02:30' }],
  ['monthly on the 28th at 23:55', { unit: 'months', count: 1, on: 28, at: '23:55' }],
];

function source(text = ''): SourcePlan {
  const plan = parsePlan(
    `plan: p\nvault: { primary: { directory: /v } }\nretention: { daily: 7 days }\nsources: [{ id: s, kind: files, path: /data }]\n${text}`,
    'plan.yml',
  );
  return plan.sources[0]!;
}

describe('slots', () => {
  const daily: Every = { unit: 'days', count: 1, at: '02:30' };

  test('C1 02:30 in Rome on 2026-03-29 does not exist: one backup, at the first instant after the gap', () => {
    expect(iso(slotsBetween(daily, 'Europe/Rome', at('2026-03-28T12:00Z'), at('2026-03-30T12:00Z')))).toEqual([
      '2026-03-29T01:00:00.000Z',
      '2026-03-30T00:30:00.000Z',
    ]);
  });

  test('C1 02:30 in Rome on 2026-10-25 comes twice: one backup, the first time', () => {
    expect(iso(slotsBetween(daily, 'Europe/Rome', at('2026-10-24T12:00Z'), at('2026-10-26T12:00Z')))).toEqual([
      '2026-10-25T00:30:00.000Z',
      '2026-10-26T01:30:00.000Z',
    ]);
  });

  test('C1 a date that a zone leaves out altogether shares its slot with the next: never two at one instant', () => {
    const midnight: Every = { unit: 'days', count: 1, at: '00:00' };
    expect(iso(slotsBetween(midnight, 'Pacific/Apia', at('2011-12-29T12:00Z'), at('2012-01-01T00:00Z')))).toEqual([
      '2011-12-30T10:00:00.000Z',
      '2011-12-31T10:00:00.000Z',
    ]);
  });

  test.each(zones)(
    'C1 in %s every date of ten years has exactly one daily slot, and every Sunday one weekly',
    (timeZone) => {
      const [from, to] = [at('2024-01-01T00:00Z'), at('2034-01-01T00:00Z')];
      const format = new Intl.DateTimeFormat('sv-SE', { timeZone });
      const dates = (every: Every) => slotsBetween(every, timeZone, from, to).map((time) => format.format(time));
      const days = dates(daily);
      expect(new Set(days).size).toBe(days.length);
      expect(days.length).toBeGreaterThanOrEqual(3652);
      expect(days.length).toBeLessThanOrEqual(3654);
      const weeks = dates({ unit: 'weeks', count: 1, on: 'sunday', at: '02:30' });
      expect(weeks.every((date) => new Date(`${date}T00:00Z`).getUTCDay() === 0)).toBe(true);
      expect([521, 522]).toContain(weeks.length);
    },
  );

  test('windows laid end to end miss no slot and repeat none', () => {
    const time = fc.integer({ min: Date.parse('2025-01-01'), max: Date.parse('2027-01-01') });
    fc.assert(
      fc.property(
        fc.constantFrom(...cadences),
        fc.constantFrom(...zones),
        time,
        time,
        time,
        ([, every], zone, ...times) => {
          const [a, b, c] = times.toSorted((x, y) => x - y).map((ms) => new Date(ms)) as [Date, Date, Date];
          if (c.getTime() - a.getTime() > 90 * day) return;
          const whole = slotsBetween(every, zone, a, c);
          expect([...slotsBetween(every, zone, a, b), ...slotsBetween(every, zone, b, c)]).toEqual(whole);
        },
      ),
      { numRuns: 200 },
    );
  });

  test.each(cadences)(
    '%s: the last slot has come, the next is the first to come, and nothing lies between',
    (_name, every) => {
      fc.assert(
        fc.property(
          fc.constantFrom(...zones),
          fc.integer({ min: Date.parse('2025-01-01'), max: Date.parse('2030-01-01') }),
          (zone, ms) => {
            const now = new Date(ms);
            const [last, next] = [lastSlot(every, zone, now)!, nextSlot(every, zone, now)!];
            expect(last.getTime()).toBeLessThanOrEqual(ms);
            expect(next.getTime()).toBeGreaterThan(ms);
            expect(slotsBetween(every, zone, last, next)).toEqual([next]);
            expect(lastSlot(every, zone, last)).toEqual(last);
          },
        ),
        { numRuns: 100 },
      );
    },
  );

  test('never has no slots', () => {
    expect(slotsBetween('never', 'UTC', at('2020-01-01'), at('2030-01-01'))).toEqual([]);
    expect([lastSlot('never', 'UTC', at('2030-01-01')), nextSlot('never', 'UTC', at('2030-01-01'))]).toEqual([
      undefined,
      undefined,
    ]);
  });

  test('where two cadences of a source fall on one instant, the stronger stands for both', () => {
    const twice = source('cadences: { full: weekly on monday at 02:00, incremental: daily at 02:00 }');
    const week = slotsOf(twice, 'UTC', at('2026-06-13T12:00Z'), at('2026-06-16T12:00Z'));
    expect(week.map(({ cadence, time }) => [cadence, time.toISOString()])).toEqual([
      ['incremental', '2026-06-14T02:00:00.000Z'],
      ['full', '2026-06-15T02:00:00.000Z'],
      ['incremental', '2026-06-16T02:00:00.000Z'],
    ]);
  });
});

describe('the deployed scheduler', () => {
  test.each([
    ['UTC', 'cron(0/15 * * * ? *)', { unit: 'minutes', count: 15 }],
    ['UTC', 'cron(0 0/6 * * ? *)', { unit: 'hours', count: 6 }],
    ['Europe/Rome', 'cron(30 2 * * ? *)', { unit: 'days', count: 1, at: '02:30' }],
    ['Europe/Rome', 'cron(0 3 ? * SUN *)', { unit: 'weeks', count: 1, on: 'sunday', at: '03:00' }],
    ['Europe/Rome', 'cron(5 4 28 * ? *)', { unit: 'months', count: 1, on: 28, at: '04:05' }],
  ] as const)('in %s, %s', (timeZone, expression, every) => {
    expect(scheduleExpression(every, 'Europe/Rome')).toEqual({ expression, timeZone });
  });

  test.each(cadences)(
    'C1 %s: it starts each slot on time, but for those that the clocks skip, and nothing else',
    (_name, every) => {
      const [from, to] = [at('2026-01-01T00:00Z'), at('2027-01-01T00:00Z')];
      for (const zone of zones) {
        const { expression, timeZone } = scheduleExpression(every, zone)!;
        const slots = slotsBetween(every, zone, from, to).map((time) => time.getTime());
        const started = new Set(firings(expression, timeZone, from, to));
        const late = slots.filter((slot) => !started.has(slot));
        expect([...started].filter((time) => !slots.includes(time))).toEqual([]);
        // At most once in spring and, where there is Ramadan time, once more.
        expect(late.length).toBeLessThanOrEqual(2);
        for (const slot of late) {
          const sweep = schedulesOf({ sources: [], timeZone: zone })[0]!;
          const answered = firings(sweep.expression, sweep.timeZone, new Date(slot - 1), new Date(slot + hour));
          expect(answered).toHaveLength(1);
        }
      }
    },
    20_000,
  );

  test('C1 02:30 in Rome on 2026-03-29: the Scheduler leaves it out, the sweep finds it due, once', () => {
    const plan = {
      timeZone: 'Europe/Rome',
      sources: [source('cadences: { full: never, incremental: daily at 02:30 }')],
    };
    const [incremental, sweep] = schedulesOf(plan);
    const [from, to] = [at('2026-03-28T12:00Z'), at('2026-03-29T12:00Z')];
    expect(firings(incremental!.expression, incremental!.timeZone, from, to)).toEqual([]);
    let latest = at('2026-03-28T01:30:00Z');
    const runs: string[] = [];
    for (const time of firings(sweep!.expression, sweep!.timeZone, from, to)) {
      const due = dueSlot(plan.sources[0]!, plan.timeZone, new Date(time), { incremental: latest });
      if (!due) continue;
      runs.push(`${due.time.toISOString()} at ${new Date(time).toISOString()}`);
      latest = new Date(time);
    }
    expect(runs).toEqual(['2026-03-29T01:00:00.000Z at 2026-03-29T01:07:00.000Z']);
  });

  test('sources that differ in a cadence get a schedule each, sources that agree share one', () => {
    const plan = parsePlan(
      `plan: p
timeZone: Europe/Rome
vault: { primary: { directory: /v } }
retention: { daily: 7 days }
sources:
  - { id: a, kind: files, path: /a }
  - { id: b, kind: files, path: /b, cadences: { incremental: 6 hours } }
  - { id: c, kind: files, path: /c }
  - { id: d, kind: files, path: /d, cadences: { full: never, incremental: never } }
`,
      'plan.yml',
    );
    expect(schedulesOf(plan)).toEqual([
      {
        name: 'full',
        expression: 'cron(0 3 ? * SUN *)',
        timeZone: 'Europe/Rome',
        input: { cadence: 'full', sources: ['a', 'b', 'c'] },
      },
      {
        name: 'incremental',
        expression: 'cron(0 2 * * ? *)',
        timeZone: 'Europe/Rome',
        input: { cadence: 'incremental', sources: ['a', 'c'] },
      },
      {
        name: 'incremental-2',
        expression: 'cron(0 0/6 * * ? *)',
        timeZone: 'UTC',
        input: { cadence: 'incremental', sources: ['b'] },
      },
      { name: 'sweep', expression: 'cron(7 * * * ? *)', timeZone: 'UTC', input: { due: true } },
    ]);
  });
});

describe('what is due', () => {
  const files = source();
  const due = (now: string, latest: Parameters<typeof dueSlot>[3]) => {
    const slot = dueSlot(files, 'UTC', at(now), latest);
    return slot && `${slot.cadence} ${slot.time.toISOString()}`;
  };

  test('a source that was never backed up owes a full', () => {
    expect(due('2026-06-17T12:00Z', {})).toBe('full 2026-06-14T03:00:00.000Z');
  });

  test('what is answered is not due; a stronger or a change snapshot answers too', () => {
    const full = at('2026-06-14T03:00:05Z');
    expect(due('2026-06-17T12:00Z', { full })).toBe('incremental 2026-06-17T02:00:00.000Z');
    expect(due('2026-06-17T12:00Z', { full, incremental: at('2026-06-17T02:00:03Z') })).toBeUndefined();
    expect(due('2026-06-17T12:00Z', { full, change: at('2026-06-17T11:00:00Z') })).toBeUndefined();
    expect(due('2026-06-17T12:00Z', { full: at('2026-06-17T02:00:00Z') })).toBeUndefined();
    expect(due('2026-06-17T12:00Z', { incremental: at('2026-06-17T02:00:03Z') })).toBe('full 2026-06-14T03:00:00.000Z');
  });
});

describe('RPO', () => {
  test.each([
    ['the guidelines', '', 31 * hour],
    ['weekly only', 'cadences: { incremental: never }', 7 * day + 7 * hour],
    ['monthly only', 'cadences: { full: monthly, incremental: never }', 31 * day + 7 * hour],
    ['every six hours', 'cadences: { incremental: 6 hours }', 12 * hour],
    ['every ten minutes', 'cadences: { incremental: 10 minutes }', 20 * minute],
    ['only changes', 'cadences: { full: never, incremental: never }', Number.POSITIVE_INFINITY],
  ])('%s', (_name, text, expected) => {
    expect(rpoOf(source(text))).toBe(expected);
  });

  test('a run that keeps its slots and takes no longer than it may never breaks it, in any zone', () => {
    for (const [, every] of cadences) {
      for (const zone of zones) {
        const rpo = rpoOf({ cadences: { full: every, incremental: 'never', logs: 'never', change: 'never' } });
        const slots = slotsBetween(every, zone, at('2026-01-01'), at('2028-01-01')).map((time) => time.getTime());
        const longest = Math.max(...slots.slice(1).map((slot, before) => slot - slots[before]!));
        expect(longest).toBeLessThan(rpo);
      }
    }
  });
});

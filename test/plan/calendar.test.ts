/** Local time, dates and durations, held against other ways of reckoning them. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isoDate, isoWeekOf } from '../../src/plan/calendar/date.ts';
import { addDuration, isDuration } from '../../src/plan/calendar/duration.ts';
import { zoneOf } from '../../src/plan/calendar/zone.ts';
import { day, hour } from './retention/snapshots.ts';

const allZones = Intl.supportedValuesOf('timeZone');
const someZones = [
  'UTC',
  'Europe/Rome',
  'America/St_Johns',
  'Australia/Lord_Howe',
  'Pacific/Apia',
  'Africa/Casablanca',
  'Asia/Gaza',
];
const timeBetween = (from: string, to: string) => fc.integer({ min: Date.parse(from), max: Date.parse(to) });

/** `2026-03-29 01:59:59` in the zone, from `Intl` directly. */
function wallClock(time: number, timeZone: string): string {
  const format =
    formats.get(timeZone) ?? new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short', timeStyle: 'medium' });
  formats.set(timeZone, format);
  return format.format(time);
}
const formats = new Map<string, Intl.DateTimeFormat>();

describe('zones', () => {
  test('every zone of the world shows the wall clock that Intl shows', () => {
    fc.assert(
      fc.property(fc.constantFrom(...allZones), timeBetween('2001-01-01', '2080-01-01'), (name, time) => {
        const local = new Date(time + zoneOf(name).offsetAt(time));
        expect(local.toISOString().slice(0, 19).replace('T', ' ')).toBe(wallClock(time, name));
      }),
      { numRuns: 400 },
    );
  });

  test.each(someZones)('%s: around every change of the clocks, to the second', (name) => {
    const zone = zoneOf(name);
    for (let time = Date.UTC(2009, 0); time < Date.UTC(2031, 0); time += day) {
      if (zone.offsetAt(time) === zone.offsetAt(time + day)) continue;
      for (let at = time; at < time + day; at += hour / 2) {
        for (const instant of [at - 1000, at, at + 1000]) {
          const local = new Date(instant + zone.offsetAt(instant)).toISOString().slice(0, 19).replace('T', ' ');
          expect(local).toBe(wallClock(instant, name));
        }
      }
    }
  });

  test('a local time that exists is found again; one that does not becomes the first instant after the gap', () => {
    fc.assert(
      fc.property(fc.constantFrom(...allZones), timeBetween('2001-01-01', '2080-01-01'), (name, local) => {
        const zone = zoneOf(name);
        const [first, last] = [zone.instantOf(local, 'first'), zone.instantOf(local, 'last')];
        expect(first).toBeLessThanOrEqual(last);
        const shown = first + zone.offsetAt(first);
        if (shown !== local) {
          expect(shown).toBeGreaterThan(local);
          expect(first - 1 + zone.offsetAt(first - 1)).toBeLessThan(local);
        }
      }),
      { numRuns: 400 },
    );
  });

  test.each([
    ['Europe/Rome', '2026-03-29T02:30', 'first', '2026-03-29T01:00:00.000Z'],
    ['Europe/Rome', '2026-10-25T02:30', 'first', '2026-10-25T00:30:00.000Z'],
    ['Europe/Rome', '2026-10-25T02:30', 'last', '2026-10-25T01:30:00.000Z'],
    ['Australia/Lord_Howe', '2026-10-04T02:15', 'first', '2026-10-03T15:30:00.000Z'],
    // Samoa had no 30 December 2011.
    ['Pacific/Apia', '2011-12-30T12:00', 'first', '2011-12-30T10:00:00.000Z'],
    // Newfoundland used to put its clocks back a minute after midnight.
    ['America/St_Johns', '2010-11-07T00:00', 'first', '2010-11-07T02:30:00.000Z'],
    ['America/St_Johns', '2010-11-07T00:00', 'last', '2010-11-07T03:30:00.000Z'],
  ] as const)('C1 %s %s, the %s: %s', (name, local, which, instant) => {
    expect(new Date(zoneOf(name).instantOf(Date.parse(`${local}Z`), which)).toISOString()).toBe(instant);
  });

  test('a day without a midnight begins when its clocks begin', () => {
    const start = zoneOf('Africa/Cairo').startOf(Date.UTC(2026, 3, 24) / day);
    expect(wallClock(start, 'Africa/Cairo')).toBe('2026-04-24 01:00:00');
    expect(wallClock(start - 1000, 'Africa/Cairo')).toBe('2026-04-23 23:59:59');
  });

  test('a name that is no zone is refused', () => {
    expect(() => zoneOf('Europe/Romme')).toThrow(expect.objectContaining({ name: 'PlanInvalid' }));
  });
});

describe('durations', () => {
  const date = (text: string) => Date.parse(text) / day;

  test.each([
    ['2026-01-31', 1, 'months', '2026-02-28'],
    ['2024-01-31', 1, 'months', '2024-02-29'],
    ['2024-02-29', 7, 'years', '2031-02-28'],
    ['2024-02-29', 12, 'months', '2025-02-28'],
    ['2026-08-31', 6, 'months', '2027-02-28'],
    ['2026-12-31', 2, 'months', '2027-02-28'],
    ['2026-12-01', 1, 'months', '2027-01-01'],
    ['2026-12-31', 7, 'days', '2027-01-07'],
    ['2026-12-28', 4, 'weeks', '2027-01-25'],
  ] as const)('C3 %s and %i %s is %s', (from, count, unit, to) => {
    expect(isoDate(addDuration(date(from), { count, unit }))).toBe(to);
  });

  test('C3 a later date, or a longer duration, never ends earlier', () => {
    const unit = fc.constantFrom('days', 'weeks', 'months', 'years' as const);
    const someDate = fc.integer({ min: date('2001-01-01'), max: date('2100-01-01') });
    fc.assert(
      fc.property(someDate, unit, fc.integer({ min: 1, max: 90 }), (from, of, count) => {
        const end = addDuration(from, { count, unit: of });
        expect(end).toBeGreaterThan(from);
        expect(addDuration(from + 1, { count, unit: of })).toBeGreaterThanOrEqual(end);
        expect(addDuration(from, { count: count + 1, unit: of })).toBeGreaterThan(end);
      }),
    );
  });

  test.each([
    {},
    null,
    { count: 1 },
    { count: 1, unit: 'minutes' },
    { count: 0, unit: 'days' },
    { count: 101, unit: 'years' },
  ])('B4 %o is not a duration', (value) => {
    expect(isDuration(value)).toBe(false);
  });
});

test('C4 ISO week: every day of a century counts on from the day before', () => {
  // Counting from 2001-01-01, a Monday and the first day of a year: a year has 53 weeks when it begins or ends on a Thursday.
  let [year, week] = [2001, 1];
  const isLong = (of: number) =>
    [new Date(Date.UTC(of, 0, 1)), new Date(Date.UTC(of, 11, 31))].some((at) => at.getUTCDay() === 4);
  for (let monday = Date.UTC(2001, 0, 1) / day; monday < Date.UTC(2101, 0, 1) / day; monday += 7) {
    const name = `${year}-W${String(week).padStart(2, '0')}`;
    const days = [0, 1, 2, 3, 4, 5, 6].map((weekday) => isoWeekOf(monday + weekday));
    if (days.some((of) => of.monday !== monday || of.name !== name))
      expect(days).toEqual(days.map(() => ({ monday, name })));
    week += 1;
    if (week > (isLong(year) ? 53 : 52)) [year, week] = [year + 1, 1];
  }
});

/**
 * When backups are due: a slot is the exact instant at which a cadence asks for one. Pure calendar, so that the ledger, the
 * local scheduler and the deployed one agree. A local time that the clocks skip is due at the first instant after the gap;
 * one that comes twice is due the first time: one slot either way, never none and never two.
 */
import { dayOfMonth, weekdayOf } from '../calendar/date.ts';
import { day, zoneOf } from '../calendar/zone.ts';
import type { SourcePlan } from '../plan.ts';
import {
  type Every,
  gridOf,
  type Interval,
  type PeriodicCadence,
  periodicCadences,
  timeOfDay,
  weekdays,
} from './every.ts';

export interface Slot {
  readonly source: string;
  readonly cadence: PeriodicCadence;
  readonly time: Date;
}

/** Every slot after `from` and up to `to`, that one included: windows laid end to end miss none and repeat none. */
export function slotsBetween(every: Every, timeZone: string, from: Date, to: Date): Date[] {
  if (every === 'never') return [];
  return instantsBetween(every, timeZone, from.getTime(), to.getTime()).map((time) => new Date(time));
}

/** The newest slot at or before `time`. */
export function lastSlot(every: Every, timeZone: string, time: Date): Date | undefined {
  if (every === 'never') return undefined;
  return slotsBetween(every, timeZone, new Date(time.getTime() - reach(every)), time).at(-1);
}

/** The first slot after `time`. */
export function nextSlot(every: Every, timeZone: string, time: Date): Date | undefined {
  if (every === 'never') return undefined;
  return slotsBetween(every, timeZone, time, new Date(time.getTime() + reach(every)))[0];
}

/** What a source owes, oldest first. Where cadences fall on one instant, only the strongest is due. */
export function slotsOf(source: SourcePlan, timeZone: string, from: Date, to: Date): Slot[] {
  const strongest = new Map<number, Slot>();
  for (const cadence of periodicCadences) {
    for (const time of slotsBetween(source.cadences[cadence], timeZone, from, to)) {
      if (!strongest.has(time.getTime())) strongest.set(time.getTime(), { source: source.id, cadence, time });
    }
  }
  return [...strongest.values()].sort((a, b) => a.time.getTime() - b.time.getTime());
}

/** Far enough to meet a slot whatever the calendar does. */
function reach(every: Interval): number {
  if (every.unit === 'minutes' || every.unit === 'hours') return gridOf(every);
  return { days: 3, weeks: 9, months: 33 }[every.unit] * day;
}

function instantsBetween(every: Interval, timeZone: string, from: number, to: number): number[] {
  const instants: number[] = [];
  if (every.unit === 'minutes' || every.unit === 'hours') {
    const grid = gridOf(every);
    for (let time = (Math.floor(from / grid) + 1) * grid; time <= to; time += grid) instants.push(time);
    return instants;
  }
  const zone = zoneOf(timeZone);
  const at = timeOfDay(every.at);
  const last = zone.dateOf(to) + 1;
  for (let date = zone.dateOf(from) - 1; date <= last; date += 1) {
    if (!falls(every, date)) continue;
    const time = zone.instantOf(date * day + at);
    // A zone that skips a whole date puts two dates on one instant.
    if (time > from && time <= to && time !== instants.at(-1)) instants.push(time);
  }
  return instants;
}

function falls(every: Interval, date: number): boolean {
  if (every.unit === 'weeks') return weekdays[weekdayOf(date)] === every.on;
  if (every.unit === 'months') return dayOfMonth(date) === every.on;
  return true;
}

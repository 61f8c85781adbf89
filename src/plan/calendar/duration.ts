/**
 * Lengths of time as a calendar counts them: a month is as long as the month it falls in. Adding one clamps to the end of
 * the month: 31 January and a month is 28 February, 29 February and seven years is 28 February.
 */
import { day } from './zone.ts';

export const durationUnits = ['days', 'weeks', 'months', 'years'] as const;
export type DurationUnit = (typeof durationUnits)[number];

export interface Duration {
  /** A whole number, 1 or more. */
  readonly count: number;
  readonly unit: DurationUnit;
}

/** More than this of a unit is a slip of the finger, not a policy: a hundred years. */
export const mostOf: Readonly<Record<DurationUnit, number>> = { days: 36_600, weeks: 5_200, months: 1_200, years: 100 };

export function isDuration(value: unknown): value is Duration {
  const { count, unit } = (value ?? {}) as Partial<Duration>;
  if (!durationUnits.includes(unit as DurationUnit)) return false;
  return Number.isInteger(count) && count! >= 1 && count! <= mostOf[unit!];
}

/** The date that lies `duration` after `date`; dates are days since 1970-01-01. */
export function addDuration(date: number, { count, unit }: Duration): number {
  if (unit === 'days') return date + count;
  if (unit === 'weeks') return date + 7 * count;
  const start = new Date(date * day);
  const month = start.getUTCMonth() + (unit === 'months' ? count : 12 * count);
  const lastOfMonth = Date.UTC(start.getUTCFullYear(), month + 1, 0) / day;
  const firstOfMonth = Date.UTC(start.getUTCFullYear(), month, 1) / day;
  return Math.min(firstOfMonth + start.getUTCDate() - 1, lastOfMonth);
}

/** `7 days`, `1 month`. */
export function durationWords({ count, unit }: Duration): string {
  return `${count} ${count === 1 ? unit.slice(0, -1) : unit}`;
}

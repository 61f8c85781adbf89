/**
 * How often, as the plan says it. Minutes and hours are elapsed time and stand on UTC's grid: a change of the clocks neither
 * skips nor repeats one. Days, weeks and months follow the calendar and the clocks of the plan's time zone.
 */
import type { Cadence } from '../../format/snapshot.ts';
import { hour, minute } from '../calendar/zone.ts';

export const weekdays = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'] as const;
export type Weekday = (typeof weekdays)[number];

/** `at` is a local time, `02:00`. `count` is 1 wherever a calendar cannot repeat evenly otherwise. */
export type Interval =
  | { readonly unit: 'minutes'; readonly count: number }
  | { readonly unit: 'hours'; readonly count: number }
  | { readonly unit: 'days'; readonly count: 1; readonly at: string }
  | { readonly unit: 'weeks'; readonly count: 1; readonly on: Weekday; readonly at: string }
  | { readonly unit: 'months'; readonly count: 1; readonly on: number; readonly at: string };

export type Every = 'never' | Interval;

export interface Cadences {
  readonly full: Every;
  readonly incremental: Every;
  readonly logs: Every;
  readonly change: 'on event' | 'never';
}

/** The cadences that a calendar drives, strongest first: where two fall on one instant, the stronger stands for both. */
export const periodicCadences = ['full', 'incremental', 'logs'] as const satisfies readonly Cadence[];
export type PeriodicCadence = (typeof periodicCadences)[number];

/** When a daily, weekly or monthly cadence runs unless the plan says otherwise. */
export const defaultTime: Readonly<Record<PeriodicCadence, string>> = {
  full: '03:00',
  incremental: '02:00',
  logs: '01:00',
};
export const defaultWeekday: Weekday = 'sunday';
export const defaultDayOfMonth = 1;

/** What the guidelines ask for; the plan's own `cadences` change it, and a source's change that. */
export const defaultCadences: Cadences = {
  full: { unit: 'weeks', count: 1, on: defaultWeekday, at: defaultTime.full },
  incremental: { unit: 'days', count: 1, at: defaultTime.incremental },
  logs: { unit: 'minutes', count: 15 },
  change: 'on event',
};

/** Milliseconds of an elapsed-time interval. */
export function gridOf(interval: { readonly unit: 'minutes' | 'hours'; readonly count: number }): number {
  return interval.count * (interval.unit === 'minutes' ? minute : hour);
}

/** Milliseconds after midnight of `02:30`. */
export function timeOfDay(at: string): number {
  const [hours, minutes] = at.split(':').map(Number);
  return hours! * hour + minutes! * minute;
}

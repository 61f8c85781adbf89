/** The calendar's buckets: a day, an ISO week, a month, a year, each in the plan's time zone. */
import { dateFrom, isoDate, isoMonth, isoWeekOf, monthOf, yearOf } from '../calendar/date.ts';
import { addDuration, type Duration } from '../calendar/duration.ts';
import type { Zone } from '../calendar/zone.ts';
import type { Tier } from './policy.ts';

export interface Bucket {
  readonly tier: Tier;
  /** `daily 2026-03-15`, `weekly 2026-W11`, `monthly 2026-03`, `yearly 2026`. */
  readonly label: string;
  /** The first date after it, as days since 1970-01-01. */
  readonly end: number;
}

/** The bucket of a tier that a date lies in. */
export function bucketOf(tier: Tier, date: number): Bucket {
  switch (tier) {
    case 'daily':
      return { tier, label: `daily ${isoDate(date)}`, end: date + 1 };
    case 'weekly': {
      const { monday, name } = isoWeekOf(date);
      return { tier, label: `weekly ${name}`, end: monday + 7 };
    }
    case 'monthly': {
      const [year, month] = [yearOf(date), monthOf(date)];
      return { tier, label: `monthly ${isoMonth(date)}`, end: dateFrom(year, month + 1) };
    }
    case 'yearly':
      return { tier, label: `yearly ${yearOf(date)}`, end: dateFrom(yearOf(date) + 1, 0) };
  }
}

/** Until when a tier keeps what stands for a bucket: its duration after the bucket's end, by the calendar. */
export function keptUntil(bucket: Bucket, duration: Duration, zone: Zone): number {
  return zone.startOf(addDuration(bucket.end, duration));
}

/**
 * Retention as somebody would do it who has everything that was ever taken on a table, a calendar on the wall and all day:
 * the model that the real one is held against. It shares no code with it: dates are text from `Intl`, compared as text.
 */
import type { Retention, Tier } from '../../../src/plan/plan.ts';

export interface Taken {
  readonly id: string;
  readonly time: Date;
  readonly good: boolean;
}

const tiers: readonly Tier[] = ['daily', 'weekly', 'monthly', 'yearly'];

export class Calendar {
  readonly #format: Intl.DateTimeFormat;
  readonly #dates = new Map<number, string>();

  constructor(timeZone: string) {
    this.#format = new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short' });
  }

  /** The local date of an instant, `2026-03-15`. */
  dateOf(time: Date): string {
    const known = this.#dates.get(time.getTime());
    if (known !== undefined) return known;
    const date = this.#format.format(time);
    this.#dates.set(time.getTime(), date);
    return date;
  }
}

/** The name of the bucket, and its last day. */
export function bucketOf(tier: Tier, date: string): { name: string; last: string } {
  if (tier === 'daily') return { name: date, last: date };
  if (tier === 'monthly')
    return { name: date.slice(0, 7), last: dayBefore(next(`${date.slice(0, 7)}-01`, 1, 'months')) };
  if (tier === 'yearly') return { name: date.slice(0, 4), last: `${date.slice(0, 4)}-12-31` };
  // The week is the one of its Sunday; it is numbered in the year that has most of its days.
  let last = date;
  while (new Date(last).getUTCDay() !== 0) last = next(last, 1, 'days');
  return { name: `week to ${last}`, last };
}

/** By the calendar on the wall: turn the leaves one by one; where a month is too short, its last day. */
export function next(date: string, count: number, unit: 'days' | 'weeks' | 'months' | 'years'): string {
  if (unit === 'weeks') return next(date, count * 7, 'days');
  if (unit === 'years') return next(date, count * 12, 'months');
  if (unit === 'days') return new Date(Date.parse(date) + count * 86_400_000).toISOString().slice(0, 10);
  let [year, month] = [Number(date.slice(0, 4)), Number(date.slice(5, 7))];
  for (let turned = 0; turned < count; turned += 1) [year, month] = month === 12 ? [year + 1, 1] : [year, month + 1];
  for (let day = Number(date.slice(8)); ; day -= 1) {
    const text = `${year}-${String(month).padStart(2, '0')}-${String(day).padStart(2, '0')}`;
    if (!Number.isNaN(Date.parse(text)) && new Date(text).toISOString().startsWith(text)) return text;
  }
}

const dayBefore = (date: string): string => next(date, -1, 'days');

interface Card {
  readonly tier: Tier;
  readonly name: string;
  /** The date on which the tier stops keeping it. */
  readonly over: string;
  good?: Taken;
  flawed?: Taken;
}

export class Model {
  readonly #policy: Retention;
  readonly #calendar: Calendar;
  /** Everything ever taken, oldest first; and a card for each bucket, with the newest of it. */
  readonly #good: Taken[] = [];
  readonly #flawed: Taken[] = [];
  readonly #cards = new Map<string, Card>();

  constructor(policy: Retention, timeZone: string) {
    this.#policy = policy;
    this.#calendar = new Calendar(timeZone);
  }

  take(one: Taken): void {
    (one.good ? this.#good : this.#flawed).push(one);
    for (const card of this.#cardsOf(one)) card[one.good ? 'good' : 'flawed'] = one;
  }

  /** The promises that deleting this one would break: buckets whose last good state it is and whose time is not over. */
  promisesOf(one: Taken, now: Date): string[] {
    const today = this.#calendar.dateOf(now);
    const cards = this.#cardsOf(one).filter((card) => card.good === one && today < card.over);
    return cards.map(({ tier, name }) => `${tier} ${name}`);
  }

  /** All that should be there, by id. */
  shouldBeThere(now: Date): Set<string> {
    const today = this.#calendar.dateOf(now);
    const ids = new Set<string>();
    for (const card of this.#cards.values()) if (today < card.over) ids.add((card.good ?? card.flawed)!.id);
    for (const { id } of this.#good.slice(-this.#policy.atLeast)) ids.add(id);
    for (const one of this.#flawed) {
      const week = next(next(this.#calendar.dateOf(one.time), 1, 'days'), 7, 'days');
      const daily = this.#cardsOf(one).find(({ tier }) => tier === 'daily')?.over ?? '';
      if (today < week || today < daily) ids.add(one.id);
    }
    return ids;
  }

  #cardsOf(one: Taken): Card[] {
    const date = this.#calendar.dateOf(one.time);
    return tiers
      .filter((tier) => this.#policy[tier])
      .map((tier) => {
        const { name, last } = bucketOf(tier, date);
        const known = this.#cards.get(`${tier} ${name}`);
        if (known) return known;
        const { count, unit } = this.#policy[tier]!;
        const card: Card = { tier, name, over: next(next(last, 1, 'days'), count, unit) };
        this.#cards.set(`${tier} ${name}`, card);
        return card;
      });
  }
}

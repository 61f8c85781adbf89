/**
 * How many bytes the snapshots of a source take together. The newest one weighs all of its state; each older one adds what no
 * newer one has: the share of its blobs that has changed up to the next newer one that is kept. Changes are taken to hit any
 * byte alike, which overstates what a database with a few busy pages takes.
 */
import { day } from '../calendar/zone.ts';
import type { Kept } from '../retention/decision.ts';
import { type Tier, tiers } from '../retention/policy.ts';
import type { Size } from './scenario.ts';

/** Each snapshot counts once: the newest for itself, the others for the shortest tier that keeps them now, or for `other`. */
export type Share = 'newest' | Tier | 'other';
export const shares: readonly Share[] = ['newest', ...tiers, 'other'];
export type Footprint = Readonly<Record<Share | 'total', number>>;

export const nothing: Footprint = { newest: 0, daily: 0, weekly: 0, monthly: 0, yearly: 0, other: 0, total: 0 };

/** `kept` newest first. `origin` is when the source weighs `size.bytes`. */
export function footprintOf(
  kept: readonly Kept[],
  size: Size,
  origin: number,
): { readonly sum: Footprint; readonly each: ReadonlyMap<string, number> } {
  const sum = { ...nothing };
  const each = new Map<string, number>();
  let newer: number | undefined;
  for (const one of kept) {
    const time = Date.parse(one.time ?? '');
    if (Number.isNaN(time)) continue;
    const whole = weightAt(size, time, origin);
    const bytes = Math.round(newer === undefined ? whole : whole * changedWithin(size, newer - time));
    const share = newer === undefined ? 'newest' : shareOf(one);
    sum[share] += bytes;
    sum.total += bytes;
    each.set(one.id, bytes);
    newer = time;
  }
  return { sum, each };
}

export function weightAt({ bytes, yearlyGrowth }: Size, time: number, origin: number): number {
  return bytes * (1 + yearlyGrowth) ** ((time - origin) / (365.25 * day));
}

/** The share of a state that is gone after so many milliseconds. */
export function changedWithin({ dailyChange }: Size, milliseconds: number): number {
  return 1 - (1 - dailyChange) ** (milliseconds / day);
}

export function plus(one: Footprint, other: Footprint): Footprint {
  return Object.fromEntries(
    Object.keys(nothing).map((key) => {
      const share = key as keyof Footprint;
      return [share, one[share] + other[share]];
    }),
  ) as unknown as Footprint;
}

function shareOf({ rules }: Kept): Share {
  return tiers.find((tier) => rules.some((rule) => rule.rule === 'tier' && rule.tier === tier)) ?? 'other';
}

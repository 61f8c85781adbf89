/**
 * The promise of retention, written once more and from its words alone: *the last good state of each day, ISO week, month and
 * year stays restorable until its end and the tier's time after it; never fewer than so many good ones; nothing that is held
 * or being read.* In UTC, for the policies of the simulation.
 */
import type { Snapshot } from '../../../src/format/snapshot.ts';
import type { Shelf } from './shelf.ts';

export interface Policy {
  /** As in a plan. */
  readonly words: string;
  readonly daily?: number;
  readonly weekly?: number;
  readonly monthly?: number;
  readonly atLeast: number;
}

export const policies: readonly Policy[] = [
  { words: '{ daily: 1 days, atLeast: 1 }', daily: 1, atLeast: 1 },
  { words: '{ daily: 2 days, atLeast: 1 }', daily: 2, atLeast: 1 },
  { words: '{ daily: 3 days, weekly: 1 weeks, atLeast: 2 }', daily: 3, weekly: 1, atLeast: 2 },
  { words: '{ daily: 1 days, monthly: 1 months, atLeast: 1 }', daily: 1, monthly: 1, atLeast: 1 },
];

const day = 86_400_000;

/** The stretch of the calendar that a moment lies in: its name, and until when its last state is promised. */
function stretches(moment: number, { daily, weekly, monthly }: Policy): { name: string; until: number }[] {
  const found: { name: string; until: number }[] = [];
  const date = Math.floor(moment / day);
  if (daily !== undefined) found.push({ name: `day ${date}`, until: (date + 1 + daily) * day });
  // 1 January 1970 was a Thursday: three days into its week
  const week = Math.floor((date + 3) / 7);
  if (weekly !== undefined) found.push({ name: `week ${week}`, until: ((week + 1 + weekly) * 7 - 3) * day });
  if (monthly !== undefined) {
    const [year, month] = [new Date(moment).getUTCFullYear(), new Date(moment).getUTCMonth()];
    found.push({ name: `month ${year}-${month}`, until: Date.UTC(year, month + 1 + monthly, 1) });
  }
  return found;
}

/** Why this snapshot may not go from this shelf now; nothing when it may. `skew`: how far clocks may be off. */
export function whyItMustStay(
  gone: Snapshot,
  goneGood: boolean,
  goneMoments: readonly number[],
  shelf: Shelf,
  policy: Policy,
  now: number,
  skew: number,
): string | undefined {
  const left = shelf.of(gone.source);
  const good = left.filter((snapshot) => shelf.isGood(snapshot));
  if (goneGood && good.length < policy.atLeast) return `only ${good.length} good ones are left of ${policy.atLeast}`;
  const newest = (moments: readonly number[]): number => Math.max(...moments);
  if (!good.some((snapshot) => newest(shelf.momentsOf(snapshot)) + skew >= newest(goneMoments)))
    return 'no newer one that is left is good';
  for (const moment of goneMoments) {
    for (const { name, until } of stretches(moment, policy)) {
      // by a clock that is ahead it may be over, and by one that is behind, another state may be the last of it
      if (until <= now + skew) continue;
      const others = left.flatMap((other) =>
        shelf.momentsOf(other).map((time) => ({ time, good: shelf.isGood(other) })),
      );
      const there = others.filter(({ time }) => stretches(time, policy).some((stretch) => stretch.name === name));
      const standsIn = there.some((other) =>
        goneGood ? other.good && other.time >= moment : other.good || other.time >= moment,
      );
      if (!standsIn)
        return `it is the last ${goneGood ? 'good ' : ''}state of ${name}, which is promised until ${new Date(until).toISOString()}`;
    }
  }
  return undefined;
}

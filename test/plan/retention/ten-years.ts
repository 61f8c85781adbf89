/** Years of backups and prunes, with what goes wrong in years: missed days, flawed snapshots, outages, prunes that do not run. */
import { seededRandom } from '../../../src/core/random.ts';
import {
  decideRetention,
  type RetentionCandidate,
  type RetentionDecision,
  rpoOf,
  slotsBetween,
} from '../../../src/plan/index.ts';
import type { Retention } from '../../../src/plan/plan.ts';
import type { Taken } from './model.ts';
import { day, hour } from './snapshots.ts';

export interface Fate {
  readonly seed: number;
  readonly timeZone: string;
  readonly policy: Retention;
  readonly years: number;
  /** Of a hundred. */
  readonly missed: number;
  readonly flawed: number;
  /** Of a thousand days, those on which an outage of up to three weeks begins. */
  readonly outages: number;
  /** At most so many days lie between two prunes. */
  readonly pruneEvery: number;
}

export interface Moment {
  readonly now: Date;
  /** Everything ever taken, oldest first. */
  readonly taken: readonly Taken[];
  readonly before: readonly RetentionCandidate[];
  readonly decision: RetentionDecision;
  /** What is left after it. */
  readonly left: readonly RetentionCandidate[];
}

const daily = { unit: 'days', count: 1, at: '02:00' } as const;
export const rpo = rpoOf({ cadences: { full: 'never', incremental: daily, logs: 'never', change: 'never' } });

/** Calls `look` after each prune. */
export function liveThrough(fate: Fate, look: (moment: Moment) => void): void {
  const { timeZone, policy } = fate;
  const random = seededRandom(fate.seed);
  const start = new Date('2024-01-01T12:00:00Z');
  const end = new Date(Date.UTC(2024 + fate.years, 0, 2));
  const taken: Taken[] = [];
  let left: RetentionCandidate[] = [];
  let outageUntil = 0;
  let pruneAt = 0;
  for (const slot of slotsBetween(daily, timeZone, start, end)) {
    if (random.below(1000) < fate.outages) outageUntil = slot.getTime() + random.below(21) * day;
    const isMissed = slot.getTime() < outageUntil || random.below(100) < fate.missed;
    if (!isMissed) {
      // Now and then a change snapshot in the afternoon, too.
      const times =
        random.below(10) === 0 ? [slot, new Date(slot.getTime() + 12 * hour + random.below(6 * hour))] : [slot];
      for (const time of times) {
        const good = random.below(100) >= fate.flawed;
        const id = `s.${time.toISOString()}`;
        taken.push({ id, time, good });
        left.push({ id, source: 's', time, good, held: false });
      }
    }
    if (slot.getTime() < pruneAt) continue;
    const now = new Date(slot.getTime() + 21 * hour + random.below(2 * hour));
    pruneAt = now.getTime() + random.below(fate.pruneEvery) * day;
    const before = left;
    const decision = decideRetention({ candidates: before, policy, timeZone, rpo, now });
    const gone = new Set(decision.delete.map(({ id }) => id));
    left = before.filter(({ id }) => !gone.has(id));
    look({ now, taken, before, decision, left });
  }
}

/** Snapshots for the tests of retention, and the guidelines' policy to decide about them by. */
import type { RetentionCandidate, RetentionDecision } from '../../../src/plan/index.ts';
import { decideRetention } from '../../../src/plan/index.ts';
import type { Retention } from '../../../src/plan/plan.ts';

export const hour = 3_600_000;
export const day = 24 * hour;

export const guidelines: Retention = {
  daily: { count: 7, unit: 'days' },
  weekly: { count: 4, unit: 'weeks' },
  monthly: { count: 12, unit: 'months' },
  yearly: { count: 7, unit: 'years' },
  atLeast: 3,
};

export function snapshot(time: string | Date | undefined, more: Partial<RetentionCandidate> = {}): RetentionCandidate {
  const at = typeof time === 'string' ? new Date(time) : time;
  const label = typeof time === 'string' || !at ? time : (at.toJSON() ?? 'undated');
  return { id: `s.${label}`, source: 's', time: at, good: true, held: false, ...more };
}

export function flawed(
  time: string,
  flaw = 'suspicious: empty',
  more: Partial<RetentionCandidate> = {},
): RetentionCandidate {
  return snapshot(time, { good: false, flaw, ...more });
}

/** One a day at the time of `from`, the last one at or before `to`. */
export function dailyFrom(from: string, to: string): RetentionCandidate[] {
  const all: RetentionCandidate[] = [];
  for (let time = Date.parse(from); time <= Date.parse(to); time += day) all.push(snapshot(new Date(time)));
  return all;
}

export interface Setting {
  readonly now: string;
  readonly policy?: Retention;
  readonly timeZone?: string;
  readonly rpo?: number;
}

/** By the guidelines, in UTC, and with backups that are allowed to be a day and seven hours old, unless the setting says otherwise. */
export function decide(candidates: readonly RetentionCandidate[], setting: Setting): RetentionDecision {
  const { now, policy = guidelines, timeZone = 'UTC', rpo = 31 * hour } = setting;
  return decideRetention({ candidates, policy, timeZone, rpo, now: new Date(now) });
}

export const idsOf = (list: readonly { readonly id: string }[]): string[] => list.map(({ id }) => id).sort();

export function reasonsFor(decision: RetentionDecision, { id }: { readonly id: string }): readonly string[] {
  return decision.keep.find((kept) => kept.id === id)?.reasons ?? [];
}

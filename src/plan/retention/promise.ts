/** Retention seen from the front: for how long a snapshot is promised to stay, as far as is known today. */
import { zoneOf } from '../calendar/zone.ts';
import type { RetentionCandidate } from './candidate.ts';
import { claimsOf, historyOf } from './history.ts';
import type { Retention, Tier } from './policy.ts';

export interface Promised {
  readonly tier: Tier;
  readonly bucket: string;
  /** When the bucket is over. Until then a newer snapshot may take its place; from then on the promise is firm. */
  readonly firmFrom: Date;
  readonly until: Date;
}

/**
 * The buckets that a snapshot stands for among all of its source, past and present, and until when. A lock should last to
 * the latest `until` of those that are firm, and is extended as further ones become so.
 */
export function promisesOf(
  candidate: Pick<RetentionCandidate, 'id'>,
  all: readonly RetentionCandidate[],
  policy: Retention,
  timeZone: string,
): Promised[] {
  const zone = zoneOf(timeZone);
  const { entries } = historyOf(all, Number.POSITIVE_INFINITY);
  return [...claimsOf(entries, policy, zone).values()]
    .filter((claim) => claim.by.candidate.id === candidate.id)
    .map(({ bucket, until }) => ({
      tier: bucket.tier,
      bucket: bucket.label,
      firmFrom: new Date(zone.startOf(bucket.end)),
      until: new Date(until),
    }))
    .sort((a, b) => a.until.getTime() - b.until.getTime());
}

/** How long a snapshot stays if nothing newer comes; `undefined` when only the floor, a hold or a freeze keeps it. */
export function promisedUntil(
  candidate: Pick<RetentionCandidate, 'id'>,
  all: readonly RetentionCandidate[],
  policy: Retention,
  timeZone: string,
): Date | undefined {
  return promisesOf(candidate, all, policy, timeZone).at(-1)?.until;
}

/** The tiers that keep each snapshot now, by id; `snapshots` shows them. */
export function tiersOf(
  all: readonly RetentionCandidate[],
  policy: Retention,
  timeZone: string,
  now: Date,
): ReadonlyMap<string, readonly Tier[]> {
  const { entries } = historyOf(all, now.getTime());
  const tiersById = new Map<string, Tier[]>();
  for (const { bucket, until, by } of claimsOf(entries, policy, zoneOf(timeZone)).values()) {
    if (until <= now.getTime()) continue;
    const { id } = by.candidate;
    const tiers = tiersById.get(id) ?? [];
    if (!tiers.includes(bucket.tier)) tiersById.set(id, [...tiers, bucket.tier]);
  }
  return tiersById;
}

/**
 * The snapshots of one source in order, and which of them stands for which bucket. Those whose time cannot be believed are
 * set apart: they are never deleted, and they count for nothing.
 */
import { fail } from '../../core/errors.ts';
import type { Zone } from '../calendar/zone.ts';
import { type Bucket, bucketOf, keptUntil } from './bucket.ts';
import type { RetentionCandidate } from './candidate.ts';
import { type Retention, type Tier, tiers } from './policy.ts';

/**
 * No snapshot is older than this. A time before it is what a machine believes whose clock has lost its battery (1970, 1980
 * and 2000 are the usual ones), or a date that was never set.
 */
const earliest = Date.UTC(2001, 0, 1);

/** Whether a snapshot's time can be reckoned with. */
export function isBelievable(time: Date | undefined, now: number): boolean {
  return time !== undefined && time.getTime() >= earliest && time.getTime() <= now;
}

export interface Entry {
  readonly candidate: RetentionCandidate;
  /** When the source is known to have been in this state, newest first; the first of them ranks the snapshot. */
  readonly moments: readonly number[];
  readonly newest: number;
}

export interface Claim {
  readonly bucket: Bucket;
  /** Milliseconds since the epoch. */
  readonly until: number;
  readonly by: Entry;
}

export interface History {
  /** All three newest first, equal times by id, so that the order of the input never matters. */
  readonly entries: readonly Entry[];
  readonly future: readonly RetentionCandidate[];
  readonly undated: readonly RetentionCandidate[];
  readonly newestGood: Entry | undefined;
}

/** Errors: `PruneRefused` when an id comes twice, as then the listing is not to be trusted. */
export function historyOf(candidates: readonly RetentionCandidate[], now: number): History {
  const ids = new Set<string>();
  const entries: Entry[] = [];
  const future: RetentionCandidate[] = [];
  const undated: RetentionCandidate[] = [];
  for (const candidate of candidates) {
    if (ids.has(candidate.id)) {
      fail('PruneRefused', `the list of snapshots names ${candidate.id} twice`, {
        hint: 'Run again; if it stays, the store does not list its objects properly.',
        context: { snapshot: candidate.id },
      });
    }
    ids.add(candidate.id);
    if (isBelievable(candidate.time, now)) entries.push(entryOf(candidate, candidate.time!.getTime(), now));
    else if (candidate.time && candidate.time.getTime() > now) future.push(candidate);
    else undated.push(candidate);
  }
  entries.sort(newestFirst);
  future.sort((a, b) => b.time!.getTime() - a.time!.getTime() || byId(a, b));
  undated.sort(byId);
  return { entries, future, undated, newestGood: entries.find((entry) => entry.candidate.good) };
}

/**
 * Who stands for each bucket: the newest good snapshot in it; where it has no good one, the newest other one, so that a
 * time of which there is only a flawed state keeps that.
 */
export function claimsOf(entries: readonly Entry[], policy: Retention, zone: Zone): ReadonlyMap<string, Claim> {
  const moments = entries.flatMap((entry) => entry.moments.map((time) => ({ entry, date: zone.dateOf(time), time })));
  moments.sort((a, b) => b.time - a.time || newestFirst(a.entry, b.entry));
  const claims = new Map<string, Claim>();
  for (const good of [true, false]) {
    for (const { entry, date } of moments) {
      if (entry.candidate.good !== good) continue;
      for (const tier of tiers) {
        const duration = policy[tier];
        if (!duration) continue;
        const bucket = bucketOf(tier, date);
        if (claims.has(bucket.label)) continue;
        claims.set(bucket.label, { bucket, until: keptUntil(bucket, duration, zone), by: entry });
      }
    }
  }
  return claims;
}

/** The claim on the bucket that the entry's newest moment lies in. */
export function claimOn(tier: Tier, entry: Entry, claims: ReadonlyMap<string, Claim>, zone: Zone): Claim | undefined {
  return claims.get(bucketOf(tier, zone.dateOf(entry.newest)).label);
}

export function newestFirst(a: Entry, b: Entry): number {
  return b.newest - a.newest || byId(a.candidate, b.candidate);
}

/** Ids begin with the time, so the larger is the newer. */
function byId(a: RetentionCandidate, b: RetentionCandidate): number {
  return a.id < b.id ? 1 : -1;
}

function entryOf(candidate: RetentionCandidate, time: number, now: number): Entry {
  const sightings = (candidate.sightings ?? []).map((sighting) => sighting.getTime());
  const moments = [time, ...sightings.filter((sighting) => sighting > time && sighting <= now)].sort((a, b) => b - a);
  return { candidate, moments, newest: moments[0]! };
}

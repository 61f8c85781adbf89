/**
 * Retention of one source: what stays, what goes, and why. The promise: the last good state of each day, ISO week, month and
 * year stays until its end and the tier's duration after it. Every rule only keeps; what no rule keeps goes, so another
 * rule never removes more. Decided from the policy of now and the calendar of the plan's time zone, from nothing written at
 * creation. Pure: the same input, in any order, on any machine, gives the same decision.
 */
import { fail } from '../../core/errors.ts';
import type { Duration } from '../calendar/duration.ts';
import { type Zone, zoneOf } from '../calendar/zone.ts';
import { bucketOf, keptUntil } from './bucket.ts';
import type { RetentionCandidate, RetentionInput } from './candidate.ts';
import type { Deleted, KeepRule, Kept, Passed, RetentionDecision } from './decision.ts';
import { type Freeze, freezeOf } from './freeze.ts';
import { type Claim, claimOn, claimsOf, type Entry, historyOf } from './history.ts';
import { checkPolicy, type Retention, type Tier, tiers } from './policy.ts';
import { checkDecision } from './proof.ts';
import { deleteWords, keepWords } from './words.ts';

/** What the rules look at. */
interface Scene {
  readonly policy: Retention;
  readonly zone: Zone;
  readonly now: number;
  readonly claims: ReadonlyMap<string, Claim>;
  readonly freeze: Freeze | undefined;
}

/** A snapshot that is not good stays at least this long after its day, so that a person can look into it. */
const graceOfFlawed: Duration = { count: 7, unit: 'days' };

/** Errors: `PruneRefused` for a policy or a list that is not one to delete by. */
export function decideRetention(input: RetentionInput): RetentionDecision {
  const { candidates, policy, rpo } = input;
  const now = input.now.getTime();
  checkPolicy(policy);
  if (Number.isNaN(now) || !(rpo > 0)) fail('PruneRefused', 'the time of the decision or the RPO is not a number');
  const zone = zoneOf(input.timeZone);
  const history = historyOf(candidates, now);
  const claims = claimsOf(history.entries, policy, zone);
  const freeze = candidates.length > 0 ? freezeOf(history, rpo, now) : undefined;
  const scene: Scene = { policy, zone, now, claims, freeze };

  const keep: Kept[] = [];
  const gone: Deleted[] = [];
  const standing = tierRules(claims, now);
  let goodSoFar = 0;
  let newerGood: string | undefined;
  for (const entry of history.entries) {
    const { candidate } = entry;
    if (candidate.good) goodSoFar += 1;
    const rules = [...(standing.get(entry) ?? []), ...ownRules(entry, goodSoFar, scene), ...wishesFor(candidate)];
    if (rules.length === 0 && freeze) rules.push({ rule: 'frozen', because: freeze.because });
    // Without a newer good snapshot the source is frozen, so there is one here; if ever not, nothing is deleted.
    if (rules.length === 0 && newerGood !== undefined) gone.push(deleted(entry, newerGood, scene));
    else keep.push(kept(candidate, rules, scene));
    if (candidate.good && rules.length > 0) newerGood = candidate.id;
  }
  for (const candidate of history.future)
    keep.push(kept(candidate, [{ rule: 'future' }, ...wishesFor(candidate)], scene));
  for (const candidate of history.undated)
    keep.push(kept(candidate, [{ rule: 'undated' }, ...wishesFor(candidate)], scene));

  const frozen = freeze ? [{ source: candidates[0]!.source, ...freeze }] : [];
  const decision: RetentionDecision = { keep, delete: gone, frozen };
  checkDecision(input, decision);
  return decision;
}

/** The buckets that an entry stands for and whose time is not over: of each tier, the one that lasts longest. */
function tierRules(claims: ReadonlyMap<string, Claim>, now: number): Map<Entry, KeepRule[]> {
  const longest = new Map<Entry, Map<Tier, Claim>>();
  for (const claim of claims.values()) {
    if (claim.until <= now) continue;
    const ofEntry = longest.get(claim.by) ?? new Map<Tier, Claim>();
    longest.set(claim.by, ofEntry);
    const { tier } = claim.bucket;
    if (claim.until > (ofEntry.get(tier)?.until ?? 0)) ofEntry.set(tier, claim);
  }
  const rules = new Map<Entry, KeepRule[]>();
  for (const [entry, ofEntry] of longest) {
    const inOrder = tiers.flatMap((tier) => ofEntry.get(tier) ?? []);
    rules.set(
      entry,
      inOrder.map(({ bucket, until }) => ({
        rule: 'tier',
        tier: bucket.tier,
        bucket: bucket.label,
        until: new Date(until).toISOString(),
        standIn: !entry.candidate.good,
      })),
    );
  }
  return rules;
}

/** The floor for good ones, a grace for the others. `place` counts good snapshots, newest first. */
function ownRules(entry: Entry, place: number, { policy, zone, now }: Scene): KeepRule[] {
  const { good, flaw } = entry.candidate;
  if (good) return place <= policy.atLeast ? [{ rule: 'floor', place, of: policy.atLeast }] : [];
  const bucket = bucketOf('daily', zone.dateOf(entry.newest));
  const until = Math.max(
    ...[graceOfFlawed, policy.daily ?? graceOfFlawed].map((grace) => keptUntil(bucket, grace, zone)),
  );
  return until > now ? [{ rule: 'flawed', flaw: flaw ?? 'not good', until: new Date(until).toISOString() }] : [];
}

function wishesFor({ held, protectedBy }: RetentionCandidate): KeepRule[] {
  const rules: KeepRule[] = held ? [{ rule: 'hold' }] : [];
  return [...rules, ...(protectedBy ?? []).map((by): KeepRule => ({ rule: 'protected', by }))];
}

function kept({ id, source, time }: RetentionCandidate, rules: readonly KeepRule[], { zone, freeze }: Scene): Kept {
  const reasons = rules.map((rule) => keepWords(rule, zone, freeze?.reason));
  return { id, source, time: time && !Number.isNaN(time.getTime()) ? time.toISOString() : null, reasons, rules };
}

function deleted(entry: Entry, newerGood: string, { claims, zone, now }: Scene): Deleted {
  const { candidate } = entry;
  const passed = tiers.flatMap((tier): Passed[] => {
    const claim = claimOn(tier, entry, claims, zone);
    if (!claim) return [];
    const bucket = claim.bucket.label;
    if (claim.until <= now) return [{ tier, bucket, ended: new Date(claim.until).toISOString() }];
    return [{ tier, bucket, by: claim.by.candidate.id }];
  });
  const { id, source } = candidate;
  const reason = deleteWords(candidate, passed, newerGood, zone);
  return { id, source, time: candidate.time!.toISOString(), reason, passed, newerGood };
}

/**
 * Retention of what restores to any moment: a base and the log that followed it. Each later snapshot on a base has all of
 * the log that the earlier ones have, so the last good one of each chain is enough for every moment that the chain covers.
 * Those whose span meets the point-in-time window stay, and of the newest bases one each, as snapshots on one base stand and
 * fall together. Rules here only keep; the others decide about the rest as about all snapshots.
 */
import { fail } from '../../core/errors.ts';
import { addDuration, type Duration, durationWords } from '../calendar/duration.ts';
import type { Zone } from '../calendar/zone.ts';
import type { RetentionCandidate } from './candidate.ts';
import type { RetentionDecision } from './decision.ts';

/** The snapshot that has everything that another one has, and more: `undefined` where there is none. By id. */
export function succeededBy(candidates: readonly RetentionCandidate[]): ReadonlyMap<string, string> {
  const heads = headsOf(candidates);
  const successors = new Map<string, string>();
  for (const { id, span } of candidates) {
    const head = span && heads.get(span.chain);
    if (head && head.id !== id && head.span!.latest >= span.latest) successors.set(id, head.id);
  }
  return successors;
}

/** The candidates, those protected that the window or the floor of bases needs. */
export function protectWindow(
  candidates: readonly RetentionCandidate[],
  pointInTime: Duration | undefined,
  atLeast: number,
  zone: Zone,
  now: Date,
): readonly RetentionCandidate[] {
  const heads = [...headsOf(candidates).values()];
  if (heads.length === 0) return candidates;
  const from = windowStart(pointInTime, zone, now);
  const reasons = new Map<string, string>();
  for (const { id, base } of newestOfBases(heads).slice(0, atLeast)) {
    reasons.set(id, `the newest of one of the newest ${atLeast} bases (${base.slice(0, 8)})`);
  }
  for (const { id, span } of heads) {
    if (from === undefined || span!.latest < from) continue;
    const moments = `${new Date(span!.earliest).toISOString()} to ${new Date(span!.latest).toISOString()}`;
    reasons.set(id, `the point-in-time window of ${durationWords(pointInTime!)}: it restores ${moments}`);
  }
  return candidates.map((candidate) => {
    const reason = reasons.get(candidate.id);
    return reason === undefined ? candidate : { ...candidate, protectedBy: [...(candidate.protectedBy ?? []), reason] };
  });
}

/**
 * Holds a decision against the promise, in code of its own: whatever goes, every moment of the window that a good snapshot
 * restored before is restored by one that stays. Errors: `PruneRefused`.
 */
export function checkWindow(
  candidates: readonly RetentionCandidate[],
  decision: RetentionDecision,
  pointInTime: Duration | undefined,
  zone: Zone,
  now: Date,
): void {
  const from = windowStart(pointInTime, zone, now);
  if (from === undefined) return;
  const gone = new Set(decision.delete.map(({ id }) => id));
  const staying = candidates.filter(({ id, good, span }) => good && span && !gone.has(id));
  for (const { id, good, span } of candidates) {
    if (!gone.has(id) || !good || !span || span.latest < from) continue;
    const covered = staying.some(
      ({ span: other }) =>
        other!.chain === span.chain && other!.earliest <= span.earliest && other!.latest >= span.latest,
    );
    if (covered) continue;
    fail(
      'PruneRefused',
      `the retention decision would delete ${id}, and no other snapshot restores all of its moments`,
      {
        hint: 'Nothing was deleted. This is a fault in Tidemark: report it with the output of `prune --dry-run`.',
        context: { snapshot: id },
      },
    );
  }
}

/** The last good snapshot of each chain. */
function headsOf(candidates: readonly RetentionCandidate[]): ReadonlyMap<string, RetentionCandidate> {
  const heads = new Map<string, RetentionCandidate>();
  for (const candidate of candidates) {
    const { span, good, id } = candidate;
    if (!span || !good) continue;
    const head = heads.get(span.chain);
    const further = head && (span.latest - head.span!.latest || (id > head.id ? 1 : -1));
    if (further === undefined || further > 0) heads.set(span.chain, candidate);
  }
  return heads;
}

function newestOfBases(heads: readonly RetentionCandidate[]): { readonly id: string; readonly base: string }[] {
  const newest = heads.toSorted((a, b) => b.span!.latest - a.span!.latest || (a.id < b.id ? 1 : -1));
  const bases = new Map<string, string>();
  for (const { id, span } of newest) if (!bases.has(span!.base)) bases.set(span!.base, id);
  return [...bases].map(([base, id]) => ({ base, id }));
}

/** The first instant of the day that lies so long back. */
function windowStart(pointInTime: Duration | undefined, zone: Zone, now: Date): number | undefined {
  if (!pointInTime) return undefined;
  const { count, unit } = pointInTime;
  return zone.startOf(addDuration(zone.dateOf(now.getTime()), { count: -count, unit }));
}

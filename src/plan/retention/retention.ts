/**
 * Retention of everything in a vault, by the plan: each source by its own policy, none by another's. Snapshots of a source
 * that the plan no longer has are kept: taking a line out of a file is not an order to delete.
 */

import { rpoOf } from '../cadence/rpo.ts';
import { zoneOf } from '../calendar/zone.ts';
import type { Plan } from '../plan.ts';
import type { RetentionCandidate } from './candidate.ts';
import { decideRetention } from './decide.ts';
import type { Deleted, Frozen, Kept, RetentionDecision } from './decision.ts';
import { checkWindow, protectWindow, succeededBy } from './window.ts';

/** Errors: `PruneRefused` for a policy or a list that is not one to delete by. */
export function planRetention(
  plan: Pick<Plan, 'sources' | 'timeZone'>,
  candidates: readonly RetentionCandidate[],
  now: Date,
): RetentionDecision {
  const keep: Kept[] = [];
  const gone: Deleted[] = [];
  const frozen: Frozen[] = [];
  const bySource = Map.groupBy(candidates, ({ source }) => source);
  for (const source of plan.sources) {
    const { retention: policy, id } = source;
    const { timeZone } = plan;
    const zone = zoneOf(timeZone);
    const pointInTime = source.kind === 'postgres' ? source.pointInTime : undefined;
    const own = protectWindow(bySource.get(id) ?? [], pointInTime, policy.atLeast, zone, now);
    const decision = decideRetention({ candidates: own, policy, timeZone, rpo: rpoOf(source), now });
    checkWindow(own, decision, pointInTime, zone, now);
    const staying = new Set(decision.keep.map((one) => one.id));
    const successors = succeededBy(own.filter((one) => one.good));
    keep.push(...decision.keep);
    gone.push(...decision.delete.map((one) => withSuccessor(one, successors.get(one.id), staying)));
    frozen.push(...decision.frozen);
    bySource.delete(id);
  }
  for (const { id, source, time } of [...bySource.values()].flat()) {
    keep.push({
      id,
      source,
      time: time && !Number.isNaN(time.getTime()) ? time.toISOString() : null,
      reasons: ['the plan has no such source'],
      rules: [{ rule: 'unplanned' }],
    });
  }
  return { keep, delete: gone, frozen };
}

function withSuccessor(one: Deleted, successor: string | undefined, staying: ReadonlySet<string>): Deleted {
  if (successor === undefined || !staying.has(successor)) return one;
  return { ...one, succeededBy: successor, reason: `all of its log is in ${successor}; ${one.reason}` };
}

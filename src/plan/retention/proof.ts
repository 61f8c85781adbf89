/**
 * The last look before a decision leaves: it holds whatever the rules made of it against the few sentences that must never
 * be untrue, in code of its own. A mistake in retention then stops prune, and deletes nothing.
 */
import { fail } from '../../core/errors.ts';
import type { RetentionCandidate, RetentionInput } from './candidate.ts';
import type { RetentionDecision } from './decision.ts';
import { isBelievable } from './history.ts';

/** Errors: `PruneRefused`. */
export function checkDecision(
  input: Pick<RetentionInput, 'candidates' | 'policy' | 'now'>,
  decision: RetentionDecision,
): void {
  const { candidates, policy } = input;
  const now = input.now.getTime();
  const byId = new Map(candidates.map((candidate) => [candidate.id, candidate]));
  const keep = new Set(decision.keep.map(({ id }) => id));
  const gone = new Set(decision.delete.map(({ id }) => id));

  const decided = decision.keep.length + decision.delete.length;
  if (decided !== candidates.length || candidates.some(({ id }) => keep.has(id) === gone.has(id))) {
    refuse('not every snapshot is either kept or deleted');
  }
  if (gone.size > 0 && decision.frozen.length > 0) refuse('something is deleted although the source is frozen');
  const good = candidates.filter((candidate) => candidate.good && isBelievable(candidate.time, now));
  const left = good.filter(({ id }) => keep.has(id)).length;
  if (left < Math.min(policy.atLeast, good.length)) refuse(`only ${left} good snapshots would be left`);

  for (const { id, newerGood } of decision.delete) {
    const [leaving, staying] = [byId.get(id)!, byId.get(newerGood)];
    if (!isBelievable(leaving.time, now)) refuse(`the time of ${id} cannot be believed`);
    if (leaving.held) refuse(`${id} is held`);
    const [protection] = leaving.protectedBy ?? [];
    if (protection !== undefined) refuse(`${id} is protected: ${protection}`);
    const stays = staying?.good && keep.has(newerGood) ? staying : refuse(`no good snapshot stays in place of ${id}`);
    if (lastSeen(stays, now) < lastSeen(leaving, now))
      refuse(`${newerGood} is older than ${id}, in whose place it stays`);
  }
}

function lastSeen({ time, sightings = [] }: RetentionCandidate, now: number): number {
  return Math.max(...[time!, ...sightings].map((seen) => seen.getTime()).filter((seen) => seen <= now));
}

function refuse(what: string): never {
  return fail('PruneRefused', `the retention decision contradicts itself: ${what}`, {
    hint: 'Nothing was deleted. This is a fault in Tidemark: report it with the output of `prune --dry-run`.',
  });
}

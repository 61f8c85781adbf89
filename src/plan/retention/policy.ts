/** For how long what is kept: calendar tiers, and a floor under them all. */
import { fail } from '../../core/errors.ts';
import { type Duration, isDuration } from '../calendar/duration.ts';

export const tiers = ['daily', 'weekly', 'monthly', 'yearly'] as const;
export type Tier = (typeof tiers)[number];

/** A tier that is not there keeps nothing of its own; at least one is there. */
export interface Retention {
  readonly daily?: Duration;
  readonly weekly?: Duration;
  readonly monthly?: Duration;
  readonly yearly?: Duration;
  /** This many of the newest good snapshots stay, whatever their age. */
  readonly atLeast: number;
}

/**
 * Refuses a policy that says nothing. The plan file's reader has refused it before, with line and column; this is the last
 * door before deletion, for whatever comes another way. Errors: `PruneRefused`.
 */
export function checkPolicy(policy: Retention): void {
  const known = new Set<string>([...tiers, 'atLeast']);
  for (const [key, value] of Object.entries(policy)) {
    if (!known.has(key)) refuse(`it has an unknown word, ${JSON.stringify(key)}`);
    if (key !== 'atLeast' && value !== undefined && !isDuration(value)) refuse(`${key} is ${JSON.stringify(value)}`);
  }
  if (!Number.isInteger(policy.atLeast) || policy.atLeast < 1) refuse(`atLeast is ${JSON.stringify(policy.atLeast)}`);
  if (tiers.every((tier) => policy[tier] === undefined)) refuse('it has no tier');
}

function refuse(what: string): never {
  return fail('PruneRefused', `the retention policy is not one to delete by: ${what}`, {
    hint: 'Correct `retention` in the plan: tiers such as `daily: 7 days`, and `atLeast` of 1 or more.',
  });
}

/**
 * How much of a source may go at once. A plan that was changed by a slip of the finger looks like any other plan; what gives
 * it away is how much it would delete in one go. Prune then refuses, and a person has to say that it is meant.
 */
import type { RetentionDecision } from './decision.ts';

/** More than this share of a source's snapshots at once is more often a mistake than a wish, from `fewSnapshots` on. */
export const largestShare = 0.5;
export const fewSnapshots = 10;

export interface Excess {
  readonly source: string;
  readonly delete: number;
  readonly of: number;
}

interface Listed {
  readonly source: string;
  /** Another one has all that it has: such are no part of the share. */
  readonly succeededBy?: string | undefined;
}

/** The first source of which more than the share would go; `undefined` when there is none. */
export function excessOf(
  decision: { readonly [List in keyof Pick<RetentionDecision, 'keep' | 'delete'>]: readonly Listed[] },
  share = largestShare,
): Excess | undefined {
  const staying = Map.groupBy(decision.keep, ({ source }) => source);
  const losses = decision.delete.filter((one) => one.succeededBy === undefined);
  for (const [source, going] of Map.groupBy(losses, (one) => one.source)) {
    const all = going.length + (staying.get(source)?.length ?? 0);
    if (all >= fewSnapshots && going.length > all * share) return { source, delete: going.length, of: all };
  }
  return undefined;
}

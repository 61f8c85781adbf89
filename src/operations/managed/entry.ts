/** The plan's entries of kind `rds`. */
import { fail } from '../../core/errors.ts';
import type { Plan, RdsSource, SourceBase } from '../../plan/plan.ts';

export type RdsEntry = SourceBase & RdsSource;

export const rdsEntries = (plan: Plan): RdsEntry[] =>
  plan.sources.filter((source): source is SourceBase & RdsSource => source.kind === 'rds');

/** Errors: `SourceUnknown`. */
export function entryOf(plan: Plan, id: string): RdsEntry {
  return (
    rdsEntries(plan).find((source) => source.id === id) ??
    fail('SourceUnknown', `the plan ${plan.plan} has no source ${JSON.stringify(id)} of kind rds`, {
      hint: `It has: ${
        rdsEntries(plan)
          .map((source) => source.id)
          .join(', ') || 'none of that kind'
      }.`,
      context: { source: id },
    })
  );
}

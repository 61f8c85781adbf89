/**
 * The databases that a source of the plan means. By tag, clusters and instances that stand alone: a member is its cluster's
 * matter, and what AWS makes in passing is nobody's.
 */
import { fail } from '../../core/errors.ts';
import type { Database, RdsRegion } from './port.ts';

export type Choice =
  | { readonly instance: string }
  | { readonly cluster: string }
  | { readonly tag: { readonly key: string; readonly value: string } };

/** In order of their names. Errors: `SourceMissing` when there is none, `PlanInvalid` for an instance that is a cluster's member. */
export async function chosen(choice: Choice, rds: RdsRegion): Promise<readonly Database[]> {
  if ('tag' in choice) {
    const { key, value } = choice.tag;
    const found = (await rds.databases()).filter(({ tags }) => tags[key] === value);
    if (found.length > 0) return found.sort((a, b) => (a.arn < b.arn ? -1 : 1));
    return fail('SourceMissing', `no database in ${rds.region} has the tag ${key}=${value}`, {
      hint: 'Tag the instances (those that stand alone) and clusters that are to be protected, or correct the plan.',
    });
  }
  const kind = 'instance' in choice ? 'instance' : 'cluster';
  const id = 'instance' in choice ? choice.instance : choice.cluster;
  const found = await rds.findDatabase(kind, id);
  if (!found) {
    fail('SourceMissing', `there is no database ${kind} ${id} in ${rds.region}`, {
      hint: 'Look it up in the RDS console: its identifier and its region go into the plan.',
      context: { region: rds.region, [kind]: id },
    });
  }
  const cluster = kind === 'instance' ? found.about.DBClusterIdentifier : undefined;
  if (typeof cluster === 'string' && cluster !== '') {
    fail('PlanInvalid', `the instance ${id} is a member of the cluster ${cluster}, which is what can be saved`, {
      hint: `Write \`cluster: ${cluster}\` in the plan.`,
    });
  }
  return [found];
}

/**
 * The quota of manual snapshots, looked at before a run adds to it. People are told at four fifths, while there is still time
 * to ask for more; a quota that RDS does not tell is not a quota that has room, so nothing is said of it.
 */
import type { Database, Quota } from '../../sources/rds/port.ts';
import { databaseKinds } from '../../sources/rds/port.ts';
import { clear, raise } from '../alerting.ts';
import type { OperationContext } from '../context.ts';
import type { ManagedSource } from './managed.ts';

const tellAt = 0.8;

export async function forecastQuotas(
  context: OperationContext,
  { entry, region }: ManagedSource,
  databases: readonly Database[],
): Promise<void> {
  for (const place of [entry.region, ...entry.copies.map((copy) => copy.region)]) {
    let quotas: Awaited<ReturnType<Awaited<ReturnType<ManagedSource['region']>>['quotas']>>;
    try {
      quotas = await (await region(place)).quotas();
    } catch (error) {
      // a forecast that cannot be made is no reason not to back up
      context.log.warn('quotas-not-told', { region: place, reason: (error as Error).message });
      continue;
    }
    for (const kind of databaseKinds) {
      const wanted = databases.filter((one) => one.kind === kind).length;
      const quota = quotas[kind];
      if (wanted > 0 && quota) await tell(context, place, kind, quota, wanted);
    }
  }
}

async function tell(
  context: OperationContext,
  place: string,
  kind: string,
  { used, most }: Quota,
  wanted: number,
): Promise<void> {
  const trouble = `rds-quota/${place}/${kind}`;
  const after = used + wanted;
  if (after < most * tellAt) return clear(context, trouble);
  await raise(context, {
    kind: 'failure',
    severity: after > most ? 'critical' : 'warning',
    trouble,
    subject: `${place} is running out of room for manual ${kind} snapshots`,
    what: `${used} of ${most} manual ${kind} snapshots are used in ${place}; this run adds ${wanted}.`,
    action:
      'Ask for a higher quota in Service Quotas (Amazon RDS, manual snapshots), or remove what nobody needs. Beyond it nothing can be saved there.',
  });
}

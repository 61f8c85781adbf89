/**
 * Commits a snapshot in a replica, and those before it that the replica missed, once the replica alone could restore it:
 * what is looked at below is read from the replica, and nothing from the primary.
 */
import * as z from 'zod';
import { asTidemarkError, fail } from '../../core/errors.ts';
import { examine, recordComplete } from '../../vault/needs.ts';
import { indexCopies } from '../../vault/replicate.ts';
import type { Vault } from '../../vault/vault.ts';
import type { OperationContext } from '../context.ts';
import { type Job, jobSchema, leaseOf } from './job.ts';
import { leftOut, replicationKey, replicationSchema } from './replication.ts';

export const commitReplicaInput = z.object({
  job: jobSchema,
  snapshot: z.string(),
  vault: z.number().int().positive(),
});

export async function commitReplica(
  { job, snapshot: id, vault }: z.infer<typeof commitReplicaInput>,
  context: OperationContext,
): Promise<{ vault: number; snapshot: string }> {
  const primary = await context.vaults.open(0);
  const replica = await context.vaults.open(vault);
  const { packs, missed } = await primary.objects.read(replicationKey(job, vault), replicationSchema);
  for (const one of missed) {
    if (context.deadline.passed()) break;
    try {
      await commit(context, job, primary, replica, one.snapshot, one.packs);
    } catch (error) {
      const { name, message } = asTidemarkError(error);
      if (!leftOut.includes(name)) throw error;
      const place = replica.store.name;
      context.log.warn('missed-snapshot-left-out', { snapshot: one.snapshot, place, error: `${name}: ${message}` });
    }
  }
  await commit(context, job, primary, replica, id, packs);
  await replica.leases.end(leaseOf(job));
  return { vault, snapshot: id };
}

async function commit(
  context: OperationContext,
  job: Job,
  primary: Vault,
  replica: Vault,
  id: string,
  packs: readonly string[],
): Promise<void> {
  const snapshot = await primary.snapshots.get(id);
  await indexCopies(replica, packs);
  const { needs, findings } = await examine(replica, snapshot);
  const first = findings[0];
  if (first) {
    fail(
      'ObjectMissing',
      `${findings.length} packs of snapshot ${id} are not whole in ${replica.store.name}, first ${first.object}: ${first.detail}`,
      {
        hint: 'Run the backup again: it copies what is missing. What has another size is repaired by `tidemark verify`.',
        context: { snapshot: id, object: first.object },
      },
    );
  }
  await replica.leases.demand(leaseOf(job), context.clock.now());
  await replica.snapshots.commit(snapshot);
  const acceptance = await primary.snapshots.acceptance(id);
  if (acceptance) await replica.snapshots.accept(id, acceptance);
  await recordComplete(replica, id, needs, { time: context.clock.now().toISOString(), by: job.run });
}

/** Commits a snapshot in a replica, once the replica alone could restore it: the walk below reads nothing from the primary. */
import * as z from 'zod';
import { fail } from '../../core/errors.ts';
import { idInKey, layout } from '../../format/layout.ts';
import { indexCopies, packsOf } from '../../vault/replicate.ts';
import type { OperationContext } from '../context.ts';
import { batchKey, jobSchema, leaseOf, packsSchema } from './job.ts';

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
  const snapshot = await primary.snapshots.get(id);
  const { packs } = await primary.objects.read(batchKey(job, vault, 'needed'), packsSchema);
  const there = new Set((await replica.objects.keys(layout.packs)).map(idInKey));
  const missing = packs.filter((pack) => !there.has(pack));
  if (missing.length > 0) {
    fail(
      'ObjectMissing',
      `${missing.length} packs of snapshot ${id} did not arrive in ${replica.store.name}, first ${missing[0]}`,
      {
        hint: 'Run the backup again: it copies what is missing.',
        context: { snapshot: id, vault },
      },
    );
  }
  await indexCopies(replica, packs);
  await packsOf(replica, snapshot);
  await replica.leases.demand(leaseOf(job), context.clock.now());
  await replica.snapshots.commit(snapshot);
  await replica.snapshots.recordTrust(id, { level: 'complete', time: context.clock.now().toISOString(), by: job.run });
  await replica.leases.end(leaseOf(job));
  return { vault, snapshot: id };
}

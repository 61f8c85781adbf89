/** Finds out what a replica lacks of a snapshot. The lists of packs stay in the vault; a batch is a reference to one. */
import * as z from 'zod';
import { fail } from '../../core/errors.ts';
import { idInKey, layout } from '../../format/layout.ts';
import { packsOf } from '../../vault/replicate.ts';
import type { OperationContext } from '../context.ts';
import { batchKey, type Job, jobSchema, takeWriterLease } from './job.ts';

export const planReplicationInput = z.object({
  job: jobSchema,
  snapshot: z.string(),
  vault: z.number().int().positive(),
});

export interface ReplicationBatch {
  readonly run: string;
  readonly source: string;
  readonly snapshot: string;
  readonly vault: number;
  readonly batch: number;
}

export interface PlannedReplication {
  readonly job: Job;
  readonly snapshot: string;
  readonly vault: number;
  readonly batches: readonly ReplicationBatch[];
}

/** A batch is one invocation's work (64 packs of 32 MiB are 2 GiB), and there are never so many that their list outgrows a payload. */
const packsPerBatch = 64;
const mostBatches = 1000;

export async function planReplication(
  { job, snapshot: id, vault }: z.infer<typeof planReplicationInput>,
  context: OperationContext,
): Promise<PlannedReplication> {
  const primary = await context.vaults.open(0);
  const replica = await context.vaults.openReplica(vault);
  await takeWriterLease(replica, job, context.clock.now());
  const needed = await packsOf(primary, await primary.snapshots.get(id));
  const there = new Set((await replica.objects.keys(layout.packs)).map(idInKey));
  const fossils = new Set((await replica.fossils.list()).flatMap((fossil) => fossil.packs.map((pack) => pack.id)));
  const doubted = needed.find((pack) => fossils.has(pack));
  if (doubted) {
    fail('WriterFenced', `pack ${doubted} is being collected in ${replica.store.name} and is needed again`, {
      hint: 'Wait for the next prune, which deletes or revives it; the run after that copies the snapshot.',
      context: { pack: doubted, vault },
    });
  }
  const missing = needed.filter((pack) => !there.has(pack));
  const size = Math.max(packsPerBatch, Math.ceil(missing.length / mostBatches));
  const batches: ReplicationBatch[] = [];
  for (let at = 0; at < missing.length; at += size) {
    const batch = batches.length;
    await primary.objects.write(batchKey(job, vault, batch), { packs: missing.slice(at, at + size) });
    batches.push({ run: job.run, source: job.source, snapshot: id, vault, batch });
  }
  await primary.objects.write(batchKey(job, vault, 'needed'), { packs: needed });
  return { job, snapshot: id, vault, batches };
}

/** Opens a job: has this version been taken already? If not, how is it divided, and what is it compared with? */
import * as z from 'zod';
import { snapshotId } from '../../core/ids.ts';
import type { Snapshot } from '../../format/snapshot.ts';
import type { OperationContext } from '../context.ts';
import { captureContext, type Job, type JobRecord, jobKey, jobSchema, takeWriterLease } from './job.ts';

export const splitJobInput = z.object({ job: jobSchema });

const filesForWorkers = 20_000;

export interface SplitJob {
  readonly job: Job;
  /** The snapshot that is there already. It is adopted: there are no shards, and what follows makes sure of it. */
  readonly adopt?: string;
  readonly shards: readonly { readonly job: Job; readonly shard: number; readonly of: number }[];
}

export async function splitJob({ job }: z.infer<typeof splitJobInput>, context: OperationContext): Promise<SplitJob> {
  const vault = await context.vaults.prepare();
  const source = context.source(job.source);
  const known = await vault.snapshots.list(job.source);
  const accepted = await vault.snapshots.acceptancesOf(known);
  const sound = known.filter(
    ({ id, kind, suspicion }) => kind === job.kind && (suspicion === undefined || accepted.has(id)),
  );
  const { parent: parentId, others } = (await source.lineage?.(sound, job.cadence)) ?? {
    parent: sound[0]?.id,
    others: [],
  };
  const parent = sound.find(({ id }) => id === parentId);
  const capture = await captureContext(context, vault, job, { parent: parentId, others: [...others] });
  const revision = await source.revision?.(capture);
  const id = snapshotId(job.source, new Date(job.time), revision ?? job.run);
  const adopt = known.find((snapshot) => snapshot.id === id || sameRevision(snapshot, revision));
  const seen = await source.concern?.(capture);
  const concern = seen === undefined ? {} : { concern: seen };
  if (adopt) {
    // Nothing to capture. Verification and replication still run, as an earlier run may have failed in between, or
    // something was lost since: for a snapshot that was found whole before they cost a look at the packs.
    // What was kept elsewhere is of its own time; the source has moved on since, so it is not sighted now.
    if (!source.pointInTime) await vault.snapshots.recordSighting(adopt.id, new Date(job.time));
    const adopted: JobRecord = { snapshot: adopt.id, ...concern, started: job.time, shards: [] };
    await vault.objects.write(jobKey(job), adopted);
    return { job, adopt: adopt.id, shards: [] };
  }

  await takeWriterLease(vault, job, context.clock.now(), parent?.id);
  // they begin while this source is split; a small one is done before they would have begun
  if ((parent?.totals.files ?? 0) >= filesForWorkers) context.crew?.start();
  const shards = await source.split(capture);
  const record: JobRecord = {
    snapshot: id,
    ...(parent && { parent: parent.id }),
    ...(others.length > 0 && { others: [...others] }),
    ...(revision !== undefined && { revision }),
    ...concern,
    started: ((await source.pointInTime?.(capture)) ?? context.clock.now()).toISOString(),
    shards: shards.map((shard) => ({ ...shard }) as JobRecord['shards'][number]),
  };
  await vault.objects.write(jobKey(job), record);
  return { job, shards: shards.map((_, shard) => ({ job, shard, of: shards.length })) };
}

function sameRevision(snapshot: Snapshot, revision: string | undefined): boolean {
  return revision !== undefined && snapshot.revision === revision && snapshot.problemCount === 0;
}

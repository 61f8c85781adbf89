/** Puts the shards together and commits the snapshot: from then on it exists, wholly. */
import * as z from 'zod';
import { isTidemarkError } from '../../core/errors.ts';
import type { Problem, Snapshot, Totals } from '../../format/snapshot.ts';
import type { OperationContext } from '../context.ts';
import { rememberedOf, signalsOf } from '../suspicion/signals.ts';
import { historyOf, suspicionOf } from '../suspicion/suspicion.ts';
import {
  captureContext,
  freshSum,
  type Job,
  jobKey,
  jobRecordSchema,
  jobSchema,
  leaseOf,
  packsKey,
  program,
  shardKey,
  shardRecordSchema,
} from './job.ts';

export const commitSnapshotInput = z.object({ job: jobSchema, shards: z.number().int().nonnegative() });

export interface CommittedSnapshot {
  readonly job: Job;
  readonly snapshot: string;
  readonly files: number;
  readonly bytes: { readonly read: number; readonly stored: number };
  readonly problems: number;
  readonly suspicion?: string;
  readonly replicas: readonly { readonly job: Job; readonly snapshot: string; readonly vault: number }[];
}

const problemsKept = 1000;

export async function commitSnapshot(
  { job, shards }: z.infer<typeof commitSnapshotInput>,
  context: OperationContext,
): Promise<CommittedSnapshot> {
  const vault = await context.vaults.open(0);
  const record = await vault.objects.read(jobKey(job), jobRecordSchema);
  const there = await vault.snapshots.find(record.snapshot);
  if (there) return outcome(job, there, context.vaults.count);

  const parts = [];
  for (let shard = 0; shard < shards; shard += 1) {
    parts.push(await vault.objects.read(shardKey(job, shard), shardRecordSchema));
  }
  const writer = await vault.writer();
  const capture = await captureContext(context, vault, job, record, writer);
  const content = await context.source(job.source).combine(
    parts.map((part) => part.result),
    { ...capture, revision: record.revision ?? job.revision },
  );
  const written = await writer.finish();
  const totals: Totals = { ...content.totals, stored: parts.reduce((sum, part) => sum + part.stored, written.stored) };
  const fresh = parts.reduce((sum, part) => freshSum(sum, part.fresh), written.fresh);
  const noted = { ...content.details, fresh };
  // logs only ever grow on what a base had
  const isState = job.cadence !== 'logs';
  const history = isState
    ? await historyOf(vault, job.source, { kind: job.kind, id: record.snapshot, details: noted })
    : [];
  const suspicion = suspicionOf(signalsOf({ totals, details: noted }), history);
  const details = isState ? { ...noted, course: rememberedOf(history) } : noted;
  const snapshot: Snapshot = {
    format: 'tidemark-snapshot',
    version: 1,
    id: record.snapshot,
    source: job.source,
    kind: job.kind,
    cadence: job.cadence,
    run: job.run,
    time: record.started,
    ended: context.clock.now().toISOString(),
    ...(record.revision !== undefined && { revision: record.revision }),
    root: content.root,
    totals,
    problems: content.problems.slice(0, problemsKept) as Problem[],
    problemCount: content.problems.length,
    ...(suspicion !== undefined && { suspicion }),
    ...(record.parent !== undefined && { parent: record.parent }),
    details,
    program,
  };
  const packs = [...parts.flatMap((part) => part.packs), ...written.packs.map((pack) => pack.id)];
  await vault.objects.write(packsKey(job), { packs });
  await vault.leases.demand(leaseOf(job), context.clock.now());
  try {
    await vault.snapshots.commit(snapshot);
  } catch (error) {
    // another attempt, or another run that took this revision in the same second, was quicker: its snapshot is as good
    if (!isTidemarkError(error, 'ObjectExists')) throw error;
    return outcome(job, await vault.snapshots.get(snapshot.id), context.vaults.count);
  }
  context.log.info('snapshot-committed', { run: job.run, source: job.source, snapshot: snapshot.id, ...totals });
  return outcome(job, snapshot, context.vaults.count);
}

function outcome(job: Job, snapshot: Snapshot, vaults: number): CommittedSnapshot {
  const { files, read, stored } = snapshot.totals;
  const adopted = snapshot.run !== job.run;
  return {
    job,
    snapshot: snapshot.id,
    files,
    bytes: adopted ? { read: 0, stored: 0 } : { read, stored },
    problems: snapshot.problemCount,
    ...(snapshot.suspicion !== undefined && { suspicion: snapshot.suspicion }),
    replicas: Array.from({ length: vaults - 1 }, (_, at) => ({ job, snapshot: snapshot.id, vault: at + 1 })),
  };
}

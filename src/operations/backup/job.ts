/** A job: one source inside a run. Its payload is a reference; everything larger lies in the vault's work area. */
import * as z from 'zod';
import { fail } from '../../core/errors.ts';
import { layout } from '../../format/layout.ts';
import { cadences, snapshotVersion } from '../../format/snapshot.ts';
import type { CaptureContext, ContentSink, PreviousSnapshot } from '../../sources/port.ts';
import type { Vault } from '../../vault/vault.ts';
import type { Fresh } from '../../vault/writer.ts';
import type { OperationContext } from '../context.ts';

export const jobSchema = z.object({
  run: z.string(),
  time: z.iso.datetime(),
  cadence: z.enum(cadences),
  source: z.string(),
  kind: z.string(),
  /** The commit or ref that a change event named. */
  revision: z.string().optional(),
});
export type Job = z.infer<typeof jobSchema>;

/** What the parts of a job share, written when it is split. */
export const jobRecordSchema = z.object({
  snapshot: z.string(),
  parent: z.string().optional(),
  others: z.array(z.string()).optional(),
  revision: z.string().optional(),
  /** What the source sees coming; `null` when it looked and there is nothing. */
  concern: z.object({ subject: z.string(), what: z.string(), action: z.string() }).nullable().optional(),
  started: z.iso.datetime(),
  shards: z.array(z.record(z.string(), z.json())),
});
export type JobRecord = z.infer<typeof jobRecordSchema>;

/** New content before and after compression: see `Fresh` of the vault's writer. */
export const freshSchema = z.object({ plain: z.number(), packed: z.number() });
export const nothingFresh: Fresh = { plain: 0, packed: 0 };
export const freshSum = (one: Fresh, other: Fresh): Fresh => ({
  plain: one.plain + other.plain,
  packed: one.packed + other.packed,
});

/** What one shard came to. */
export const shardRecordSchema = z.object({
  result: z.json(),
  stored: z.number(),
  fresh: freshSchema.default(nothingFresh),
  packs: z.array(z.string()),
});
export type ShardRecord = z.infer<typeof shardRecordSchema>;

export const program = `tidemark format ${snapshotVersion}`;

/** All that names a job. */
export type JobName = Pick<Job, 'run' | 'source'>;

export const jobKey = (job: JobName): string => layout.work(job.run, job.source, 'job');
export const shardKey = (job: Job, shard: number): string => layout.work(job.run, job.source, `shard-${shard}`);
export const cursorKey = (job: Job, shard: number, cursor: number): string =>
  layout.work(job.run, job.source, `shard-${shard}-cursor-${cursor}`);
/** The packs that the job stored, to be read back. */
export const packsKey = (job: Job): string => layout.work(job.run, job.source, 'packs');
export const packsSchema = z.object({ packs: z.array(z.string()) });
export const batchKey = (job: JobName, vault: number, batch: number | 'needed'): string =>
  layout.work(job.run, job.source, `replica-${vault}-${batch}`);

/** Name of the lease under which a job stores packs. */
export const leaseOf = (job: JobName): string => `${job.run}.${job.source}`;

/** Longer than any job takes; it only delays collection. */
export const leaseLength = 7 * 24 * 60 * 60 * 1000;

/** `parent` is protected from prune for so long: what is found unchanged is taken over from it. */
export async function takeWriterLease(vault: Vault, job: Job, now: Date, parent?: string): Promise<void> {
  await vault.leases.take(leaseOf(job), {
    what: 'writer',
    by: job.run,
    source: job.source,
    ...(parent !== undefined && { snapshot: parent }),
    started: now.toISOString(),
    expires: new Date(now.getTime() + leaseLength).toISOString(),
  });
}

/** `sink` is absent where nothing may be stored yet. */
export async function captureContext(
  context: OperationContext,
  vault: Vault,
  job: Job,
  { parent, others = [] }: Pick<JobRecord, 'parent' | 'others'>,
  sink?: ContentSink,
): Promise<CaptureContext> {
  const found = await Promise.all(others.map((id) => previousSnapshot(vault, id)));
  return {
    sink: sink ?? closedSink,
    previous: parent === undefined ? undefined : await previousSnapshot(vault, parent),
    others: found.filter((other) => other !== undefined),
    cadence: job.cadence,
    revision: job.revision,
    deadline: context.deadline,
    clock: context.clock,
    log: context.log.with({ run: job.run, source: job.source }),
  };
}

async function previousSnapshot(vault: Vault, id: string): Promise<PreviousSnapshot | undefined> {
  const snapshot = await vault.snapshots.find(id);
  if (!snapshot) return undefined;
  const reader = await vault.reader();
  const { root, details, totals } = snapshot;
  return { id, root, time: new Date(snapshot.time), details, totals, reader, tree: (tree) => reader.tree(tree) };
}

const notYet = (): never => fail('Unexpected', 'a source stored content before its capture began');
const closedSink: ContentSink = {
  smallFile: 0,
  stored: 0,
  put: notYet,
  stream: notYet,
  holds: () => false,
  drain: () => undefined,
};

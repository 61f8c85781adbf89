/**
 * Captures one shard, as far as one invocation gets. What is stored is made durable first and the cursor written after, so
 * an invocation that dies is repeated from the cursor before and stores little twice.
 */
import * as z from 'zod';
import { fail } from '../../core/errors.ts';
import { canonicalJson } from '../../core/json.ts';
import type { OperationContext } from '../context.ts';
import { captureWith } from '../crew/capture.ts';
import {
  captureContext,
  cursorKey,
  freshSchema,
  freshSum,
  type Job,
  jobKey,
  jobRecordSchema,
  jobSchema,
  nothingFresh,
  shardKey,
} from './job.ts';

export const captureShardInput = z.object({
  job: jobSchema,
  shard: z.number().int().nonnegative(),
  of: z.number().int().positive(),
  cursor: z.number().int().nonnegative().optional(),
});

export interface CapturedShard {
  readonly job: Job;
  readonly shard: number;
  readonly of: number;
  readonly cursor: number;
  readonly done: boolean;
  readonly files: number;
  readonly bytes: number;
}

const cursorSchema = z.object({
  state: z.json(),
  stored: z.number(),
  fresh: freshSchema.default(nothingFresh),
  packs: z.array(z.string()),
});

export async function captureShard(
  { job, shard, of, cursor = 0 }: z.infer<typeof captureShardInput>,
  context: OperationContext,
): Promise<CapturedShard> {
  const vault = await context.vaults.open(0);
  const record = await vault.objects.read(jobKey(job), jobRecordSchema);
  const before = cursor === 0 ? undefined : await vault.objects.read(cursorKey(job, shard, cursor), cursorSchema);
  const writer = await vault.writer();
  const capture = await captureContext(context, vault, job, record, writer);
  const outcome = await captureWith(context.crew, {
    source: context.source(job.source),
    shard: record.shards[shard]!,
    state: before?.state,
    context: { ...capture, revision: record.revision ?? job.revision },
    ...{ vault, writer },
  });
  const written = await writer.finish();
  const stored = (before?.stored ?? 0) + written.stored;
  const fresh = freshSum(before?.fresh ?? nothingFresh, written.fresh);
  const packs = [...(before?.packs ?? []), ...written.packs.map((pack) => pack.id)];
  const { files, bytes } = outcome.progress;
  if (outcome.done) {
    await vault.objects.write(shardKey(job, shard), { result: outcome.result, stored, fresh, packs });
    return { job, shard, of, cursor, done: true, files, bytes };
  }
  if (before && canonicalJson(before.state) === canonicalJson(outcome.state)) {
    fail('DeadlineExceeded', `a whole invocation of ${job.source} came no further than the one before`, {
      hint: 'Give the function capture-shard more time or memory.',
      context: { source: job.source, shard, cursor },
    });
  }
  await vault.objects.write(cursorKey(job, shard, cursor + 1), { state: outcome.state, stored, fresh, packs });
  return { job, shard, of, cursor: cursor + 1, done: false, files, bytes };
}

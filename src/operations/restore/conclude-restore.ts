/** Sums up a restore: its record, and an alert when it failed. */
import * as z from 'zod';
import { type Failure, readFailure } from '../../core/failure.ts';
import { redact } from '../../core/log.ts';
import { layout } from '../../format/layout.ts';
import { clear, raise } from '../alerting.ts';
import { caughtSchema } from '../backup/conclude-run.ts';
import type { OperationContext } from '../context.ts';
import { leaseOfRestore, restoreKey, restoreRecordSchema, restoreSchema } from './record.ts';

export const concludeRestoreInput = z.object({
  restore: restoreSchema,
  /** What each shard restored; while there is an error, what was to be restored. */
  shards: z.array(z.object({ files: z.number().optional(), bytes: z.number().optional() })),
  validation: z
    .object({ checked: z.record(z.string(), z.number()), problems: z.number(), first: z.string().optional() })
    .optional(),
  error: caughtSchema.optional(),
});

export interface RestoreReport {
  readonly restore: string;
  readonly status: 'success' | 'failure';
  readonly source: string;
  readonly snapshot: string;
  readonly time: string;
  readonly target: string;
  readonly restored: { readonly files: number; readonly bytes: number };
  readonly checked: Readonly<Record<string, number>>;
  readonly durationMs: number;
  readonly error?: Failure;
}

export async function concludeRestore(
  { restore, shards, validation, error }: z.infer<typeof concludeRestoreInput>,
  context: OperationContext,
): Promise<RestoreReport> {
  const vault = await context.vaults.open(restore.vault);
  const record = await vault.objects.read(restoreKey(restore.id), restoreRecordSchema);
  const ended = context.clock.now();
  const target = redact(restore.target) as string; // a database URL may hold a password, and the record stays
  const differs: Failure | undefined =
    validation && validation.problems > 0
      ? {
          name: 'ValidationFailed',
          message: `${validation.problems} entries in ${target} are not what snapshot ${restore.snapshot} holds, first ${validation.first ?? 'unknown'}`,
        }
      : undefined;
  const failure = error ? readFailure(error) : differs;
  const report: RestoreReport = {
    restore: restore.id,
    status: failure ? 'failure' : 'success',
    source: restore.source,
    snapshot: restore.snapshot,
    time: restore.time,
    target,
    restored: {
      files: shards.reduce((sum, shard) => sum + (shard.files ?? 0), 0),
      bytes: shards.reduce((sum, shard) => sum + (shard.bytes ?? 0), 0),
    },
    checked: validation?.checked ?? {},
    durationMs: ended.getTime() - new Date(record.started).getTime(),
    ...(failure && { error: failure }),
  };
  await vault.objects.write(layout.run(restore.id), { ...report, paths: record.paths, ended: ended.toISOString() });
  await vault.leases.end(leaseOfRestore(restore.id));
  context.log.info('restore-concluded', { ...report });
  const trouble = `restore/${restore.source}`;
  if (!failure) {
    await clear(context, trouble, { run: restore.id });
    await clear(context, 'workflow/restore', { run: restore.id });
    return report;
  }
  await raise(context, {
    kind: 'failure',
    severity: 'critical',
    trouble,
    subject: `the restore of ${restore.source} failed`,
    source: restore.source,
    what: `${failure.name}: ${failure.message}`,
    lastGood: restore.time,
    action: failure.hint ?? 'Try another snapshot or another vault (`vault` in the input), into another target.',
    run: restore.id,
  });
  return report;
}

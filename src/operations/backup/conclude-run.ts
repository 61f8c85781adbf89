/** Sums up a run: the run record first, then the alerts, so that a failing alert path never hides what happened. */
import * as z from 'zod';
import { asTidemarkError } from '../../core/errors.ts';
import { readFailure } from '../../core/failure.ts';
import { layout } from '../../format/layout.ts';
import { cadences } from '../../format/snapshot.ts';
import type { Vault } from '../../vault/vault.ts';
import { clear, lastGood, raise } from '../alerting.ts';
import type { OperationContext } from '../context.ts';
import { type JobRecord, jobKey, jobRecordSchema, leaseOf } from './job.ts';

export const caughtSchema = z.object({ Error: z.string(), Cause: z.string().default('') });

/** Of a job that watched what somebody else ships, and took no snapshot. */
const watchedSchema = z.object({ source: z.string(), status: z.literal('success'), watched: z.number() });

const takenSchema = z.discriminatedUnion('status', [
  z.object({
    source: z.string(),
    status: z.literal('success'),
    snapshot: z.string(),
    files: z.number(),
    bytes: z.object({ read: z.number(), stored: z.number() }),
    problems: z.number(),
    suspicion: z.string().optional(),
  }),
  z.object({
    source: z.string(),
    status: z.literal('failure'),
    snapshot: z.string().optional(),
    cadence: z.literal('logs').optional(),
    error: caughtSchema,
  }),
]);
const resultSchema = z.union([watchedSchema, takenSchema]);

export const concludeRunInput = z.object({
  run: z.string(),
  cadence: z.enum(cadences),
  time: z.iso.datetime(),
  jobs: z.array(resultSchema),
});

export interface JobReport {
  readonly source: string;
  readonly status: 'success' | 'failure';
  readonly snapshot?: string;
  readonly bytes: { readonly read: number; readonly stored: number };
  readonly files: number;
  readonly durationMs: number;
  /** It was about the log, and says nothing of snapshots. */
  readonly logs?: true;
  readonly suspicion?: string;
  readonly error?: { readonly name: string; readonly message: string; readonly hint?: string };
}

export interface RunReport {
  readonly run: string;
  readonly status: 'success' | 'failure';
  readonly jobs: readonly JobReport[];
}

export async function concludeRun(
  { run, cadence, time, jobs: results }: z.infer<typeof concludeRunInput>,
  context: OperationContext,
): Promise<RunReport> {
  const vault = await context.vaults.open(0);
  const jobs: JobReport[] = [];
  for (const result of results) jobs.push(await reportOf(vault, run, result));
  const report: RunReport = {
    run,
    status: jobs.every((job) => job.status === 'success') ? 'success' : 'failure',
    jobs,
  };
  const concerns = await concernsOf(vault, run, jobs);
  const ended = context.clock.now().toISOString();
  await vault.objects.write(layout.run(run), { ...report, cadence, time, ended, plan: context.plan.hash });
  await endLeases(context, vault, run, jobs);
  if (report.status === 'success') await vault.store.delete(await vault.objects.keys(layout.workOf(run)));
  context.log.info('run-concluded', { run, cadence, status: report.status, jobs });
  for (const job of jobs) await tell(context, vault, run, job);
  for (const [source, concern] of concerns) await tellConcern(context, run, source, concern);
  await clear(context, 'workflow/backup', { run });
  return report;
}

type ToldConcern = NonNullable<JobRecord['concern']> | null;

/** By source; those that did not look are left out, so that what is open stays so. */
async function concernsOf(vault: Vault, run: string, jobs: readonly JobReport[]): Promise<Map<string, ToldConcern>> {
  const concerns = new Map<string, ToldConcern>();
  for (const { source } of jobs) {
    const record = await vault.objects.readIfThere(jobKey({ run, source }), jobRecordSchema);
    if (record?.concern !== undefined) concerns.set(source, record.concern);
  }
  return concerns;
}

async function tellConcern(
  context: OperationContext,
  run: string,
  source: string,
  concern: ToldConcern,
): Promise<void> {
  const trouble = `concern/${source}`;
  if (concern === null) return clear(context, trouble, { run });
  await raise(context, { kind: 'capacity', severity: 'warning', trouble, source, run, ...concern });
}

/** Of jobs that failed, in every vault that can be reached: a lease that stays holds up collection there for a week. */
async function endLeases(
  context: OperationContext,
  primary: Vault,
  run: string,
  jobs: readonly JobReport[],
): Promise<void> {
  const failed = jobs.filter(({ status }) => status === 'failure');
  for (const { source } of failed) await primary.leases.end(leaseOf({ run, source }));
  for (let replica = 1; failed.length > 0 && replica < context.vaults.count; replica += 1) {
    try {
      const { leases } = await context.vaults.open(replica);
      for (const { source } of failed) await leases.end(leaseOf({ run, source }));
    } catch (error) {
      const place = context.vaults.place(replica);
      context.log.warn('leases-not-ended', { place, error: asTidemarkError(error).message });
    }
  }
}

async function reportOf(vault: Vault, run: string, result: z.infer<typeof resultSchema>): Promise<JobReport> {
  const { source } = result;
  if ('watched' in result) {
    return { source, status: 'success', logs: true, bytes: { read: 0, stored: 0 }, files: 0, durationMs: 0 };
  }
  const snapshot = result.snapshot === undefined ? undefined : await vault.snapshots.find(result.snapshot);
  const durationMs =
    snapshot && snapshot.run === run ? new Date(snapshot.ended).getTime() - new Date(snapshot.time).getTime() : 0;
  if (result.status === 'failure') {
    const bytes = { read: snapshot?.totals.read ?? 0, stored: snapshot?.totals.stored ?? 0 };
    const named = result.snapshot === undefined ? {} : { snapshot: result.snapshot };
    return {
      source,
      status: 'failure',
      ...(result.cadence === 'logs' && { logs: true as const }),
      ...named,
      bytes,
      files: snapshot?.totals.files ?? 0,
      durationMs,
      error: readFailure(result.error),
    };
  }
  const common = { source, snapshot: result.snapshot, bytes: result.bytes, files: result.files, durationMs };
  if (result.problems === 0) {
    return { ...common, status: 'success', ...(result.suspicion !== undefined && { suspicion: result.suspicion }) };
  }
  const first = snapshot?.problems[0];
  return {
    ...common,
    status: 'failure',
    error: {
      name: 'SourceIncomplete',
      message: `${result.problems} entries of ${source} could not be captured as they are${first ? `, first ${first.path}: ${first.what}` : ''}`,
      hint: `The snapshot ${result.snapshot} holds everything else. Mend or exclude the entries, then back up again.`,
    },
  };
}

async function tell(context: OperationContext, vault: Vault, run: string, job: JobReport): Promise<void> {
  const { source } = job;
  const good = await lastGood(vault, source);
  if (job.logs) {
    await tellLogs(context, run, job, good);
    return;
  }
  if (job.error) {
    await raise(context, {
      kind: 'failure',
      severity: good === 'none' ? 'critical' : 'warning',
      trouble: `backup/${source}`,
      subject: `${source} was not backed up${job.snapshot === undefined ? '' : ' whole'}`,
      source,
      what: `${job.error.name}: ${job.error.message}`,
      lastGood: good,
      action: job.error.hint ?? `Mend the cause, then run \`tidemark backup --source ${source}\`.`,
      run,
    });
  } else {
    await clear(context, `backup/${source}`, { run, lastGood: good });
  }
  if (job.suspicion !== undefined) {
    await raise(context, {
      kind: 'corruption',
      severity: 'critical',
      trouble: `suspicious/${source}`,
      subject: `${source} does not look right: its newest snapshot does not count`,
      source,
      what: `Snapshot ${job.snapshot} is suspicious: ${job.suspicion}.`,
      lastGood: good,
      action: `Look whether ${source} is whole (mounted, not emptied, not encrypted by somebody else). If it is as it should be: \`tidemark accept ${job.snapshot} --why ...\`. Until then, or until a good snapshot follows, nothing of it is pruned.`,
      run,
    });
  } else if (job.status === 'success') {
    await clear(context, `suspicious/${source}`, { run, lastGood: good });
  }
}

/** A log that is followed again does not mend a snapshot that failed, nor the other way round. */
async function tellLogs(
  context: OperationContext,
  run: string,
  { source, error }: JobReport,
  good: string,
): Promise<void> {
  if (!error) return clear(context, `logs/${source}`, { run, lastGood: good });
  await raise(context, {
    kind: 'failure',
    severity: 'warning',
    trouble: `logs/${source}`,
    subject: `the logs of ${source} could not be looked after`,
    source,
    what: `${error.name}: ${error.message}`,
    lastGood: good,
    action: error.hint ?? 'Mend the cause; the next look is in 15 minutes.',
    run,
  });
}

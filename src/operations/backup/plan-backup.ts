/** Decides what a run has to do: which sources are due, from a cadence, a list of sources, or a change event. */
import * as z from 'zod';
import { fail } from '../../core/errors.ts';
import { runId } from '../../core/ids.ts';
import { layout } from '../../format/layout.ts';
import { type Cadence, cadences } from '../../format/snapshot.ts';
import { nearest } from '../../plan/plan.ts';
import type { OperationContext } from '../context.ts';
import type { Job } from './job.ts';
import { changesOf } from './triggers.ts';

export const planBackupInput = z.object({
  cadence: z.enum(cadences).optional(),
  sources: z.array(z.string()).optional(),
  event: z.record(z.string(), z.unknown()).optional(),
  execution: z.string().min(1),
  started: z.iso.datetime(),
});

export interface PlannedRun {
  readonly run: string;
  readonly cadence: Cadence;
  readonly time: string;
  readonly jobs: readonly Job[];
}

/** Kinds whose transaction logs this version can follow. */
const kindsWithLogs: readonly string[] = [];

export async function planBackup(
  { cadence, sources, event, execution, started }: z.infer<typeof planBackupInput>,
  context: OperationContext,
): Promise<PlannedRun> {
  const { plan } = context;
  for (const id of sources ?? []) {
    if (plan.sources.some((source) => source.id === id)) continue;
    const near = nearest(id, plan.sources.map((source) => source.id));
    fail('SourceUnknown', `the plan ${plan.plan} has no source ${JSON.stringify(id)}`, {
      hint: near ? `Did you mean ${JSON.stringify(near)}?` : `It has: ${plan.sources.map((source) => source.id).join(', ')}.`,
      context: { source: id },
    });
  }
  const wanted: Cadence = event ? 'change' : (cadence ?? 'incremental');
  const time = new Date(started).toISOString();
  const run = runId(new Date(started), wanted, execution);
  const due = event
    ? changesOf(event, plan)
    : plan.sources
        .filter((source) => (sources ? sources.includes(source.id) : source.cadences[wanted] !== 'never'))
        .filter((source) => wanted !== 'logs' || kindsWithLogs.includes(source.kind))
        .map((source) => ({ source, revision: undefined }));
  const jobs = due.map(({ source, revision }): Job => ({
    run,
    time,
    cadence: wanted,
    source: source.id,
    kind: source.kind,
    ...(revision === undefined ? {} : { revision }),
  }));
  const vault = await context.vaults.prepare();
  await vault.objects.write(layout.work(run, 'run'), { run, time, cadence: wanted, execution, plan: plan.hash, jobs });
  context.log.info('run-planned', { run, cadence: wanted, jobs: jobs.map((job) => job.source) });
  return { run, cadence: wanted, time, jobs };
}

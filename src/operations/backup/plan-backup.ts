/** Decides what a run has to do: which sources are due, from a cadence, a list of sources, or a change event. */
import * as z from 'zod';
import { fail } from '../../core/errors.ts';
import { runId } from '../../core/ids.ts';
import { layout } from '../../format/layout.ts';
import { type Cadence, cadences } from '../../format/snapshot.ts';
import { dueSlot, type Latest, nearest, type SourcePlan, savesLog } from '../../plan/index.ts';
import type { Vault } from '../../vault/vault.ts';
import type { OperationContext } from '../context.ts';
import { watchedSchema } from '../managed/watch-managed.ts';
import type { Job } from './job.ts';
import { changesOf } from './triggers.ts';

export const planBackupInput = z.strictObject({
  cadence: z.enum(cadences).optional(),
  sources: z.array(z.string()).optional(),
  /** The hourly sweep: whatever slot has come and was not answered, of whatever cadence. */
  due: z.boolean().optional(),
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

export async function planBackup(
  { cadence, sources, due, event, execution, started }: z.infer<typeof planBackupInput>,
  context: OperationContext,
): Promise<PlannedRun> {
  const { plan } = context;
  for (const id of sources ?? []) {
    if (plan.sources.some((source) => source.id === id)) continue;
    const near = nearest(
      id,
      plan.sources.map((source) => source.id),
    );
    fail('SourceUnknown', `the plan ${plan.plan} has no source ${JSON.stringify(id)}`, {
      hint: near
        ? `Did you mean ${JSON.stringify(near)}?`
        : `It has: ${plan.sources.map((source) => source.id).join(', ')}.`,
      context: { source: id },
    });
  }
  const wanted: Cadence = event ? 'change' : (cadence ?? 'incremental');
  const time = new Date(started).toISOString();
  const run = runId(new Date(started), wanted, execution);
  const vault = await context.vaults.prepare();
  const concerned: readonly Wanted[] = event
    ? changesOf(event, plan).map((change) => ({ ...change, cadence: 'change' }))
    : due
      ? await unanswered(context, vault, new Date(started))
      : plan.sources
          .filter((source) => (sources ? sources.includes(source.id) : source.cadences[wanted] !== 'never'))
          .filter((source) => wanted !== 'logs' || savesLog(source))
          .map((source) => ({ source, cadence: wanted }));
  const jobs = concerned.map(
    (one): Job => ({
      run,
      time,
      cadence: one.cadence,
      source: one.source.id,
      kind: one.source.kind,
      ...(one.revision === undefined ? {} : { revision: one.revision }),
    }),
  );
  await vault.objects.write(layout.work(run, 'run'), { run, time, cadence: wanted, execution, plan: plan.hash, jobs });
  context.log.info('run-planned', { run, cadence: wanted, jobs: jobs.map((job) => job.source) });
  return { run, cadence: wanted, time, jobs };
}

interface Wanted {
  readonly source: SourcePlan;
  readonly cadence: Cadence;
  readonly revision?: string | undefined;
}

/** The slots that have come and that nothing answers yet: a trigger was lost, or its run failed. */
async function unanswered(context: OperationContext, vault: Vault, now: Date): Promise<Wanted[]> {
  const sightings = await vault.snapshots.sightings();
  const latest = new Map<string, Partial<Record<Cadence, Date>>>();
  for (const snapshot of await vault.snapshots.list()) {
    if (await vault.snapshots.isSuspicious(snapshot)) continue;
    const { id, source, cadence, time } = snapshot;
    const times = latest.get(source) ?? {};
    for (const seen of [new Date(time), ...(sightings.get(id) ?? [])]) {
      if (seen > (times[cadence] ?? new Date(0))) times[cadence] = seen;
    }
    latest.set(source, times);
  }
  for (const { id, kind } of context.plan.sources) {
    const watched = kind === 'rds' ? await vault.objects.readIfThere(layout.watched(id), watchedSchema) : undefined;
    if (watched) latest.set(id, { ...latest.get(id), logs: new Date(watched.time) });
  }
  return context.plan.sources.flatMap((source) => {
    const slot = dueSlot(source, context.plan.timeZone, now, (latest.get(source.id) ?? {}) satisfies Latest);
    return slot && (slot.cadence !== 'logs' || savesLog(source)) ? [{ source, cadence: slot.cadence }] : [];
  });
}

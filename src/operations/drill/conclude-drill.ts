/** Sums up a drill: its record, and an alert for each source that could not be rehearsed. */
import * as z from 'zod';
import { type Failure, readFailure } from '../../core/failure.ts';
import { layout } from '../../format/layout.ts';
import { clear, raise } from '../alerting.ts';
import { caughtSchema } from '../backup/conclude-run.ts';
import type { OperationContext } from '../context.ts';
import { leaseOfRestore, restoreKey, restoreRecordSchema } from '../restore/record.ts';

export const concludeDrillInput = z.object({
  drill: z.string(),
  items: z.array(
    z.discriminatedUnion('status', [
      z.object({
        source: z.string(),
        vault: z.number(),
        status: z.literal('success'),
        restore: z.string(),
        snapshot: z.string(),
        checked: z.record(z.string(), z.number()),
      }),
      z.object({
        source: z.string(),
        vault: z.number(),
        status: z.literal('failure'),
        restore: z.string().optional(),
        snapshot: z.string().optional(),
        error: caughtSchema,
      }),
    ]),
  ),
});

export interface Rehearsal {
  readonly source: string;
  readonly snapshot?: string;
  readonly vault: number;
  readonly status: 'success' | 'failure';
  readonly durationMs: number;
  readonly checked?: Readonly<Record<string, number>>;
  readonly error?: Failure;
}

export interface DrillReport {
  readonly drill: string;
  readonly status: 'success' | 'failure';
  readonly drills: readonly Rehearsal[];
}

export async function concludeDrill(
  { drill, items }: z.infer<typeof concludeDrillInput>,
  context: OperationContext,
): Promise<DrillReport> {
  const ended = context.clock.now();
  const drills: Rehearsal[] = [];
  for (const item of items) {
    let durationMs = 0;
    if (item.restore !== undefined) {
      const vault = await context.vaults.open(item.vault);
      const record = await vault.objects.readIfThere(restoreKey(item.restore), restoreRecordSchema);
      if (record) durationMs = ended.getTime() - new Date(record.started).getTime();
      await vault.leases.end(leaseOfRestore(item.restore));
    }
    const common = { source: item.source, vault: item.vault, durationMs };
    const snapshot = item.snapshot === undefined ? {} : { snapshot: item.snapshot };
    drills.push(
      item.status === 'success'
        ? { ...common, ...snapshot, status: 'success', checked: item.checked }
        : { ...common, ...snapshot, status: 'failure', error: readFailure(item.error) },
    );
  }
  const report: DrillReport = {
    drill,
    status: drills.every(({ status }) => status === 'success') ? 'success' : 'failure',
    drills,
  };
  const primary = await context.vaults.open(0);
  await primary.objects.write(layout.run(drill), { ...report, ended: ended.toISOString() });
  for (const { source, vault, error, snapshot } of drills) {
    const trouble = `drill/${source}`;
    if (!error) {
      await clear(context, trouble, { run: drill });
      continue;
    }
    await raise(context, {
      kind: 'failure',
      severity: 'critical',
      trouble,
      subject: `${source} could not be restored in a rehearsal`,
      source,
      what: `${error.name}: ${error.message} (from ${context.vaults.place(vault)}${snapshot === undefined ? '' : `, snapshot ${snapshot}`})`,
      action:
        error.hint ??
        'Run `tidemark verify --read-all`, then the drill again. Until it passes, do not rely on this vault.',
      run: drill,
    });
  }
  await clear(context, 'workflow/drill', { run: drill });
  return report;
}

/** Sums up a prune: what went, what was collected, and which vault could not be pruned. */
import * as z from 'zod';
import { readFailure } from '../../core/failure.ts';
import { layout } from '../../format/layout.ts';
import { clear, raise } from '../alerting.ts';
import { caughtSchema } from '../backup/conclude-run.ts';
import type { OperationContext } from '../context.ts';

export const concludePruneInput = z.object({
  prune: z.string(),
  dryRun: z.boolean(),
  vaults: z.array(
    z.discriminatedUnion('status', [
      z.object({
        vault: z.number(),
        status: z.literal('success'),
        deleted: z.object({ deleted: z.number() }),
        marked: z.object({ packs: z.number(), bytes: z.number() }),
        collected: z.object({ packs: z.number(), bytes: z.number() }),
      }),
      z.object({ vault: z.number(), status: z.literal('failure'), error: caughtSchema }),
    ]),
  ),
});

export interface PruneReport {
  readonly prune: string;
  readonly status: 'success' | 'failure';
  readonly deleted: number;
  readonly marked: { readonly packs: number; readonly bytes: number };
  readonly collected: { readonly packs: number; readonly bytes: number };
}

export async function concludePrune(
  { prune, dryRun, vaults }: z.infer<typeof concludePruneInput>,
  context: OperationContext,
): Promise<PruneReport> {
  const done = vaults.filter((vault) => vault.status === 'success');
  const sum = (of: (vault: (typeof done)[number]) => number): number =>
    done.reduce((total, vault) => total + of(vault), 0);
  const report: PruneReport = {
    prune,
    status: done.length === vaults.length ? 'success' : 'failure',
    deleted: sum((vault) => vault.deleted.deleted),
    marked: { packs: sum((vault) => vault.marked.packs), bytes: sum((vault) => vault.marked.bytes) },
    collected: { packs: sum((vault) => vault.collected.packs), bytes: sum((vault) => vault.collected.bytes) },
  };
  if (dryRun) return report;
  const primary = await context.vaults.open(0);
  await primary.objects.write(layout.run(prune), { ...report, vaults, ended: context.clock.now().toISOString() });
  for (const vault of vaults) {
    const trouble = `prune/vault-${vault.vault}`;
    if (vault.status === 'success') {
      await clear(context, trouble, { run: prune });
      continue;
    }
    const { name, message, hint } = readFailure(vault.error);
    await raise(context, {
      kind: 'failure',
      severity: 'warning',
      trouble,
      subject: `${context.vaults.place(vault.vault)} was not pruned`,
      what: `${name}: ${message}`,
      action: hint ?? 'Look at the run record, mend the cause, and prune again. Nothing is lost by waiting but space.',
      run: prune,
    });
  }
  await clear(context, 'workflow/prune', { run: prune });
  return report;
}

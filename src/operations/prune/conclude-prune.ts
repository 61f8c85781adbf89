/** Sums up a prune: what went, what was collected, and which vault could not be pruned. */
import * as z from 'zod';
import { readFailure } from '../../core/failure.ts';
import { layout } from '../../format/layout.ts';
import { clear, raise } from '../alerting.ts';
import { caughtSchema } from '../backup/conclude-run.ts';
import type { OperationContext } from '../context.ts';
import { agreementSchema, type Withheld, withheldSchema } from './withhold.ts';

const amount = z.object({ packs: z.number(), bytes: z.number() });

const outcome = {
  deleted: z.object({
    deleted: z.number(),
    withheld: z.array(withheldSchema).default([]),
    agreed: z.array(agreementSchema).default([]),
  }),
  marked: amount,
  collected: amount.extend({ before: z.number(), after: z.number() }),
};

export const concludePruneInput = z.object({
  prune: z.string(),
  dryRun: z.boolean(),
  vaults: z.array(
    z.discriminatedUnion('status', [
      z.object({ vault: z.number(), status: z.literal('success'), repacked: amount, ...outcome }),
      // one whose packs could not be rewritten was collected all the same
      z
        .object({ vault: z.number(), status: z.literal('failure'), error: caughtSchema })
        .extend(z.object(outcome).partial().shape),
    ]),
  ),
  managed: z
    .array(
      z.discriminatedUnion('status', [
        z.object({ region: z.string(), status: z.literal('success'), deleted: z.number(), spared: z.number() }),
        z.object({ region: z.string(), status: z.literal('failure'), error: caughtSchema }),
      ]),
    )
    .default([]),
});

export interface PruneReport {
  readonly prune: string;
  readonly status: 'success' | 'failure';
  /** Vaults that could not be pruned at all. */
  readonly failed: number;
  readonly deleted: number;
  /** What was to be deleted, and was not, as something speaks against it. */
  readonly withheld: readonly (Withheld & { readonly vault: number })[];
  /** Packs that became dispensable because what was needed of them was rewritten, and bytes of the new packs. */
  readonly repacked: { readonly packs: number; readonly bytes: number };
  readonly marked: { readonly packs: number; readonly bytes: number };
  readonly collected: { readonly packs: number; readonly bytes: number };
  /** Bytes of all packs in the vaults that were pruned, before the collection and after it. */
  readonly stored: { readonly before: number; readonly after: number };
}

export async function concludePrune(
  { prune, dryRun, vaults, managed }: z.infer<typeof concludePruneInput>,
  context: OperationContext,
): Promise<PruneReport> {
  const sum = (of: (vault: VaultResult) => number | undefined): number =>
    vaults.reduce((total, vault) => total + (of(vault) ?? 0), 0);
  const repacked = (vault: VaultResult): z.infer<typeof amount> | undefined =>
    vault.status === 'success' ? vault.repacked : undefined;
  const withheld = vaults.flatMap((vault) =>
    (vault.deleted?.withheld ?? []).map((one) => ({ vault: vault.vault, ...one })),
  );
  const failed = vaults.filter(({ status }) => status === 'failure').length;
  const report: PruneReport = {
    prune,
    status:
      failed === 0 && managed.every(({ status }) => status === 'success') && (dryRun || withheld.length === 0)
        ? 'success'
        : 'failure',
    failed,
    withheld,
    deleted: managed.reduce(
      (total, region) => total + (region.status === 'success' ? region.deleted : 0),
      sum(({ deleted }) => deleted?.deleted),
    ),
    repacked: { packs: sum((vault) => repacked(vault)?.packs), bytes: sum((vault) => repacked(vault)?.bytes) },
    marked: { packs: sum(({ marked }) => marked?.packs), bytes: sum(({ marked }) => marked?.bytes) },
    collected: { packs: sum(({ collected }) => collected?.packs), bytes: sum(({ collected }) => collected?.bytes) },
    stored: { before: sum(({ collected }) => collected?.before), after: sum(({ collected }) => collected?.after) },
  };
  if (dryRun) return report;
  const primary = await context.vaults.open(0);
  await primary.objects.write(layout.run(prune), {
    ...report,
    vaults,
    managed,
    ended: context.clock.now().toISOString(),
  });
  for (const vault of vaults) {
    const trouble = `prune/vault-${vault.vault}`;
    const first = vault.status === 'success' ? vault.deleted.withheld[0] : undefined;
    if (vault.status === 'success' && !first) {
      await clear(context, trouble, { run: prune });
      continue;
    }
    const { name, message, hint } =
      vault.status === 'failure'
        ? readFailure(vault.error)
        : { name: 'PruneRefused', message: first!.reason, hint: first!.hint };
    const what = first
      ? `was not pruned${first.source === undefined ? '' : ' whole'}`
      : vault.collected
        ? 'was collected, but packs could not be rewritten'
        : 'was not pruned';
    await raise(context, {
      kind: 'failure',
      severity: 'warning',
      trouble,
      subject: `${context.vaults.place(vault.vault)} ${what}`,
      what: `${name}: ${message}`,
      action: hint ?? 'Look at the run record, mend the cause, and prune again. Nothing is lost by waiting but space.',
      run: prune,
    });
  }
  for (const region of managed) await tellRegion(context, prune, region);
  await clear(context, 'workflow/prune', { run: prune });
  return report;
}

type VaultResult = z.infer<typeof concludePruneInput>['vaults'][number];

async function tellRegion(
  context: OperationContext,
  prune: string,
  region: z.infer<typeof concludePruneInput>['managed'][number],
): Promise<void> {
  const trouble = `prune/rds-${region.region}`;
  if (region.status === 'success') return clear(context, trouble, { run: prune });
  const { name, message, hint } = readFailure(region.error);
  await raise(context, {
    kind: 'failure',
    severity: 'warning',
    trouble,
    subject: `RDS in ${region.region} was not pruned`,
    what: `${name}: ${message}`,
    action: hint ?? 'Look at the run record, mend the cause, and prune again. Nothing is lost by waiting but space.',
    run: prune,
  });
}

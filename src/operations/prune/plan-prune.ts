/** Decides for every vault what stays and what goes, and writes it down. Nothing is deleted here; a dry run ends with this. */
import * as z from 'zod';
import { isTidemarkError } from '../../core/errors.ts';
import { runId } from '../../core/ids.ts';
import { planRetention } from '../../plan/index.ts';
import type { Vault } from '../../vault/vault.ts';
import type { OperationContext } from '../context.ts';
import { type PlannedManaged, planManagedPrune, type RegionPrune } from '../managed/plan-managed-prune.ts';
import { candidatesOf } from './candidates.ts';
import { hashOf, type PrunePlan, prunePlanKey, seenMark, type VaultPrune } from './prune-plan.ts';
import { type Agreement, agreementSchema, excessive, unverified } from './withhold.ts';

export const planPruneInput = z.strictObject({
  dryRun: z.boolean().optional(),
  /** Sources of which more than half may go at once, as a person has said so. */
  agreed: z.array(agreementSchema).optional(),
  execution: z.string().min(1),
  started: z.iso.datetime(),
});

export interface PlannedPrune {
  readonly prune: string;
  readonly dryRun: boolean;
  readonly vaults: readonly VaultPrune[];
  /** Regions in which AWS keeps snapshots for the plan. */
  readonly managed: readonly RegionPrune[];
  readonly keep: number;
  readonly delete: number;
}

export async function planPrune(
  { dryRun = false, agreed = [], execution, started }: z.infer<typeof planPruneInput>,
  context: OperationContext,
): Promise<PlannedPrune> {
  const prune = runId(new Date(started), 'prune', execution);
  const vaults: VaultPrune[] = [];
  const managed = await planManagedPrune(context, prune, dryRun);
  let [keep, remove] = [managed.keep, managed.delete];
  for (let number = 0; number < context.vaults.count; number += 1) {
    let plan: PrunePlan;
    try {
      const vault = await context.vaults.open(number);
      plan = await planFor(context, vault, number, prune, agreed, managed);
      await vault.objects.write(prunePlanKey(prune), plan);
    } catch (error) {
      if (!isTidemarkError(error) || error.name === 'PruneRefused' || number === 0) throw error;
      // the replica fails on its own in the next step, and does not keep the other vaults from being pruned
      context.log.warn('vault-not-planned', { place: context.vaults.place(number), error: error.message });
      vaults.push({ prune, vault: number, hash: 'not planned' });
      continue;
    }
    vaults.push({ prune, vault: number, hash: hashOf(plan) });
    keep += plan.keep.length;
    remove += plan.delete.length;
  }
  context.log.info('prune-planned', { prune, dryRun, keep, delete: remove });
  return { prune, dryRun, vaults, managed: dryRun ? [] : managed.regions, keep, delete: remove };
}

async function planFor(
  context: OperationContext,
  vault: Vault,
  number: number,
  prune: string,
  agreed: readonly Agreement[],
  managed: PlannedManaged,
): Promise<PrunePlan> {
  const now = context.clock.now();
  const snapshots = new Map((await vault.snapshots.list()).map((snapshot) => [snapshot.id, snapshot]));
  // the record of what AWS keeps stays as long as that does
  const candidates = (await candidatesOf(vault, now)).map((candidate) => {
    const snapshot = snapshots.get(candidate.id);
    const why = snapshot && managed.stillThere(snapshot);
    return why === undefined ? candidate : { ...candidate, protectedBy: [...(candidate.protectedBy ?? []), why] };
  });
  const decision = planRetention(context.plan, candidates, now);
  const place = vault.store.name;
  const doubt = decision.delete.length > 0 ? await unverified(vault, now) : undefined;
  const withheld = [...(doubt ? [doubt] : []), ...excessive(decision, agreed, place)];
  const reasonFor = (source: string): string | undefined =>
    withheld.find((one) => one.source === undefined || one.source === source)?.reason;
  const marks = new Map(candidates.map(({ id, sightings }) => [id, seenMark(sightings)]));
  const staying = decision.delete.flatMap(({ id, source, time, reason }) => {
    const withholding = reasonFor(source);
    return withholding === undefined ? [] : [{ id, source, time, reasons: [`withheld: ${withholding}`, reason] }];
  });
  return {
    prune,
    vault: number,
    place,
    made: now.toISOString(),
    policy: context.plan.hash,
    keep: [
      ...decision.keep.map(({ id, source, time, reasons }) => ({ id, source, time, reasons: [...reasons] })),
      ...staying,
    ],
    delete: decision.delete.flatMap(({ id, source, time, reason, newerGood, succeededBy }) => {
      if (reasonFor(source) !== undefined) return [];
      const seen = marks.get(id);
      return [
        {
          ...{ id, source, time, reason, newerGood },
          ...(seen !== undefined && { seen }),
          ...(succeededBy !== undefined && { succeededBy }),
        },
      ];
    }),
    frozen: decision.frozen.map(({ source, reason }) => ({ source, reason })),
    withheld,
    agreed: [...agreed],
  };
}

/** Decides for every vault what stays and what goes, and writes it down. Nothing is deleted here; a dry run ends with this. */
import * as z from 'zod';
import { fail, isTidemarkError } from '../../core/errors.ts';
import { runId } from '../../core/ids.ts';
import { excessOf, planRetention } from '../../plan/index.ts';
import type { Vault } from '../../vault/vault.ts';
import type { OperationContext } from '../context.ts';
import { candidatesOf } from './candidates.ts';
import { hashOf, type PrunePlan, prunePlanKey, seenMark, type VaultPrune } from './prune-plan.ts';

export const planPruneInput = z.strictObject({
  dryRun: z.boolean().optional(),
  execution: z.string().min(1),
  started: z.iso.datetime(),
});

export interface PlannedPrune {
  readonly prune: string;
  readonly dryRun: boolean;
  readonly vaults: readonly VaultPrune[];
  readonly keep: number;
  readonly delete: number;
}

export async function planPrune(
  { dryRun = false, execution, started }: z.infer<typeof planPruneInput>,
  context: OperationContext,
): Promise<PlannedPrune> {
  const prune = runId(new Date(started), 'prune', execution);
  const vaults: VaultPrune[] = [];
  let [keep, remove] = [0, 0];
  for (let number = 0; number < context.vaults.count; number += 1) {
    let plan: PrunePlan;
    try {
      const vault = await context.vaults.open(number);
      plan = await planFor(context, vault, number, prune);
      if (!dryRun) refuseLargeShares(plan);
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
  return { prune, dryRun, vaults, keep, delete: remove };
}

async function planFor(context: OperationContext, vault: Vault, number: number, prune: string): Promise<PrunePlan> {
  const now = context.clock.now();
  const candidates = await candidatesOf(vault, now);
  const decision = planRetention(context.plan, candidates, now);
  const marks = new Map(candidates.map(({ id, sightings }) => [id, seenMark(sightings)]));
  return {
    prune,
    vault: number,
    place: vault.store.name,
    made: now.toISOString(),
    policy: context.plan.hash,
    keep: decision.keep.map(({ id, source, time, reasons }) => ({ id, source, time, reasons: [...reasons] })),
    delete: decision.delete.map(({ id, source, time, reason, newerGood, succeededBy }) => {
      const seen = marks.get(id);
      return {
        ...{ id, source, time, reason, newerGood },
        ...(seen !== undefined && { seen }),
        ...(succeededBy !== undefined && { succeededBy }),
      };
    }),
    frozen: decision.frozen.map(({ source, reason }) => ({ source, reason })),
  };
}

function refuseLargeShares(plan: PrunePlan): void {
  const excess = excessOf(plan);
  if (!excess) return;
  const { source, delete: going, of } = excess;
  fail('PruneRefused', `prune would delete ${going} of ${of} snapshots of ${source} in ${plan.place} at once`, {
    hint: 'Look at `tidemark prune --dry-run`. If the policy is meant, prune in smaller steps: make it stricter by degrees.',
    context: { ...excess },
  });
}

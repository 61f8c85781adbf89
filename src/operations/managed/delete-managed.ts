/**
 * Deletes the snapshots that a region's plan names, one by one: each is looked at right before (still ours, not held) and right
 * after. One that cannot be deleted never keeps the others; all that failed is told in the end.
 */
import type * as z from 'zod';
import { asTidemarkError, fail } from '../../core/errors.ts';
import { belongingOf } from '../../sources/rds/names.ts';
import type { RdsRegion } from '../../sources/rds/port.ts';
import type { Vault } from '../../vault/vault.ts';
import type { OperationContext } from '../context.ts';
import { type ManagedPlan, type RegionPrune, readManagedPlan, regionPruneSchema } from './plan-managed-prune.ts';
import { regionsOf } from './retention.ts';

export const deleteManagedInput = regionPruneSchema;

export async function deleteManaged(
  input: z.infer<typeof deleteManagedInput>,
  context: OperationContext,
): Promise<RegionPrune & { deleted: number; spared: number }> {
  const vault = await context.vaults.open(0);
  const plan = await readManagedPlan(vault, input);
  const entry =
    regionsOf(context.plan).get(input.region) ??
    fail('PruneRefused', `the plan names no database whose snapshots are in ${input.region}`);
  const rds = await context.rds!(entry, input.region);
  const failed: { snapshot: string; reason: string }[] = [];
  let [deleted, spared] = [0, 0];
  for (const one of plan.delete) {
    try {
      const outcome = await deleteOne(vault, rds, one, context.plan.plan);
      if (outcome === 'deleted') deleted += 1;
      else spared += 1;
      context.log.info(`managed-snapshot-${outcome}`, { prune: input.prune, region: input.region, ...one });
    } catch (error) {
      failed.push({ snapshot: one.id, reason: asTidemarkError(error).message });
    }
  }
  if (failed.length > 0) {
    fail(
      'DeleteIncomplete',
      `${failed.length} of ${plan.delete.length} snapshots in ${input.region} could not be deleted, first ${failed[0]!.snapshot}: ${failed[0]!.reason}`,
      { hint: 'The next prune tries again.', context: { failed: failed.slice(0, 20) } },
    );
  }
  const { prune, region, hash } = input;
  return { prune, region, hash, deleted, spared };
}

async function deleteOne(
  vault: Vault,
  rds: RdsRegion,
  one: ManagedPlan['delete'][number],
  plan: string,
): Promise<'deleted' | 'spared'> {
  const found = await rds.findSnapshot(one.kind, one.id);
  if (!found || found.status === 'deleting') return 'deleted';
  const of = belongingOf(found, { plan, vault: vault.config.id });
  const newer = await rds.findSnapshot(one.kind, one.newerGood);
  const ours = of?.source === one.source && of.set === one.set;
  if (!ours || newer?.status !== 'available' || (await isHeld(vault, one))) return 'spared';
  await rds.remove(one.kind, one.id);
  const after = await rds.findSnapshot(one.kind, one.id);
  if (after && after.status !== 'deleting') {
    fail('DeleteIncomplete', `${one.id} is still ${after.status} after its deletion was taken on`);
  }
  return 'deleted';
}

async function isHeld(vault: Vault, { source, set }: ManagedPlan['delete'][number]): Promise<boolean> {
  const holds = await vault.snapshots.holds();
  if (holds.size === 0) return false;
  const snapshots = await vault.snapshots.list(source);
  return snapshots.some(({ id, details }) => details.set === set && holds.has(id));
}

/** Deletes the snapshots that the plan names, one by one, and looks again at each for a hold, a reader or a run that has found it again, right before. */
import type * as z from 'zod';
import { asTidemarkError, fail } from '../../core/errors.ts';
import type { OperationContext } from '../context.ts';
import { readPrunePlan, seenMark, type VaultPrune, vaultPruneSchema } from './prune-plan.ts';

export const deleteSnapshotsInput = vaultPruneSchema;

export async function deleteSnapshots(
  input: z.infer<typeof deleteSnapshotsInput>,
  context: OperationContext,
): Promise<VaultPrune & { deleted: number; spared: number }> {
  const vault = await context.vaults.open(input.vault);
  const plan = await readPrunePlan(vault, input);
  const failed: { snapshot: string; reason: string }[] = [];
  let [deleted, spared] = [0, 0];
  for (const { id, newerGood, reason, seen } of plan.delete) {
    const snapshot = await vault.snapshots.find(id);
    if (!snapshot) continue;
    const holds = await vault.snapshots.holds();
    const readers = [...(await vault.leases.list()).values()].filter((lease) => lease.snapshot === id);
    // a run may have found the source in this state again, and relies on the snapshot that it did not have to take
    const sightings = await vault.snapshots.sightingsOf(id);
    // what lies ahead of the plan's own clock was known to it, and not reckoned with
    const found = seenMark(sightings) !== seen || sightings?.some((time) => time.toISOString() > plan.made);
    if (holds.has(id) || readers.length > 0 || found || (await vault.snapshots.find(newerGood)) === undefined) {
      spared += 1;
      continue;
    }
    try {
      await vault.snapshots.delete(snapshot);
      if (await vault.snapshots.find(id)) throw new Error('it is still there after its deletion');
      deleted += 1;
      context.log.info('snapshot-deleted', { prune: input.prune, snapshot: id, place: plan.place, reason });
    } catch (error) {
      failed.push({ snapshot: id, reason: asTidemarkError(error).message });
    }
  }
  if (failed.length > 0) {
    fail(
      'DeleteIncomplete',
      `${failed.length} of ${plan.delete.length} snapshots in ${plan.place} could not be deleted, first ${failed[0]!.snapshot}: ${failed[0]!.reason}`,
      {
        hint: 'The next prune tries again.',
        context: { failed: failed.slice(0, 20) },
      },
    );
  }
  const { prune, vault: number, hash } = input;
  return { prune, vault: number, hash, deleted, spared };
}

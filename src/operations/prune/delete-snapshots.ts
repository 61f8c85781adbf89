/**
 * Deletes the snapshots that the plan names, one by one, and looks again at each right before: for a hold, a reader, a run that
 * has found it again, and at the newer one that justifies its deletion.
 *
 * A hold and a deletion cannot miss each other: the deleter writes a mark, then looks for holds, then deletes; who holds writes
 * the hold, then looks for the mark. Whichever comes second sees the other, as the store shows what was written.
 */
import type * as z from 'zod';
import { asTidemarkError, fail } from '../../core/errors.ts';
import type { Vault } from '../../vault/vault.ts';
import type { OperationContext } from '../context.ts';
import { readPrunePlan, seenMark, type VaultPrune, vaultPruneSchema } from './prune-plan.ts';
import type { Agreement, Withheld } from './withhold.ts';
import { Witnesses } from './witness.ts';

export const deleteSnapshotsInput = vaultPruneSchema;

interface Deleted {
  readonly deleted: number;
  readonly spared: number;
  /** At most 20 of each, for the run record. */
  readonly withheld: readonly Withheld[];
  readonly agreed: readonly Agreement[];
}

const told = 20;

export async function deleteSnapshots(
  input: z.infer<typeof deleteSnapshotsInput>,
  context: OperationContext,
): Promise<VaultPrune & Deleted> {
  const vault = await context.vaults.open(input.vault);
  const plan = await readPrunePlan(vault, input);
  const failed: { snapshot: string; reason: string }[] = [];
  let [deleted, spared] = [0, 0];
  const witnesses = new Witnesses(vault, plan);
  for (const { id, source, newerGood, reason, seen } of plan.delete) {
    const snapshot = await vault.snapshots.find(id);
    if (!snapshot) continue;
    const readers = [...(await vault.leases.list()).values()].filter((lease) => lease.snapshot === id);
    // a run may have found the source in this state again, and relies on the snapshot that it did not have to take
    const sightings = await vault.snapshots.sightingsOf(id);
    // what lies ahead of the plan's own clock was known to it, and not reckoned with
    const found = seenMark(sightings) !== seen || sightings?.some((time) => time.toISOString() > plan.made);
    const against =
      readers.length > 0
        ? `${readers[0]!.by} reads it`
        : found
          ? 'a run has found its source in this state again'
          : await witnesses.against(newerGood, source);
    const isHeld = against === undefined && !(await leave(vault, id, input.prune, context));
    if (against !== undefined || isHeld) {
      spared += 1;
      const why = against ?? 'held';
      context.log.warn('snapshot-spared', { prune: input.prune, snapshot: id, place: plan.place, reason: why });
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
  const [withheld, agreed] = [plan.withheld.slice(0, told), plan.agreed.slice(0, told)];
  return { prune, vault: number, hash, deleted, spared, withheld, agreed };
}

/** Marks that a snapshot is about to go. False, and no mark, when a person holds it. */
async function leave(vault: Vault, id: string, prune: string, { clock }: OperationContext): Promise<boolean> {
  if ((await vault.snapshots.holds()).has(id)) return false;
  await vault.snapshots.markLeaving(id, { by: prune, time: clock.now().toISOString() });
  if (!(await vault.snapshots.holds()).has(id)) return true;
  await vault.snapshots.unmarkLeaving(id);
  return false;
}

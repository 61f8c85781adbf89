/**
 * Before anything is written: the target may be written to, everything that the snapshot needs is there, and every pack has
 * its checksum. What is damaged is repaired from another vault; what cannot be, stops the restore here.
 */
import * as z from 'zod';
import { fail, isTidemarkError } from '../../core/errors.ts';
import { checkPackSum } from '../../vault/check.ts';
import { packsOf } from '../../vault/replicate.ts';
import type { OperationContext } from '../context.ts';
import { repairPackFromAny } from '../verify/repair.ts';
import { openRestore, type Restore, restoreSchema } from './record.ts';

export const checkRestoreInput = z.object({ restore: restoreSchema });

export async function checkRestore(
  { restore }: z.infer<typeof checkRestoreInput>,
  context: OperationContext,
): Promise<{ restore: Restore; packs: number; bytes: number }> {
  const open = await openRestore(context, restore.id, restore.vault);
  await open.source.checkTarget(open.restore);
  const snapshot = await open.vault.snapshots.get(restore.snapshot);
  let packs: string[];
  try {
    packs = await packsOf(open.vault, snapshot);
  } catch (error) {
    const pack = isTidemarkError(error, 'VaultDamaged') ? error.context.pack : undefined;
    if (typeof pack !== 'string' || !(await repairPackFromAny(context, restore.vault, pack))) throw error;
    packs = await packsOf(open.vault, snapshot);
  }
  let [bytes, read] = [0, 0];
  for (const pack of packs) {
    if (context.deadline.passed()) {
      // what is not looked at here is looked at while it is read: every blob is checked against its id
      context.log.warn('restore-check-cut-short', { restore: restore.id, packs: packs.length, read });
      break;
    }
    const { finding, bytes: size } = await checkPackSum(open.vault, pack);
    bytes += size;
    read += 1;
    if (!finding) continue;
    if (await repairPackFromAny(context, restore.vault, pack)) {
      context.log.warn('pack-repaired', { restore: restore.id, ...finding });
      continue;
    }
    fail(
      'VaultDamaged',
      `${finding.object} in ${open.vault.store.name} is damaged (${finding.what}) and no other vault has it whole`,
      {
        hint: 'Restore an older snapshot, or only paths that are not concerned; see the runbook under "damage".',
        context: { object: finding.object, snapshot: restore.snapshot },
      },
    );
  }
  return { restore, packs: packs.length, bytes };
}

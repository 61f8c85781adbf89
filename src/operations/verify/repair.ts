/** Repairs what is damaged in one vault with what is whole in another: packs as they are, snapshots as they were committed. */
import { asTidemarkError, isTidemarkError } from '../../core/errors.ts';
import { snapshotSchema } from '../../format/snapshot.ts';
import { repairPack } from '../../vault/check.ts';
import type { Vault } from '../../vault/vault.ts';
import type { OperationContext } from '../context.ts';

/** The other vaults that can be opened. One that cannot must not keep another from helping. */
export async function otherVaults(context: OperationContext, number: number): Promise<Vault[]> {
  const here = await context.vaults.open(number);
  const others: Vault[] = [];
  for (let other = 0; other < context.vaults.count; other += 1) {
    if (other === number) continue;
    try {
      const vault = await context.vaults.open(other);
      if (vault.config.id === here.config.id) others.push(vault);
    } catch (error) {
      context.log.warn('vault-cannot-help', {
        place: context.vaults.place(other),
        error: asTidemarkError(error).message,
      });
    }
  }
  return others;
}

export async function repairPackFromAny(context: OperationContext, number: number, pack: string): Promise<boolean> {
  const vault = await context.vaults.open(number);
  for (const other of await otherVaults(context, number)) {
    if (await repairPack(vault, pack, other)) return true;
  }
  return false;
}

export async function repairSnapshotFromAny(context: OperationContext, number: number, key: string): Promise<boolean> {
  const vault = await context.vaults.open(number);
  for (const other of await otherVaults(context, number)) {
    try {
      const snapshot = await other.objects.read(key, snapshotSchema);
      await vault.objects.write(key, snapshot);
      return true;
    } catch (error) {
      if (!isTidemarkError(error)) throw error;
    }
  }
  return false;
}

/** First step of collection: names what nothing reaches. */
import type * as z from 'zod';
import { markGarbage as mark } from '../../vault/collect.ts';
import type { OperationContext } from '../context.ts';
import { reachedKey, readPrunePlan, type VaultPrune, vaultPruneSchema } from './prune-plan.ts';

export const markGarbageInput = vaultPruneSchema;

export async function markGarbage(
  input: z.infer<typeof markGarbageInput>,
  context: OperationContext,
): Promise<VaultPrune & { packs: number; bytes: number }> {
  const vault = await context.vaults.open(input.vault);
  await readPrunePlan(vault, input);
  const { prune, vault: number, hash } = input;
  const { packs, bytes, reached } = await mark(vault, prune, context.clock.now());
  await vault.objects.write(reachedKey(prune), reached);
  return { prune, vault: number, hash, packs, bytes };
}

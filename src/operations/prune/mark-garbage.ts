/** First step of collection: names what can go. */
import type * as z from 'zod';
import { type Marked, markGarbage as mark } from '../../vault/collect.ts';
import type { OperationContext } from '../context.ts';
import { readPrunePlan, type VaultPrune, vaultPruneSchema } from './prune-plan.ts';

export const markGarbageInput = vaultPruneSchema;

export async function markGarbage(
  input: z.infer<typeof markGarbageInput>,
  context: OperationContext,
): Promise<VaultPrune & Marked> {
  const vault = await context.vaults.open(input.vault);
  await readPrunePlan(vault, input);
  const { prune, vault: number, hash } = input;
  const marked = await mark(vault, prune, context.clock.now(), () => context.deadline.passed());
  if (!marked.done) context.log.warn('marking-cut-short', { prune, place: vault.store.name });
  return { prune, vault: number, hash, ...marked };
}

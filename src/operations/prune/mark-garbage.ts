/**
 * First step of collection: names what can go. Of what lies in several packs a replica keeps what the primary has: the
 * same content then has the same packs everywhere, and is not copied to be thrown away.
 */
import type * as z from 'zod';
import { asTidemarkError } from '../../core/errors.ts';
import { idInKey, layout } from '../../format/layout.ts';
import { type Marked, markGarbage as mark } from '../../vault/collect.ts';
import type { Vault } from '../../vault/vault.ts';
import type { OperationContext } from '../context.ts';
import { readPrunePlan, type VaultPrune, vaultPruneSchema } from './prune-plan.ts';

export const markGarbageInput = vaultPruneSchema;

/** Until every replica should have followed. */
const movesKept = 60 * 24 * 60 * 60 * 1000;

export async function markGarbage(
  input: z.infer<typeof markGarbageInput>,
  context: OperationContext,
): Promise<VaultPrune & Omit<Marked, 'moved'>> {
  const vault = await context.vaults.open(input.vault);
  await readPrunePlan(vault, input);
  const { prune, vault: number, hash } = input;
  const now = context.clock.now();
  const spared = number === 0 ? () => false : await inPrimary(context);
  const { moved, ...marked } = await mark(vault, prune, now, { late: () => context.deadline.passed(), spared });
  if (!marked.done) context.log.warn('marking-cut-short', { prune, place: vault.store.name });
  if (number === 0) {
    if (moved.length > 0) await vault.objects.write(layout.moved(prune), { time: now.toISOString(), moved });
    await forget(vault, now);
  }
  return { prune, vault: number, hash, ...marked };
}

/** While the primary cannot be asked, everything is spared that anybody needs. */
async function inPrimary(context: OperationContext): Promise<(pack: string) => boolean> {
  try {
    const primary = await context.vaults.open(0);
    const there = new Set((await primary.objects.keys(layout.packs)).map(idInKey));
    for (const { packs } of await primary.fossils.list()) for (const { id } of packs) there.delete(id);
    return (pack) => there.has(pack);
  } catch (error) {
    context.log.warn('primary-not-asked', { error: asTidemarkError(error).message });
    return () => true;
  }
}

async function forget(vault: Vault, now: Date): Promise<void> {
  const oldest = new Date(now.getTime() - movesKept).toISOString().replace(/[-:]/g, '').slice(0, 15);
  const keys = await vault.objects.keys(layout.moveds);
  const old = keys.filter((key) => key.slice(layout.moveds.length) < oldest);
  if (old.length > 0) await vault.store.delete(old);
}

/** Second step of collection: deletes what was marked by an earlier prune and is still garbage, and clears the work area. */
import type * as z from 'zod';
import { layout } from '../../format/layout.ts';
import { type Collected, collectGarbage as collect } from '../../vault/collect.ts';
import type { Vault } from '../../vault/vault.ts';
import type { OperationContext } from '../context.ts';
import { readPrunePlan, type VaultPrune, vaultPruneSchema } from './prune-plan.ts';

export const collectGarbageInput = vaultPruneSchema;

const hour = 60 * 60 * 1000;
/** A daily prune collects what the one before it marked, even if it starts a little early. */
const grace = 20 * hour;
const workKept = 14 * 24 * hour;

export async function collectGarbage(
  input: z.infer<typeof collectGarbageInput>,
  context: OperationContext,
): Promise<VaultPrune & Collected> {
  const vault = await context.vaults.open(input.vault);
  await readPrunePlan(vault, input);
  const now = context.clock.now();
  const collected = await collect(vault, now, grace);
  await sweep(vault, now);
  const { prune, vault: number, hash } = input;
  return { prune, vault: number, hash, ...collected };
}

/** Run ids begin with their time, so the age of what a run left behind can be read off. Leases go when nobody can hold them. */
async function sweep(vault: Vault, now: Date): Promise<void> {
  const oldest = new Date(now.getTime() - workKept).toISOString().replace(/[-:]/g, '').slice(0, 15);
  const keys = await vault.objects.keys(layout.works);
  await vault.store.delete(keys.filter((key) => /^work\/\d{8}T\d{6}Z-/.test(key) && key.slice(5) < oldest));
  for (const [name, lease] of await vault.leases.list()) {
    if (new Date(lease.expires).getTime() + workKept < now.getTime()) await vault.leases.end(name);
  }
}

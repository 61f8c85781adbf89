/**
 * Rewrites packs that are mostly garbage, as far as one invocation and the allowance of a prune get. The primary decides;
 * a replica copies what the primary has rewritten. Nothing is deleted here: what became dispensable is marked next.
 */
import * as z from 'zod';
import { followRepacking } from '../../vault/collecting/follow.ts';
import { repack } from '../../vault/collecting/repack.ts';
import type { Vault } from '../../vault/vault.ts';
import type { OperationContext } from '../context.ts';
import { readPrunePlan, repackingKey, repackingSchema, type VaultPrune, vaultPruneSchema } from './prune-plan.ts';

export const repackPacksInput = vaultPruneSchema.extend({ cursor: z.number().int().nonnegative().optional() });

export interface RepackedPacks extends VaultPrune {
  readonly cursor: number;
  readonly done: boolean;
  /** Packs that became dispensable, and bytes that were written instead. */
  readonly packs: number;
  readonly bytes: number;
}

/** A pack is worth rewriting when a quarter of its content is garbage: a vault then holds a third too much at the most. */
const leastGarbage = 0.25;
/** Stored bytes that one prune rewrites in one vault. */
const allowance = 8 * 1024 ** 3;
const mostTurns = 24;
/** Longer than an invocation can take. */
const leaseLength = 60 * 60 * 1000;

export async function repackPacks(
  { cursor = 0, ...input }: z.infer<typeof repackPacksInput>,
  context: OperationContext,
): Promise<RepackedPacks> {
  const vault = await context.vaults.open(input.vault);
  await readPrunePlan(vault, input);
  const turn = input.vault === 0 ? rewrite : follow;
  const { packs, bytes, left } = await turn(context, vault, input.prune, cursor);
  const { prune, vault: number, hash } = input;
  const done = left === 0 || bytes >= allowance || cursor + 1 >= mostTurns;
  if (packs > 0) context.log.info('packs-rewritten', { prune, place: vault.store.name, packs, bytes, left });
  return { prune, vault: number, hash, cursor: cursor + 1, done, packs, bytes };
}

interface Turn {
  readonly packs: number;
  readonly bytes: number;
  readonly left: number;
}

async function rewrite(context: OperationContext, vault: Vault, prune: string, cursor: number): Promise<Turn> {
  const before = await doneSoFar(vault, prune);
  const now = context.clock.now();
  const lease = `${prune}.repack-${cursor}`;
  await vault.leases.take(lease, {
    what: 'writer',
    by: prune,
    source: '',
    started: now.toISOString(),
    expires: new Date(now.getTime() + leaseLength).toISOString(),
  });
  const turn = await repack(vault, {
    leastGarbage,
    most: allowance - before.bytes,
    late: () => context.deadline.passed(),
    stillMine: () => vault.leases.demand(lease, context.clock.now()),
  });
  for (const pack of turn.damaged) context.log.warn('pack-not-rewritten', { prune, pack, place: vault.store.name });
  const done = { packs: before.packs + turn.from.length, bytes: before.bytes + turn.written };
  await vault.objects.write(repackingKey(prune), done);
  await vault.leases.end(lease);
  // a turn that brought nothing forward is the last: what is left is damaged, or beyond the allowance
  const stuck = turn.from.length === 0 && turn.damaged.length > 0;
  return { ...done, left: stuck ? 0 : turn.left };
}

async function follow(context: OperationContext, replica: Vault, prune: string): Promise<Turn> {
  const primary = await context.vaults.open(0);
  const before = await doneSoFar(replica, prune);
  const { copied, bytes, left, uncounted } = await followRepacking(primary, replica, {
    most: allowance - before.bytes,
    late: () => context.deadline.passed(),
  });
  const done = { packs: before.packs + copied.length, bytes: before.bytes + bytes };
  await replica.objects.write(repackingKey(prune), done);
  return { ...done, left: uncounted > 0 ? uncounted : copied.length === 0 ? 0 : left };
}

/** By earlier turns of the same prune. */
async function doneSoFar(vault: Vault, prune: string): Promise<z.infer<typeof repackingSchema>> {
  return (await vault.objects.readIfThere(repackingKey(prune), repackingSchema)) ?? { packs: 0, bytes: 0 };
}

/**
 * Rewrites packs that are mostly garbage, as far as one invocation and the allowance of a prune get. The primary decides;
 * a replica copies what the primary has rewritten. Nothing is deleted here: what became dispensable is marked next.
 */
import * as z from 'zod';
import { layout } from '../../format/layout.ts';
import { followRepacking, type RepackedRecord, repackedSchema } from '../../vault/collecting/follow.ts';
import { repack } from '../../vault/collecting/repack.ts';
import type { Vault } from '../../vault/vault.ts';
import type { OperationContext } from '../context.ts';
import { readPrunePlan, type VaultPrune, vaultPruneSchema } from './prune-plan.ts';

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
/** Until every replica should have followed. */
const recordsKept = 60 * 24 * 60 * 60 * 1000;

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
  const key = layout.repacked(prune);
  const before = await vault.objects.readIfThere(key, repackedSchema);
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
    most: allowance - (before?.written ?? 0),
    late: () => context.deadline.passed(),
    stillMine: () => vault.leases.demand(lease, context.clock.now()),
  });
  for (const pack of turn.damaged) context.log.warn('pack-not-rewritten', { prune, pack, place: vault.store.name });
  const record: RepackedRecord = {
    time: now.toISOString(),
    from: [...(before?.from ?? []), ...turn.from],
    to: [...(before?.to ?? []), ...turn.to],
    written: (before?.written ?? 0) + turn.written,
  };
  if (turn.from.length > 0) await vault.objects.write(key, record);
  await vault.leases.end(lease);
  if (cursor === 0) await forget(vault, now);
  // a turn that brought nothing forward is the last: what is left is damaged, or beyond the allowance
  const left = turn.from.length === 0 && turn.to.length === 0 && turn.damaged.length > 0 ? 0 : turn.left;
  return { packs: record.from.length, bytes: record.written, left };
}

async function follow(context: OperationContext, replica: Vault, prune: string, cursor: number): Promise<Turn> {
  const primary = await context.vaults.open(0);
  const key = layout.repacked(prune);
  const before = await replica.objects.readIfThere(key, repackedSchema);
  const now = context.clock.now();
  const { copied, bytes, left } = await followRepacking(primary, replica, {
    most: allowance - (before?.written ?? 0),
    late: () => context.deadline.passed(),
  });
  const written = (before?.written ?? 0) + bytes;
  const to = [...(before?.to ?? []), ...copied];
  if (copied.length > 0)
    await replica.objects.write(key, { time: now.toISOString(), from: [], to, written } satisfies RepackedRecord);
  if (cursor === 0) await forget(replica, now);
  return { packs: to.length, bytes: written, left: copied.length === 0 ? 0 : left };
}

async function forget(vault: Vault, now: Date): Promise<void> {
  const oldest = new Date(now.getTime() - recordsKept).toISOString().replace(/[-:]/g, '').slice(0, 15);
  const keys = await vault.objects.keys(layout.repackeds);
  const old = keys.filter((key) => key.slice(layout.repackeds.length) < oldest);
  if (old.length > 0) await vault.store.delete(old);
}

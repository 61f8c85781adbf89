/**
 * Looks at a vault's structure: the index against the packs that are there, every snapshot against the index. What is
 * missing or garbled is put right from another vault where one has it. Then divides the reading of packs into batches.
 */
import * as z from 'zod';
import { isTidemarkError, type TidemarkError } from '../../core/errors.ts';
import { idInKey, layout } from '../../format/layout.ts';
import { type Snapshot, snapshotSchema } from '../../format/snapshot.ts';
import { checkIndex, rebuildIndex } from '../../vault/check.ts';
import { Reach } from '../../vault/reach.ts';
import { packsOf } from '../../vault/replicate.ts';
import type { Vault } from '../../vault/vault.ts';
import type { OperationContext } from '../context.ts';
import {
  packBatchKey,
  type RepairedFinding,
  slotCount,
  slotOf,
  slotSchema,
  slotsKey,
  structureKey,
  verifyKey,
  verifySchema,
} from './records.ts';
import { repairPackFromAny, repairSnapshotFromAny } from './repair.ts';

export const checkVaultInput = z.object({ verify: z.string(), vault: z.number().int().nonnegative() });

export interface CheckedVault {
  readonly verify: string;
  readonly vault: number;
  readonly batches: readonly { readonly verify: string; readonly vault: number; readonly batch: number }[];
  readonly findings: number;
}

const packsPerBatch = 128;
const mostBatches = 1000;
const objectsTold = 100;
const day = 24 * 60 * 60 * 1000;

export async function checkVault(
  { verify, vault: number }: z.infer<typeof checkVaultInput>,
  context: OperationContext,
): Promise<CheckedVault> {
  const primary = await context.vaults.open(0);
  const { readAll } = await primary.objects.read(verifyKey(verify), verifySchema);
  const vault = await context.vaults.open(number);
  const findings: RepairedFinding[] = [];
  const note = (what: string, object: string, detail: string, repaired: boolean): void => {
    findings.push({ vault: number, what, object, detail, repaired });
  };

  const index = await checkIndex(vault);
  const damagedSegments = index.findings.filter(({ what }) => what === 'index-damaged').map(({ object }) => object);
  for (const { what, object, detail } of index.findings) {
    if (what !== 'index-damaged') note(what, object, detail, await repairPackFromAny(context, number, idInKey(object)));
  }
  if (damagedSegments.length > 0) {
    await rebuildIndex(vault, index.unindexed, damagedSegments);
    for (const object of damagedSegments) note('index-damaged', object, 'rebuilt from the packs', true);
  }
  await checkSnapshots(context, vault, number, note, index.unindexed);
  await tellBackups(vault, context.clock.now(), findings);
  await vault.objects.write(structureKey(verify), { findings, packs: 0, bytes: 0 });

  const slots = readAll ? [...Array(slotCount).keys()] : await slotsDue(vault, context.clock.now());
  const due = [...index.packs.keys()].filter((pack) => slots.includes(slotOf(pack))).sort();
  await vault.objects.write(slotsKey(verify), { slots });
  const size = Math.max(packsPerBatch, Math.ceil(due.length / mostBatches));
  const batches: CheckedVault['batches'][number][] = [];
  for (let at = 0; at < due.length; at += size) {
    const batch = batches.length;
    await vault.objects.write(packBatchKey(verify, batch), { packs: due.slice(at, at + size) });
    batches.push({ verify, vault: number, batch });
  }
  return { verify, vault: number, batches, findings: findings.length };
}

type Note = (what: string, object: string, detail: string, repaired: boolean) => void;

async function checkSnapshots(
  context: OperationContext,
  vault: Vault,
  number: number,
  note: Note,
  unindexed: readonly string[],
): Promise<void> {
  for (const key of await vault.objects.keys(layout.snapshots())) {
    try {
      await vault.objects.read(key, snapshotSchema);
    } catch (error) {
      if (isTidemarkError(error, 'ObjectMissing')) continue; // pruned meanwhile
      if (!isTidemarkError(error, 'VaultDamaged')) throw error;
      note('snapshot-damaged', key, error.message, await repairSnapshotFromAny(context, number, key));
    }
  }
  const keys = await vault.objects.keys(layout.snapshots());
  if (await allWhole(vault, keys)) return;
  for (const key of keys) {
    const first = await lackOf(vault, key);
    if (!first) continue;
    // One lack can hide the next: a directory that cannot be read says nothing of what is below it.
    const tried = new Set<unknown>();
    let lack: TidemarkError | undefined = first;
    while (lack && !tried.has(lack.context.pack)) {
      const { pack } = lack.context;
      tried.add(pack);
      const mended =
        typeof pack === 'string' ? await repairPackFromAny(context, number, pack) : await indexAnew(vault, unindexed);
      if (!mended) break;
      lack = await lackOf(vault, key);
    }
    note('snapshot-incomplete', key, first.message, lack === undefined);
  }
}

/**
 * A segment of the index that is gone leaves packs that nothing tells of. They are looked at only when a snapshot lacks
 * something: else they are a writer's who is at work, or a collector's, and an index that tells of those would be wrong.
 */
async function indexAnew(vault: Vault, unindexed: readonly string[]): Promise<boolean> {
  const fossils = new Set((await vault.fossils.list()).flatMap(({ packs }) => packs.map(({ id }) => id)));
  return (
    (await rebuildIndex(
      vault,
      unindexed.filter((pack) => !fossils.has(pack)),
      [],
    )) > 0
  );
}

/** One walk over all of them, in which what they share is looked at once. It says that something is lacking, and not whose it is. */
async function allWhole(vault: Vault, keys: readonly string[]): Promise<boolean> {
  const reach = new Reach(await vault.index(), await vault.reader());
  for (const key of keys) {
    let snapshot: Snapshot | undefined;
    try {
      snapshot = await vault.objects.readIfThere(key, snapshotSchema);
    } catch (error) {
      if (isTidemarkError(error, 'VaultDamaged')) return false;
      throw error;
    }
    if (snapshot) await reach.follow(snapshot.root);
    if (reach.missing.length > 0) return false;
  }
  return true;
}

/**
 * Backups rely on what was found whole before (`vault/needs.ts`), but not in a vault where damage was found that nobody
 * could repair: there they look at everything, until a verification ends well.
 */
async function tellBackups(vault: Vault, now: Date, findings: readonly RepairedFinding[]): Promise<void> {
  const left = findings.filter(({ repaired }) => !repaired);
  if (left.length > 0) {
    const objects = [...new Set(left.map(({ object }) => object))].slice(0, objectsTold);
    await vault.objects.write(layout.unrepaired, { found: now.toISOString(), objects });
  } else if (await vault.store.head(layout.unrepaired)) {
    await vault.store.delete([layout.unrepaired]);
  }
}

/** What keeps a snapshot from being whole; undefined when nothing does. */
async function lackOf(vault: Vault, key: string): Promise<TidemarkError | undefined> {
  try {
    const snapshot = await vault.objects.readIfThere(key, snapshotSchema);
    if (snapshot) await packsOf(vault, snapshot); // else it was pruned meanwhile
    return undefined;
  } catch (error) {
    if (isTidemarkError(error, 'VaultDamaged') || isTidemarkError(error, 'ObjectMissing')) return error;
    throw error;
  }
}

/** The slot that was read longest ago and every one whose month is over, so that missed days are made good. */
async function slotsDue(vault: Vault, now: Date): Promise<number[]> {
  const last: { slot: number; read: number }[] = [];
  for (let slot = 0; slot < slotCount; slot += 1) {
    const record = await vault.objects.readIfThere(layout.verified(slot), slotSchema);
    last.push({ slot, read: record ? new Date(record.read).getTime() : 0 });
  }
  last.sort((one, other) => one.read - other.read || one.slot - other.slot);
  const over = last.filter(({ read }) => read > 0 && now.getTime() - read >= slotCount * day);
  return [...new Set([last[0]!, ...over].map(({ slot }) => slot))];
}

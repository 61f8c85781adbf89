/**
 * Finds out what a replica lacks of a snapshot, and of those before it that it missed while it could not be reached. The
 * lists of packs stay in the vault; a batch is a reference to one.
 */
import * as z from 'zod';
import { asTidemarkError, fail } from '../../core/errors.ts';
import { idInKey, layout } from '../../format/layout.ts';
import type { Snapshot } from '../../format/snapshot.ts';
import { listOf, needsOf, packsListed } from '../../vault/needs.ts';
import { packsElsewhere, packsOf } from '../../vault/replicate.ts';
import type { Vault } from '../../vault/vault.ts';
import type { OperationContext } from '../context.ts';
import { batchKey, type Job, jobSchema, takeWriterLease } from './job.ts';
import { type Batch, leftOut, type Replication, replicationKey } from './replication.ts';

export const planReplicationInput = z.object({
  job: jobSchema,
  snapshot: z.string(),
  vault: z.number().int().positive(),
});

export interface ReplicationBatch {
  readonly run: string;
  readonly source: string;
  readonly snapshot: string;
  readonly vault: number;
  readonly batch: number;
}

export interface PlannedReplication {
  readonly job: Job;
  readonly snapshot: string;
  readonly vault: number;
  readonly batches: readonly ReplicationBatch[];
}

/** A batch is one invocation's work (64 packs of 32 MiB are 2 GiB), and there are never so many that their two lists outgrow a payload. */
const packsPerBatch = 64;
const mostBatches = 900;
const mostBatchesMissed = 100;
/** So many that a replica missed are made good with the next one: more than a week of daily runs. */
const mostMissed = 10;

export async function planReplication(
  { job, snapshot: id, vault }: z.infer<typeof planReplicationInput>,
  context: OperationContext,
): Promise<PlannedReplication> {
  const primary = await context.vaults.open(0);
  const replica = await context.vaults.openReplica(vault);
  const snapshot = await primary.snapshots.get(id);
  const there = await idsIn(replica, snapshot.source);
  const late = idsMissed(await idsIn(primary, snapshot.source), there, id);
  const oldest = late[0] === undefined ? snapshot : ((await primary.snapshots.find(late[0])) ?? snapshot);
  // what the replica has of the one before is relied on: it has to stay there meanwhile
  await takeWriterLease(replica, job, context.clock.now(), oldest.parent);
  const fossils = new Set((await replica.fossils.list()).flatMap((fossil) => fossil.packs.map((pack) => pack.id)));
  // a replica that is up to date lacks what is new; for one that is not, what is needed has to be known exactly
  const current = there.has(id) || (snapshot.parent !== undefined && there.has(snapshot.parent));
  const needed = new Set(await packsFor(primary, snapshot, fossils, replica, current ? 'walk new' : 'walk all'));
  const missed = await missedOf(context, primary, late, fossils, replica);
  const extra = new Set(missed.flatMap(({ packs }) => packs).filter((pack) => !needed.has(pack)));

  const stored = await packsIn(replica, snapshot, needed.size);
  const batches: ReplicationBatch[] = [];
  const divide = async (packs: ReadonlySet<string>, most: number, more: Partial<Batch> = {}): Promise<void> => {
    const missing = [...packs].filter((pack) => !stored.has(pack));
    const size = Math.max(packsPerBatch, Math.ceil(missing.length / most));
    for (let at = 0; at < missing.length; at += size) {
      const batch = batches.length;
      const record: Batch = { packs: missing.slice(at, at + size), ...more };
      await primary.objects.write(batchKey(job, vault, batch), record);
      batches.push({ run: job.run, source: job.source, snapshot: id, vault, batch });
    }
  };
  await divide(needed, mostBatches);
  await divide(extra, mostBatchesMissed, { missed: true });
  const replication: Replication = { packs: [...needed], missed };
  await primary.objects.write(replicationKey(job, vault), replication);
  return { job, snapshot: id, vault, batches };
}

/**
 * The packs that the snapshot needs in the replica. The list of an earlier one may name some that are not needed any more;
 * which does not matter unless the replica is collecting one of them, and then a full walk says. What the replica has in
 * another pack too it can do without. Errors: `WriterFenced`, `VaultDamaged`.
 */
async function packsFor(
  primary: Vault,
  snapshot: Snapshot,
  fossils: ReadonlySet<string>,
  replica: Vault,
  how: 'walk new' | 'walk all' = 'walk new',
): Promise<string[]> {
  const doubted = (packs: readonly string[]): string[] => packs.filter((pack) => fossils.has(pack));
  const likely = [...(await needsOf(primary, snapshot, how)).packs.keys()];
  if (doubted(likely).length === 0) return likely;
  const exact = await packsOf(primary, snapshot);
  if (doubted(exact).length === 0) return exact;
  const elsewhere = await packsElsewhere(primary, snapshot, replica, doubted(exact));
  const rest = exact.filter((pack) => !elsewhere.has(pack));
  const [pack] = doubted(rest);
  if (pack === undefined) return rest;
  return fail('WriterFenced', `pack ${pack} is being collected in ${replica.store.name} and is needed again`, {
    hint: 'Wait for the next prune, which deletes or revives it; the run after that copies the snapshot.',
    context: { pack, snapshot: snapshot.id },
  });
}

async function idsIn(vault: Vault, source: string): Promise<ReadonlySet<string>> {
  return new Set((await vault.objects.keys(layout.snapshots(source))).map(idInKey));
}

/** What came after the newest snapshot in the replica, oldest first: an older one that it lacks may have been pruned there. */
function idsMissed(here: ReadonlySet<string>, there: ReadonlySet<string>, id: string): string[] {
  const newest = [...there].sort().at(-1) ?? '';
  return [...here]
    .filter((one) => one > newest && one !== id)
    .sort()
    .slice(-mostMissed);
}

/** Oldest first. One that is not whole, or needs what the replica is collecting, is left out: it must not keep back the others. */
async function missedOf(
  context: OperationContext,
  primary: Vault,
  ids: readonly string[],
  fossils: ReadonlySet<string>,
  replica: Vault,
): Promise<Replication['missed']> {
  const missed: Replication['missed'] = [];
  for (const id of ids) {
    try {
      if (context.deadline.passed() || !(await primary.snapshots.isTrusted(id, 'complete'))) continue;
      const snapshot = await primary.snapshots.get(id);
      missed.push({ snapshot: id, packs: await packsFor(primary, snapshot, fossils, replica) });
    } catch (error) {
      const { name, message } = asTidemarkError(error);
      if (!leftOut.includes(name)) throw error;
      const place = replica.store.name;
      context.log.warn('missed-snapshot-left-out', { snapshot: id, place, error: `${name}: ${message}` });
    }
  }
  return missed;
}

/** The packs that are in the replica: by one listing, or where that would be long by what the snapshot before needs there. */
async function packsIn(replica: Vault, { parent }: Snapshot, needed: number): Promise<ReadonlySet<string>> {
  const known = needed <= packsListed || parent === undefined ? undefined : await listOf(replica, parent);
  return new Set(known ?? (await replica.objects.keys(layout.packs)).map(idInKey));
}

/** Finds the snapshot that an operator means, and holds it fast so that no prune takes it away meanwhile. */
import * as z from 'zod';
import { fail, isTidemarkError } from '../../core/errors.ts';
import { runId } from '../../core/ids.ts';
import { layout } from '../../format/layout.ts';
import type { Snapshot } from '../../format/snapshot.ts';
import { nearest } from '../../plan/index.ts';
import type { RestoreMoment } from '../../sources/port.ts';
import { readDetails } from '../../sources/postgres/wal/details.ts';
import { chooseMoment, hasWindows, readMoment, withSightings } from '../../sources/postgres/wal/moment.ts';
import type { Vault } from '../../vault/vault.ts';
import type { OperationContext } from '../context.ts';
import { leaseLength, leaseOfRestore, type Restore, restoreKey, restoreRecordSchema } from './record.ts';

export const planRestoreInput = z.strictObject({
  source: z.string().min(1),
  /** A snapshot's id, or `latest`, which is the default. */
  snapshot: z.string().min(1).optional(),
  /**
   * A time with its offset; the newest snapshot at or before it is meant. A database that is saved with its log goes to that
   * very moment, and takes a position in the log, `point:` and the name of a restore point, or `latest` too.
   */
  at: z.string().min(1).optional(),
  /** A server that was recovered to a moment waits there for somebody to look, instead of taking writes. */
  pause: z.boolean().optional(),
  paths: z.array(z.string().min(1)).optional(),
  target: z.string().min(1),
  overwrite: z.boolean().optional(),
  vault: z.number().int().nonnegative().optional(),
  execution: z.string().min(1),
  started: z.iso.datetime(),
});
type Wish = z.infer<typeof planRestoreInput>;

export interface PlannedRestore {
  readonly restore: Restore;
  readonly shards: readonly { readonly restore: string; readonly shard: number }[];
}

export async function planRestore(wish: Wish, context: OperationContext): Promise<PlannedRestore> {
  if (wish.snapshot !== undefined && wish.snapshot !== 'latest' && wish.at !== undefined) {
    fail('InputInvalid', 'a restore names both a snapshot and a time', { hint: 'Give one of `snapshot` and `at`.' });
  }
  const number = wish.vault ?? (await firstVaultThatOpens(context));
  const vault = await context.vaults.open(number);
  const { snapshot, moment, time } = await chosen(wish, vault, context);
  const id = runId(new Date(wish.started), 'restore', wish.execution);
  const restore: Restore = {
    id,
    source: snapshot.source,
    kind: snapshot.kind,
    snapshot: snapshot.id,
    time,
    target: wish.target,
    vault: number,
  };
  await vault.leases.take(leaseOfRestore(id), {
    what: 'restore',
    by: id,
    source: snapshot.source,
    snapshot: snapshot.id,
    started: wish.started,
    expires: new Date(context.clock.now().getTime() + leaseLength).toISOString(),
  });
  const { paths = [], overwrite = false, started } = wish;
  await vault.objects.write(
    restoreKey(id),
    restoreRecordSchema.parse({ ...restore, paths, overwrite, moment, started }),
  );
  context.log.info('restore-planned', {
    restore: id,
    snapshot: snapshot.id,
    target: wish.target,
    place: vault.store.name,
  });
  return { restore, shards: [{ restore: id, shard: 0 }] };
}

async function firstVaultThatOpens(context: OperationContext): Promise<number> {
  let first: unknown;
  for (let number = 0; number < context.vaults.count; number += 1) {
    try {
      const { store } = await context.vaults.open(number);
      // one that was opened before may be gone by now
      if (!(await store.head(layout.vault))) fail('VaultMissing', `there is no vault at ${store.name} any more`);
      if (number > 0) context.log.warn('restore-from-replica', { place: context.vaults.place(number) });
      return number;
    } catch (error) {
      if (!isTidemarkError(error) || isTidemarkError(error, 'VaultKeyWrong')) throw error;
      first ??= error;
    }
  }
  throw first;
}

interface Chosen {
  readonly snapshot: Snapshot;
  readonly moment?: RestoreMoment;
  readonly time: string;
}

async function chosen(wish: Wish, vault: Vault, context: OperationContext): Promise<Chosen> {
  const snapshots = await vault.snapshots.list(wish.source);
  if (snapshots.length === 0) return noSnapshots(wish.source, vault, context);
  const { at, pause } = wish;
  if (at !== undefined && hasWindows(snapshots)) {
    const seen = withSightings(snapshots, await vault.snapshots.sightings());
    return chooseMoment(wish.source, seen, { ...readMoment(at), ...(pause && { pause }) });
  }
  const snapshot = await chosenSnapshot(wish, snapshots, vault);
  // a log that lies beside its base is followed to its end
  const log = readDetails(snapshot.details);
  const followed = log !== undefined && log.end > log.stop;
  const moment: RestoreMoment = { ...(pause && { pause }) };
  return { snapshot, time: snapshot.time, ...(followed && { moment }) };
}

async function chosenSnapshot(wish: Wish, snapshots: readonly Snapshot[], vault: Vault): Promise<Snapshot> {
  if (wish.snapshot !== undefined && wish.snapshot !== 'latest') {
    return (
      snapshots.find(({ id }) => id === wish.snapshot) ??
      fail('SnapshotMissing', `${wish.source} has no snapshot ${wish.snapshot} in ${vault.store.name}`, {
        hint: `Its newest is ${snapshots[0]!.id}; list all with \`tidemark snapshots --source ${wish.source}\`.`,
      })
    );
  }
  if (wish.at === undefined) {
    // a suspicious newcomer is what somebody at 3 a.m. does not want; it can be named
    for (const snapshot of snapshots) if (!(await vault.snapshots.isSuspicious(snapshot))) return snapshot;
    return snapshots[0]!;
  }
  const at = instant(wish.at);
  const before = snapshots.find(({ time }) => new Date(time).getTime() <= at);
  if (before) return before;
  const oldest = snapshots.at(-1)!;
  return fail('RestorePointMissing', `${wish.source} has no snapshot at or before ${wish.at}`, {
    hint: `The oldest is ${oldest.id} of ${oldest.time}; the newest is of ${snapshots[0]!.time}.`,
    context: { source: wish.source, at: wish.at },
  });
}

/** A local time without an offset names two instants or none once a year, and another one on another machine. */
function instant(text: string): number {
  const parsed = z.iso.datetime({ offset: true }).safeParse(text);
  if (parsed.success) return new Date(text).getTime();
  return fail('InputInvalid', `${JSON.stringify(text)} is not a time with an offset`, {
    hint: 'Write it like 2026-03-15T12:04:59+01:00 or 2026-03-15T11:04:59Z.',
  });
}

async function noSnapshots(source: string, vault: Vault, context: OperationContext): Promise<never> {
  if (context.plan.sources.some(({ id }) => id === source)) {
    fail('RestorePointMissing', `${source} has no snapshot yet in ${vault.store.name}`, {
      hint: `Take one with \`tidemark backup --source ${source}\`, or restore from another vault.`,
    });
  }
  const known = new Set([
    ...context.plan.sources.map(({ id }) => id),
    ...(await vault.snapshots.list()).map((one) => one.source),
  ]);
  const near = nearest(source, [...known]);
  return fail('SourceUnknown', `neither the plan nor ${vault.store.name} knows a source ${JSON.stringify(source)}`, {
    hint: near ? `Did you mean ${JSON.stringify(near)}?` : `There are: ${[...known].join(', ')}.`,
    context: { source },
  });
}

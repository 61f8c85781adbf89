/** The two steps of collection; `Fossils` says why they are safe. */
import { fail } from '../core/errors.ts';
import type { PackRecord } from '../format/index.ts';
import { idInKey, layout } from '../format/layout.ts';
import type { Snapshot } from '../format/snapshot.ts';
import type { BlobIndex } from './blob-index.ts';
import { readIndexSegment } from './index-loader.ts';
import { Reach } from './reach.ts';
import type { Fossil } from './records/fossils.ts';
import type { Vault } from './vault.ts';
import { storeIndexSegment } from './writer.ts';

/** How long a lease must have been over before its writer counts as ended: longer than any commit takes. */
const patience = 60 * 60 * 1000;

export interface Collected {
  readonly packs: number;
  readonly bytes: number;
  readonly revived: number;
  /** Packs that have to wait, as somebody who may need them is still at work or the grace period is not over. */
  readonly waiting: number;
}

/** First step: names the packs that nothing reaches. Packs that are fossils already stay as they are. */
export async function markGarbage(vault: Vault, id: string, now: Date): Promise<{ packs: number; bytes: number }> {
  const index = await vault.index();
  const needed = await reachedPacks(vault, index, await vault.snapshots.list());
  const fossils = await vault.fossils.list();
  // a marker that died between its two writes: whoever had started by then has ended, or is still on the list
  for (const fossil of fossils.filter(({ writers }) => writers === undefined)) await nameWriters(vault, fossil);
  const marked = new Set(fossils.flatMap((fossil) => fossil.packs.map((pack) => pack.id)));
  const packs: { id: string; size: number }[] = [];
  for await (const object of vault.store.list(layout.packs)) {
    const pack = idInKey(object.key);
    if (!needed.has(pack) && !marked.has(pack)) packs.push({ id: pack, size: object.size });
  }
  if (packs.length === 0) return { packs: 0, bytes: 0 };
  const fossil: Fossil = { id, marked: now.toISOString(), packs };
  await vault.fossils.write(fossil);
  await nameWriters(vault, fossil);
  return { packs: packs.length, bytes: packs.reduce((sum, pack) => sum + pack.size, 0) };
}

/** Adds to a record that is visible already the writers that may have started before it was. */
async function nameWriters(vault: Vault, fossil: Fossil): Promise<void> {
  const writers = [...(await vault.leases.list())].filter(([, lease]) => lease.what === 'writer').map(([name]) => name);
  await vault.fossils.write({ ...fossil, writers });
}

/** Second step: deletes what was marked at least `grace` milliseconds ago and is still garbage; revives what is not. */
export async function collectGarbage(vault: Vault, now: Date, grace: number): Promise<Collected> {
  const leases = await vault.leases.list();
  const ended = (name: string): boolean => {
    const lease = leases.get(name);
    return lease === undefined || new Date(lease.expires).getTime() + patience < now.getTime();
  };
  const fossils = await vault.fossils.list();
  const ripe = fossils.filter(
    ({ marked, writers }) => new Date(marked).getTime() + grace <= now.getTime() && writers?.every(ended) === true,
  );
  const waiting = fossils
    .filter((fossil) => !ripe.includes(fossil))
    .reduce((sum, fossil) => sum + fossil.packs.length, 0);
  if (ripe.length === 0) return { packs: 0, bytes: 0, revived: 0, waiting };

  const index = await vault.index();
  const needed = await reachedPacks(vault, index, await vault.snapshots.list());
  const candidates = ripe.flatMap((fossil) => fossil.packs);
  const garbage = candidates.filter((pack) => !needed.has(pack.id));
  if (garbage.length > 0) {
    await dropFromIndex(vault, new Set(garbage.map((pack) => pack.id)));
    await vault.store.delete(garbage.map((pack) => layout.pack(pack.id)));
    for (const pack of garbage.slice(0, 1)) {
      if (await vault.store.head(layout.pack(pack.id)))
        fail('DeleteIncomplete', `pack ${pack.id} is still there after its deletion`);
    }
  }
  for (const fossil of ripe) await vault.fossils.delete(fossil.id);
  return {
    packs: garbage.length,
    bytes: garbage.reduce((sum, pack) => sum + pack.size, 0),
    revived: candidates.length - garbage.length,
    waiting,
  };
}

/** Ids of the packs that the snapshots need. A snapshot that is not whole stops everything: garbage could not be told from loss. */
async function reachedPacks(vault: Vault, index: BlobIndex, snapshots: readonly Snapshot[]): Promise<Set<string>> {
  const reach = new Reach(index, await vault.reader());
  for (const snapshot of snapshots) await reach.follow(snapshot.root);
  const lost = reach.missing[0];
  if (lost) {
    fail(
      'PruneRefused',
      `${reach.missing.length} blobs that snapshots in ${vault.store.name} need cannot be read, first ${lost.path}`,
      {
        hint: 'Run `tidemark verify --read-all` to repair the vault, then prune again.',
        context: { blob: lost.blob, path: lost.path, why: lost.why },
      },
    );
  }
  return new Set([...reach.packs()].map((number) => index.packs[number]!.id));
}

/** Merges all segments into one that does not tell of `gone`. The new one is durable before the old ones go. */
async function dropFromIndex(vault: Vault, gone: ReadonlySet<string>): Promise<void> {
  const names = (await vault.objects.keys(layout.indexes)).map(idInKey);
  const kept = new Map<string, PackRecord>();
  for (const name of names) {
    for (const pack of await readIndexSegment(vault.store, vault.cipher, name)) {
      if (!gone.has(pack.id)) kept.set(pack.id, pack);
    }
  }
  const merged = kept.size > 0 ? await storeIndexSegment(vault.store, vault.cipher, [...kept.values()]) : undefined;
  await vault.store.delete(names.filter((name) => name !== merged).map(layout.index));
}

/** The two steps of collection; `Fossils` says why they are safe. */
import { fail } from '../core/errors.ts';
import type { PackRecord } from '../format/index.ts';
import { idInKey, layout } from '../format/layout.ts';
import { readIndexSegment } from './index-loader.ts';
import { Reach } from './reach.ts';
import type { Fossil } from './records/fossils.ts';
import type { Vault } from './vault.ts';
import { storeIndexSegment } from './writer.ts';

/** How long a lease must have been over before its writer counts as ended: longer than any commit takes. */
const patience = 60 * 60 * 1000;

/** What snapshots reached when packs were marked: all that they need lies in these packs. */
export interface Reached {
  /** When the walk began. */
  readonly time: string;
  /** Roots of the trees that were walked. */
  readonly roots: readonly string[];
  /** Ids of packs. */
  readonly packs: readonly string[];
}

export interface Collected {
  readonly packs: number;
  readonly bytes: number;
  readonly revived: number;
  /** Packs that have to wait, as somebody who may need them is still at work or the grace period is not over. */
  readonly waiting: number;
}

/** First step: names the packs that nothing reaches. Packs that are fossils already stay as they are. */
export async function markGarbage(
  vault: Vault,
  id: string,
  now: Date,
): Promise<{ packs: number; bytes: number; reached: Reached }> {
  const roots = await rootsOf(vault);
  const needed = await reachedPacks(vault, roots);
  const reached: Reached = { time: now.toISOString(), roots, packs: [...needed] };
  const fossils = await vault.fossils.list();
  // a marker that died between its two writes: whoever had started by then has ended, or is still on the list
  for (const fossil of fossils.filter(({ writers }) => writers === undefined)) await nameWriters(vault, fossil);
  const marked = new Set(fossils.flatMap((fossil) => fossil.packs.map((pack) => pack.id)));
  const packs: { id: string; size: number }[] = [];
  for await (const object of vault.store.list(layout.packs)) {
    const pack = idInKey(object.key);
    if (!needed.has(pack) && !marked.has(pack)) packs.push({ id: pack, size: object.size });
  }
  if (packs.length === 0) return { packs: 0, bytes: 0, reached };
  const fossil: Fossil = { id, marked: now.toISOString(), packs };
  await vault.fossils.write(fossil);
  await nameWriters(vault, fossil);
  return { packs: packs.length, bytes: packs.reduce((sum, pack) => sum + pack.size, 0), reached };
}

/** Adds to a record that is visible already the writers that may have started before it was. */
async function nameWriters(vault: Vault, fossil: Fossil): Promise<void> {
  const writers = [...(await vault.leases.list())].filter(([, lease]) => lease.what === 'writer').map(([name]) => name);
  await vault.fossils.write({ ...fossil, writers });
}

/**
 * Second step: deletes what was marked at least `grace` milliseconds ago and is still garbage; revives what is not.
 *
 * `reached` is what the marking of the same prune found, moments ago. Trees never change, so those that were walked then
 * are not walked again, only those of snapshots that came since; one that went since keeps its packs until the next prune.
 * It counts for less than `grace` only: whatever is ripe had been marked when that walk began, and in a blob that is stored
 * twice the walk has turned to the place that was not marked.
 */
export async function collectGarbage(vault: Vault, now: Date, grace: number, reached?: Reached): Promise<Collected> {
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

  const known = reached && now.getTime() - new Date(reached.time).getTime() < grace ? reached : undefined;
  const walked = new Set(known?.roots);
  const roots = (await rootsOf(vault)).filter((root) => !walked.has(root));
  const needed = await reachedPacks(vault, roots, known?.packs);
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

async function rootsOf(vault: Vault): Promise<string[]> {
  return [...new Set((await vault.snapshots.list()).map(({ root }) => root))];
}

/** Ids of the packs that the trees need, and of `known`. A tree that is not whole stops everything: garbage could not be told from loss. */
async function reachedPacks(
  vault: Vault,
  roots: readonly string[],
  known: readonly string[] = [],
): Promise<ReadonlySet<string>> {
  if (roots.length === 0) return new Set(known);
  const index = await vault.index();
  const reader = await vault.reader();
  const reach = new Reach(index, reader);
  for (const [at, root] of roots.entries()) {
    // what is new in a snapshot lies near its root: it is fetched while the one before is walked
    const next = roots[at + 1];
    if (next !== undefined && index.find(next) >= 0) reader.blob(next).catch(() => {}); // the walk gets the error
    await reach.follow(root);
  }
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
  return new Set([...known, ...[...reach.packs()].map((number) => index.packs[number]!.id)]);
}

/** A segment with so many bytes of records is not merged with others: an index of any size passes through bounded memory. */
const fullSegment = 32 * 1024 * 1024;

/**
 * Writes the segments that tell of `gone` anew without it, and merges small ones on the way; each is read once. The new
 * ones are durable before the old ones go.
 */
async function dropFromIndex(vault: Vault, gone: ReadonlySet<string>): Promise<void> {
  const stale: string[] = [];
  const written = new Set<string>();
  const told = new Set<string>();
  let gathered: PackRecord[] = [];
  let bytes = 0;
  const write = async (): Promise<void> => {
    if (gathered.length > 0) written.add(await storeIndexSegment(vault.store, vault.cipher, gathered));
    [gathered, bytes] = [[], 0];
  };
  for (const name of (await vault.objects.keys(layout.indexes)).map(idInKey)) {
    const records = await readIndexSegment(vault.store, vault.cipher, name);
    const size = records.reduce((sum, record) => sum + weightOf(record), 0);
    if (size >= fullSegment && !records.some(({ id }) => gone.has(id) || told.has(id))) {
      for (const { id } of records) told.add(id);
      continue;
    }
    stale.push(name);
    for (const record of records) {
      if (gone.has(record.id) || told.has(record.id)) continue;
      told.add(record.id);
      gathered.push(record);
      bytes += weightOf(record);
      if (bytes >= fullSegment) await write();
    }
  }
  await write();
  await vault.store.delete(stale.filter((name) => !written.has(name)).map(layout.index));
}

const weightOf = ({ frames }: PackRecord): number => frames.reduce((sum, { blobs }) => sum + blobs.length, 0);

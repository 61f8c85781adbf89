/**
 * The two steps of collection. Packs that hold nothing that a snapshot needs are marked first, and deleted by a later prune
 * if that is still so and everybody who could rely on them has ended. `Fossils` says why nothing that is needed can go.
 */
import { fail } from '../core/errors.ts';
import { idInKey, layout } from '../format/layout.ts';
import { type Census, takeCensus } from './collecting/census.ts';
import type { Counts } from './collecting/counts.ts';
import { dropFromIndex } from './collecting/drop.ts';
import type { Moved } from './collecting/follow.ts';
import { countNeeds, keepCounts, rootsOf } from './collecting/kept-counts.ts';
import { divide, type PackUse, usesOf } from './collecting/yields.ts';
import type { Fossil } from './records/fossils.ts';
import type { Vault } from './vault.ts';

/** How long a lease must have been over before its writer counts as ended: more than clocks differ. */
const patience = 60 * 60 * 1000;

export interface Marked {
  readonly packs: number;
  readonly bytes: number;
  /** False when time ran out before everything was counted: nothing was marked, and what was counted is kept. */
  readonly done: boolean;
  /** What the packs hold that stay: bytes in the store, and before compression all and those that are needed. */
  readonly kept: { readonly packs: number; readonly bytes: number; readonly plain: number; readonly needed: number };
  /** Marked packs whose needed content lies in others too, and in which. */
  readonly moved: readonly Moved[];
}

export interface Collected {
  readonly packs: number;
  readonly bytes: number;
  readonly revived: number;
  /** Packs that have to wait, as somebody who may need them is still at work or the grace period is not over. */
  readonly waiting: number;
  /** All packs in the store, in bytes. */
  readonly before: number;
  readonly after: number;
}

export interface MarkOptions {
  readonly late?: () => boolean;
  /** Packs that are not marked as long as anything of them is needed, even if it lies elsewhere too. */
  readonly spared?: (pack: string) => boolean;
}

/** First step: names the packs that can go. Packs that are fossils already stay as they are. */
export async function markGarbage(
  vault: Vault,
  id: string,
  now: Date,
  { late = () => false, spared = () => false }: MarkOptions = {},
): Promise<Marked> {
  const census = await takeCensus(vault);
  const { counts, left } = await countNeeds(vault, census, await rootsOf(vault), late);
  await keepCounts(vault, census, counts);
  // a marker that died between its two writes: whoever had started by then has ended, or is still on the list
  for (const fossil of census.fossils.filter(({ writers }) => writers === undefined)) await nameWriters(vault, fossil);
  const uses = usesOf(census, counts);
  const { go, stay, successors } = divide(census, counts, uses, spared);
  const kept = sumOf(left > 0 ? uses : stay);
  if (left > 0) return { packs: 0, bytes: 0, done: false, kept, moved: [] };
  const packs = [...go.map(({ id: pack, size }) => ({ id: pack, size })), ...unknownPacks(census)];
  if (packs.length > 0) {
    // a repeated call finds its own record: what that names has to wait as long as what is new
    const before = census.fossils.find((fossil) => fossil.id === id)?.packs ?? [];
    const fossil: Fossil = { id, marked: now.toISOString(), packs: [...before, ...packs] };
    await vault.fossils.write(fossil);
    await nameWriters(vault, fossil);
  }
  // what they named is marked again by now, or needed
  if (census.unreadable.length > 0) await vault.store.delete(census.unreadable);
  const moved = [...successors].map(([pack, to]) => ({ pack, to: [...to].sort() }));
  return { packs: packs.length, bytes: packs.reduce((sum, { size }) => sum + size, 0), done: true, kept, moved };
}

const sumOf = (uses: readonly PackUse[]): Marked['kept'] => ({
  packs: uses.length,
  bytes: uses.reduce((sum, { size }) => sum + size, 0),
  plain: uses.reduce((sum, { plain }) => sum + plain, 0),
  needed: uses.reduce((sum, { needed }) => sum + needed, 0),
});

/** Packs in the store that no index tells of and nobody has marked: of a writer that is at work, or has died. */
function unknownPacks({ index, listed, fossils }: Census): { id: string; size: number }[] {
  const marked = new Set(fossils.flatMap(({ packs }) => packs.map(({ id }) => id)));
  return [...listed]
    .filter(([id]) => index.packNumber(id) === undefined && !marked.has(id))
    .map(([id, size]) => ({ id, size }));
}

/**
 * Adds to a record that is visible already all who may have started before it was. Restores are among them: one that is
 * under way reads where its index says, and that may be a pack whose content was rewritten.
 */
async function nameWriters(vault: Vault, fossil: Fossil): Promise<void> {
  await vault.fossils.write({ ...fossil, writers: [...(await vault.leases.list()).keys()] });
}

/**
 * Second step: deletes what was marked at least `grace` milliseconds ago and is still garbage; revives what is not.
 * Errors: `PruneRefused`, `DeleteIncomplete` when something is still there afterwards.
 */
export async function collectGarbage(vault: Vault, now: Date, grace: number): Promise<Collected> {
  const leases = await vault.leases.list();
  const ended = (name: string): boolean => {
    const lease = leases.get(name);
    return lease === undefined || new Date(lease.expires).getTime() + patience < now.getTime();
  };
  const isRipe = ({ marked, writers }: Fossil): boolean =>
    new Date(marked).getTime() + grace <= now.getTime() && writers?.every(ended) === true;
  const ripe = (await vault.fossils.list()).filter(isRipe);
  const census = ripe.length > 0 ? await takeCensus(vault) : undefined;
  if (!census) return nothingRipe(vault);
  const { counts } = await countNeeds(vault, census, await rootsOf(vault));
  const verdicts = ripe.map((fossil) => ({ fossil, ...judge(census, counts, fossil) }));
  const garbage = verdicts.flatMap((one) => one.garbage);
  if (garbage.length > 0) {
    await dropFromIndex(vault, census, new Set(garbage.map((pack) => pack.id)));
    await vault.store.delete(garbage.map((pack) => layout.pack(pack.id)));
  }
  const after = await packsThere(vault);
  const left = garbage.filter(({ id }) => after.has(id));
  if (left.length > 0) {
    fail('DeleteIncomplete', `${left.length} of ${garbage.length} packs are still there after their deletion`, {
      hint: 'The next prune tries again. If it ends so every time, something keeps objects from being deleted.',
      context: { failed: left.slice(0, 20).map(({ id }) => layout.pack(id)) },
    });
  }
  for (const { fossil, stuck } of verdicts) {
    if (stuck.length === 0) await vault.fossils.delete(fossil.id);
    else await vault.fossils.write({ ...fossil, packs: stuck });
  }
  const there = garbage.filter(({ id }) => census.listed.has(id));
  return {
    packs: there.length,
    bytes: there.reduce((sum, { id }) => sum + census.listed.get(id)!, 0),
    revived: verdicts.reduce((sum, { revived }) => sum + revived, 0),
    waiting: (await vault.fossils.list()).reduce((sum, { packs }) => sum + packs.length, 0),
    before: bytesOf(census.listed),
    after: bytesOf(after),
  };
}

async function nothingRipe(vault: Vault): Promise<Collected> {
  const fossils = await vault.fossils.list();
  const bytes = bytesOf(await packsThere(vault));
  const waiting = fossils.reduce((sum, { packs }) => sum + packs.length, 0);
  return { packs: 0, bytes: 0, revived: 0, waiting, before: bytes, after: bytes };
}

async function packsThere(vault: Vault): Promise<ReadonlyMap<string, number>> {
  const sizes = new Map<string, number>();
  for await (const { key, size } of vault.store.list(layout.packs)) sizes.set(idInKey(key), size);
  return sizes;
}

const bytesOf = (packs: ReadonlyMap<string, number>): number =>
  [...packs.values()].reduce((sum, size) => sum + size, 0);

/**
 * A marked pack is garbage when each of its blobs that is needed lies somewhere that can be relied on. One that holds the
 * only copy of something needed is revived. Where all copies are marked, none of them goes and none is revived: somebody
 * may have decided to delete one while another could still be relied on. Repacking brings what is in them to safety.
 */
function judge(
  { index, blobsOf, several }: Census,
  counts: Counts,
  fossil: Fossil,
): { readonly garbage: Fossil['packs']; readonly stuck: Fossil['packs']; readonly revived: number } {
  const [garbage, stuck]: [Fossil['packs'], Fossil['packs']] = [[], []];
  let revived = 0;
  for (const pack of fossil.packs) {
    const number = index.packNumber(pack.id);
    const inDanger =
      number === undefined
        ? []
        : [...blobsOf(number)].filter((entry) => counts.needs(entry) && index.packs[index.packOf(entry)]!.doubted);
    if (inDanger.length === 0) garbage.push(pack);
    else if (inDanger.some((entry) => several[entry] === 0)) revived += 1;
    else stuck.push(pack);
  }
  return { garbage, stuck, revived };
}

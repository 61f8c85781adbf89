/**
 * Divides a shard into parts that workers capture at the same time. Parts are ranges of the walk's order, as shards are;
 * there are several for each worker, as nobody knows beforehand how much each will cost.
 */
import { lstatSync } from 'node:fs';
import { errnoOf } from '../../../core/errors.ts';
import type { BlobId } from '../../../format/blob.ts';
import type { PreviousSnapshot, Shard } from '../../port.ts';
import { compareNames } from '../raw-path.ts';
import { boundariesOf, listed, namesIn, type Weighed } from './shards.ts';

/** What an entry costs beside its bytes: about what ten kilobytes cost. */
const entryCost = 10_000;
/** Of a file that the snapshot before has, most often only the entry is looked at. */
const known = { entry: 3_000, byte: 0.05 };
/** Less than this (in bytes, or what costs as much) is done before workers have begun. */
export const worthSharing = 64e6;
/** So many entries are looked at to learn how a source is made, where there is no snapshot before. */
const lookedAt = 3_000;
const perWorker = 6;

export async function partsOf(
  prefix: string,
  shard: Shard,
  previous: PreviousSnapshot | undefined,
  workers: number,
  least = worthSharing,
): Promise<readonly Shard[]> {
  const items = previous === undefined ? lookAround(prefix) : await asBefore(previous);
  const total = items.reduce((sum, item) => sum + item.weight, 0);
  if (total < least) return [shard];
  const [from, to] = [shard.from, shard.to];
  const within = (await boundariesOf(items, workers * perWorker)).filter(
    (path) =>
      (typeof from !== 'string' || comparePaths(path, from) > 0) &&
      (typeof to !== 'string' || comparePaths(path, to) < 0),
  );
  const edges = [from, ...within, to];
  return edges.slice(1).map((end, at) => {
    const { from: _from, to: _to, ...rest } = shard;
    const begin = edges[at];
    return { ...rest, ...(begin !== undefined && { from: begin }), ...(end !== undefined && { to: end }) };
  });
}

/** What a file costs to restore beside its bytes. */
const restoredEntry = 60_000;

/** As many cuts, that make parts of about the same work, as keep this many workers busy; none for little work. */
export async function restoreCuts(
  root: BlobId,
  reader: Pick<PreviousSnapshot, 'tree'>,
  workers: number,
  least = worthSharing,
): Promise<readonly string[]> {
  const items = await listed(reader, root, ({ below, size }) => {
    return (1 + (below?.files ?? 0)) * restoredEntry + (below?.bytes ?? size ?? 0);
  });
  const total = items.reduce((sum, item) => sum + item.weight, 0);
  return total < least ? [] : boundariesOf(items, workers * perWorker);
}

/** The order in which a walk comes by two paths. */
export function comparePaths(one: string, other: string): number {
  const [ours, theirs] = [one.split('/'), other.split('/')];
  for (let at = 0; at < Math.min(ours.length, theirs.length); at += 1) {
    const order = compareNames(ours[at]!, theirs[at]!);
    if (order !== 0) return order;
  }
  return ours.length - theirs.length;
}

function asBefore(previous: PreviousSnapshot): Promise<readonly Weighed[]> {
  return listed(previous, previous.root, ({ below, size }) => {
    return (1 + (below?.files ?? 0)) * known.entry + (below?.bytes ?? size ?? 0) * known.byte;
  });
}

interface Seen extends Weighed {
  weight: number;
  children?: Seen[];
}

/** Level by level, until enough is seen. What lies deeper counts as a guess. */
function lookAround(prefix: string): readonly Weighed[] {
  let count = 0;
  const look = (folder: string): { seen: Seen[]; folders: { path: string; seen: Seen }[] } => {
    const folders: { path: string; seen: Seen }[] = [];
    const seen = namesIn(folder).map((entry): Seen => {
      const name = entry.name.includes('\ufffd') ? undefined : entry.name;
      const item: Seen = { name, weight: entryCost + (entry.isFile() ? sizeOf(folder + entry.name) : 0) };
      if (entry.isDirectory() && name !== undefined) folders.push({ path: `${folder}${name}/`, seen: item });
      return item;
    });
    count += seen.length;
    return { seen, folders };
  };
  const top = look(prefix);
  let level = top.folders;
  while (level.length > 0 && count < lookedAt) {
    const next: typeof level = [];
    for (const { path, seen } of level) {
      const inner = look(path);
      seen.children = inner.seen;
      next.push(...inner.folders);
    }
    level = next;
  }
  const guess = 40 * entryCost;
  for (const { seen } of level) seen.weight += guess;
  return top.seen.map(summed);
}

function summed(seen: Seen): Weighed {
  if (seen.children === undefined) return seen;
  const inside = seen.children.map(summed);
  const weight = inside.reduce((sum, item) => sum + item.weight, seen.weight);
  return { name: seen.name, weight, inside: async () => inside };
}

/** What cannot be looked at now is for the walk to report. */
function sizeOf(file: string): number {
  try {
    return lstatSync(file).size;
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return 0;
  }
}

/**
 * Cuts a large source into shards that several invocations capture at once. A shard is a range of the walk's order, from
 * one path up to another, so one shard can end and the next begin in the middle of a single huge directory.
 */
import { type Dirent, readdirSync } from 'node:fs';
import type { BlobId } from '../../../format/blob.ts';
import type { TreeEntry } from '../../../format/tree.ts';
import type { PreviousSnapshot, Shard } from '../../port.ts';
import type { Bound } from '../capture/frame.ts';
import { compareNames } from '../raw-path.ts';

/** Enough work for one shard: so many files or bytes or, where only a look around says anything, so many entries. */
export interface ShardSize {
  readonly files: number;
  readonly bytes: number;
  readonly entries: number;
  readonly mostShards: number;
}

export const shardSize: ShardSize = { files: 200_000, bytes: 20e9, entries: 10_000, mostShards: 64 };

/** Something in the source with its share of the work, 1 being a shard's. */
export interface Weighed {
  /** Undefined where it is not UTF-8: no shard begins there. */
  readonly name: string | undefined;
  readonly weight: number;
  readonly inside?: () => Promise<readonly Weighed[]>;
}

/** In characters, as shards travel in payloads. */
const longestPath = 200;

/** By what the snapshot before says or, without one, by a look at the top two levels. */
export async function splitSource(
  prefix: string,
  previous: PreviousSnapshot | undefined,
  size: ShardSize = shardSize,
): Promise<readonly Shard[]> {
  const items =
    previous === undefined
      ? lookAround(prefix, size)
      : await listed(previous, previous.root, (entry) => weightOf(entry, size));
  const total = items.reduce((sum, item) => sum + item.weight, 0);
  const parts = Math.max(1, Math.min(size.mostShards, Math.floor(total)));
  const edges: readonly (string | undefined)[] = [undefined, ...(await boundariesOf(items, parts)), undefined];
  return edges.slice(1).map((to, at) => {
    const from = edges[at];
    return { shard: at, ...(from !== undefined && { from }), ...(to !== undefined && { to }) };
  });
}

export function boundsOfShard(shard: Shard): { from: Bound; to: Bound } {
  const components = (path: unknown): Bound => (typeof path === 'string' ? path.split('/') : undefined);
  return { from: components(shard.from), to: components(shard.to) };
}

/** The paths at which the second part begins, the third, and so on: each where its share of the whole is reached. */
export async function boundariesOf(items: readonly Weighed[], parts: number): Promise<readonly string[]> {
  const total = items.reduce((sum, item) => sum + item.weight, 0);
  const share = total / parts;
  const found: string[] = [];
  let reached = 0;
  // A hair less than the share is the share: sums of fractions are never exact.
  const next = (): number =>
    found.length + 1 < parts ? share * (found.length + 1) * (1 - 1e-12) : Number.POSITIVE_INFINITY;

  const cut = async (level: readonly Weighed[], path: string): Promise<void> => {
    for (const item of level) {
      const here = item.name === undefined ? '' : path + item.name;
      const usable = item.name !== undefined && here.length <= longestPath;
      if (usable && reached >= next()) found.push(here);
      const after = reached + item.weight;
      // Only what is heavy and crosses the next boundary is worth looking into.
      const worth = usable && item.inside !== undefined && after > next() && item.weight > share / 8;
      if (worth) await cut(await item.inside!(), `${here}/`);
      reached = after;
    }
  };
  await cut(items, '');
  return found;
}

/** A directory of the snapshot before. */
export async function listed(
  previous: Pick<PreviousSnapshot, 'tree'>,
  tree: BlobId,
  weigh: (entry: TreeEntry) => number,
): Promise<readonly Weighed[]> {
  const { entries } = await previous.tree(tree);
  return entries.map((entry) => ({
    name: entry.name,
    weight: weigh(entry),
    ...(entry.tree !== undefined && { inside: () => listed(previous, entry.tree!, weigh) }),
  }));
}

function weightOf(entry: TreeEntry, size: ShardSize): number {
  const files = 1 + (entry.below?.files ?? 0);
  const bytes = entry.below?.bytes ?? entry.size ?? 0;
  return files / size.files + bytes / size.bytes;
}

function lookAround(prefix: string, size: ShardSize): readonly Weighed[] {
  const one = 1 / size.entries;
  return namesIn(prefix).map((entry) => {
    const name = entry.name.includes('\ufffd') ? undefined : entry.name;
    if (!entry.isDirectory() || name === undefined) return { name, weight: one };
    const inside = namesIn(prefix + name).map((child) => ({
      name: child.name.includes('\ufffd') ? undefined : child.name,
      weight: one,
    }));
    return { name, weight: one * (1 + inside.length), inside: async () => inside };
  });
}

/** In the order of the walk. */
export function namesIn(directory: string): Dirent[] {
  try {
    const entries = readdirSync(directory, { withFileTypes: true });
    return entries.sort((one, other) => compareNames(one.name, other.name));
  } catch {
    // What cannot be listed has no weight here; the capture will come by and report it.
    return [];
  }
}

/**
 * How a replica follows what was rewritten in the primary: it copies the packs that took over, under the same ids. Were
 * every vault to rewrite on its own, their packs would have different ids, and one could not be repaired from another.
 */
import * as z from 'zod';
import { isTidemarkError } from '../../core/errors.ts';
import type { BlobId } from '../../format/blob.ts';
import { idInKey, layout } from '../../format/layout.ts';
import { packDirectory } from '../check.ts';
import { copyPack, indexCopies } from '../replicate.ts';
import type { Vault } from '../vault.ts';
import { type Census, takeCensus } from './census.ts';
import type { Counts } from './counts.ts';
import { countNeeds, keepCounts, rootsOf } from './kept-counts.ts';
import { divide, usesOf } from './yields.ts';

/** What the primary has marked although it is needed, as other packs have it too. */
export const movedSchema = z.object({
  time: z.iso.datetime(),
  moved: z.array(z.object({ pack: z.string(), to: z.array(z.string()) })),
});
type MovedRecord = z.infer<typeof movedSchema>;
export type Moved = MovedRecord['moved'][number];

export interface Followed {
  /** Ids of packs that were copied. */
  readonly copied: readonly string[];
  readonly bytes: number;
  /** Packs that there was no time or no allowance for. */
  readonly left: number;
  /** Snapshots that there was no time to count: the next turn goes on with them. */
  readonly uncounted: number;
}

/**
 * Copies to `replica` what took the place of packs that it still has, where that makes them dispensable there too: a
 * replica may need more of a pack than the primary did, and then keeps it.
 */
export async function followRepacking(
  primary: Vault,
  replica: Vault,
  { most, late }: { readonly most: number; readonly late: () => boolean },
): Promise<Followed> {
  const successors = await successorsIn(primary);
  if (successors.size === 0) return { copied: [], bytes: 0, left: 0, uncounted: 0 };
  const here = new Set((await primary.objects.keys(layout.packs)).map(idInKey));
  const census = await takeCensus(replica);
  const { counts, left: uncounted } = await countNeeds(replica, census, await rootsOf(replica), late);
  await keepCounts(replica, census, counts);
  if (uncounted > 0) return { copied: [], bytes: 0, left: 0, uncounted };

  const copied = new Set<string>();
  const blobs = new Map<string, ReadonlySet<BlobId>>();
  let [bytes, left] = [0, 0];
  for (const use of divide(census, counts, usesOf(census, counts)).stay) {
    const wanted = [...resolve(use.id, successors)].filter((pack) => here.has(pack) && !census.listed.has(pack));
    const missing = wanted.filter((pack) => !copied.has(pack));
    if (missing.length === 0) continue;
    if (copied.size > 0 && (late() || bytes >= most)) {
      left += 1;
      continue;
    }
    try {
      for (const pack of wanted) if (!blobs.has(pack)) blobs.set(pack, await blobsIn(primary, pack));
      if (
        !isCovered(
          census,
          counts,
          use.number,
          wanted.map((pack) => blobs.get(pack)!),
        )
      )
        continue;
      for (const pack of missing) {
        bytes += await copyPack(primary, replica, pack);
        copied.add(pack);
      }
    } catch (error) {
      // collected or damaged since: verification tells of damage, and the replica keeps what it has
      if (!isTidemarkError(error, 'ObjectMissing') && !isTidemarkError(error, 'VaultDamaged')) throw error;
    }
  }
  await indexCopies(replica, [...copied]);
  return { copied: [...copied], bytes, left, uncounted };
}

async function blobsIn(vault: Vault, pack: string): Promise<ReadonlySet<BlobId>> {
  const { frames } = await packDirectory(vault, await vault.store.get(layout.pack(pack)));
  return new Set(frames.flatMap((frame) => frame.blobs.map(([blob]) => blob)));
}

/** True when everything that is needed of a pack lies in others as well, or would with these. */
function isCovered(
  { index, blobsOf, several }: Census,
  counts: Counts,
  pack: number,
  others: readonly ReadonlySet<BlobId>[],
): boolean {
  return blobsOf(pack).every((entry) => {
    if (!counts.needs(entry)) return true;
    const blob = index.idOf(entry);
    return several[entry] === 1 || others.some((some) => some.has(blob));
  });
}

/** Where the content of a pack went, and where that went since. */
function resolve(pack: string, successors: ReadonlyMap<string, ReadonlySet<string>>): ReadonlySet<string> {
  const found = new Set<string>();
  const pending = [...(successors.get(pack) ?? [])];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    if (found.has(next)) continue;
    found.add(next);
    pending.push(...(successors.get(next) ?? []));
  }
  return found;
}

async function successorsIn(primary: Vault): Promise<Map<string, Set<string>>> {
  const successors = new Map<string, Set<string>>();
  for (const key of await primary.objects.keys(layout.moveds)) {
    let record: MovedRecord | undefined;
    try {
      record = await primary.objects.readIfThere(key, movedSchema);
    } catch (error) {
      // a replica that does not follow keeps more than it needs, and nothing else
      if (!isTidemarkError(error, 'VaultDamaged')) throw error;
    }
    for (const { pack, to } of record?.moved ?? [])
      successors.set(pack, new Set([...(successors.get(pack) ?? []), ...to]));
  }
  return successors;
}

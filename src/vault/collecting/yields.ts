/**
 * What of each pack is needed, exactly, and which packs can go. A pack can go when none of its blobs is needed; or when
 * each that is needed lies in another pack as well, one that stays and can be relied on. Of packs that hold the same, the
 * one with the smallest part in use goes: so what was rewritten takes the place of what it was rewritten from.
 */
import type { Census } from './census.ts';
import type { Counts } from './counts.ts';

export interface PackUse {
  readonly number: number;
  readonly id: string;
  /** Bytes of the object. */
  readonly size: number;
  /** Bytes of its blobs, before compression. */
  readonly plain: number;
  /** Bytes of those that are needed. */
  readonly needed: number;
  /** How many are needed. */
  readonly blobs: number;
}

/** Of all packs that can be relied on. */
export function usesOf({ index, blobsOf, listed }: Census, counts: Counts): PackUse[] {
  const uses: PackUse[] = [];
  for (const [number, { id, doubted }] of index.packs.entries()) {
    if (doubted) continue;
    let [plain, needed, blobs] = [0, 0, 0];
    for (const entry of blobsOf(number)) {
      const length = index.lengthOf(entry);
      plain += length;
      if (!counts.needs(entry)) continue;
      needed += length;
      blobs += 1;
    }
    uses.push({ number, id, size: listed.get(id)!, plain, needed, blobs });
  }
  return uses;
}

export interface Division {
  readonly go: readonly PackUse[];
  readonly stay: readonly PackUse[];
  /** Of packs that go and hold something that is needed: the packs that stay and hold it too. */
  readonly successors: ReadonlyMap<string, ReadonlySet<string>>;
}

/**
 * Of packs that can be relied on: those that can go, and those that stay. Of what lies in several, nothing goes that
 * `spared` names.
 */
export function divide(
  { blobsOf, several }: Census,
  counts: Counts,
  uses: readonly PackUse[],
  spared: (pack: string) => boolean = () => false,
): Division {
  const gone = new Set(uses.filter(({ blobs }) => blobs === 0));
  /** In how many packs that stay a needed blob lies, for those that lie in several. */
  const places = new Map<number, number>();
  const candidates: { readonly use: PackUse; readonly blobs: ReadonlySet<number> }[] = [];
  for (const use of uses) {
    if (gone.has(use)) continue;
    const here = new Set<number>();
    let only = false;
    for (const entry of blobsOf(use.number)) {
      if (!counts.needs(entry)) continue;
      if (several[entry] === 1) here.add(entry);
      else only = true;
    }
    for (const entry of here) places.set(entry, (places.get(entry) ?? 0) + 1);
    if (!only && !spared(use.id)) candidates.push({ use, blobs: here });
  }
  candidates.sort((one, other) => share(one.use) - share(other.use) || (one.use.id < other.use.id ? -1 : 1));
  for (const { use, blobs } of candidates) {
    if (![...blobs].every((entry) => places.get(entry)! > 1)) continue;
    for (const entry of blobs) places.set(entry, places.get(entry)! - 1);
    gone.add(use);
  }
  const stay = uses.filter((use) => !gone.has(use));
  const left = candidates.filter(({ use }) => gone.has(use));
  return { go: [...gone], stay, successors: successorsOf(left, stay, blobsOf, several) };
}

function successorsOf(
  gone: readonly { readonly use: PackUse; readonly blobs: ReadonlySet<number> }[],
  stay: readonly PackUse[],
  blobsOf: Census['blobsOf'],
  several: Uint8Array,
): Map<string, ReadonlySet<string>> {
  const found = new Map<string, ReadonlySet<string>>();
  if (gone.length === 0) return found;
  const home = new Map<number, string>();
  for (const { number, id } of stay) for (const entry of blobsOf(number)) if (several[entry] === 1) home.set(entry, id);
  for (const { use, blobs } of gone) found.set(use.id, new Set([...blobs].map((entry) => home.get(entry)!)));
  return found;
}

export const share = ({ needed, plain }: PackUse): number => (plain === 0 ? 0 : needed / plain);

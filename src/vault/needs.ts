/**
 * Which packs a snapshot needs in a vault. Found by a walk over all of its trees where it has to be; else by comparing the
 * trees with those of a snapshot that was found whole before and keeps the list of its packs beside its trust level: only
 * what is new is walked. A backup of a tree with few changes then costs what changed, and not what the tree is.
 *
 * Why such a list may be relied on:
 * - It is written when every blob of the snapshot was in the index and every pack in the store: each blob lies in one of
 *   the packs on the list.
 * - Packs never change, and the record of a pack in the index names all of its blobs. As long as the index tells of every
 *   pack on the list, it tells of every blob of that snapshot. A segment that is lost, or a collection that took a pack
 *   from the list (a blob may be stored twice), makes the list invalid, and with it the short cut.
 * - The snapshot on which a list rests must still be in the vault and `complete`. So collection keeps what it reaches; its
 *   deletion is held up by the job's lease, which names it. A list with a pack that is marked for collection is not used:
 *   something on it is not needed any more, and the next full walk makes it exact again.
 * - After a verification that found damage and could not repair it nothing is relied on, until one ends well: what such a
 *   vault is thought to hold has been shown wrong.
 * - Objects that cannot be read vouch for nothing: whatever they should have vouched for is walked.
 *
 * Whether the packs are in the store is another question: see `lookAtPacks`.
 */
import * as z from 'zod';
import { fail, isTidemarkError } from '../core/errors.ts';
import type { BlobId } from '../format/blob.ts';
import { layout } from '../format/layout.ts';
import type { Snapshot } from '../format/snapshot.ts';
import type { BlobIndex } from './blob-index.ts';
import type { Finding } from './check.ts';
import { type MissingBlob, Reach } from './reach.ts';
import type { Vault } from './vault.ts';

const listSchema = z.object({ packs: z.array(z.string()) });

export interface Needs {
  /** Ids and sizes of all packs that the snapshot needs. Exact after a full walk; else there may be some that only an earlier one needed. */
  readonly packs: ReadonlyMap<string, number>;
  /** Those of them that were found by walking now, and that the list relied on does not have. */
  readonly walked: readonly string[];
  /** The snapshot whose list was relied on; absent after a full walk. */
  readonly basis?: string;
}

interface Basis {
  readonly id: string;
  readonly root: BlobId;
  readonly packs: readonly string[];
}

/** Errors: `VaultDamaged` when the snapshot is not whole. */
export async function needsOf(vault: Vault, snapshot: Snapshot, how: 'walk new' | 'walk all'): Promise<Needs> {
  const index = await vault.index();
  const basis = how === 'walk new' ? await basisFor(vault, index, snapshot) : undefined;
  const reach = await reachOf(vault, snapshot, index, basis?.root);
  const known = new Set(basis?.packs);
  const walked = [...reach.packs()].map((number) => index.packs[number]!.id).filter((pack) => !known.has(pack));
  const all = [...known, ...walked].sort();
  const packs = new Map(all.map((pack) => [pack, index.packs[index.packNumber(pack)!]!.size]));
  return { packs, walked, ...(basis && { basis: basis.id }) };
}

/** The walk itself. `known`: the root of a tree that is whole. Errors: `VaultDamaged` when the snapshot is not whole. */
export async function reachOf(vault: Vault, snapshot: Snapshot, index: BlobIndex, known?: BlobId): Promise<Reach> {
  const reach = new Reach(index, vault.readerOf(index));
  await reach.follow(snapshot.root, { known });
  refuseLoss(vault, snapshot, reach.missing);
  return reach;
}

function refuseLoss(vault: Vault, snapshot: Snapshot, missing: readonly MissingBlob[]): void {
  const lost = missing[0];
  if (!lost) return;
  fail(
    'VaultDamaged',
    `snapshot ${snapshot.id} in ${vault.store.name} lacks ${missing.length} blobs, first for ${lost.path}: ${lost.why}`,
    {
      hint: 'Run `tidemark verify --read-all`: it repairs from a replica.',
      context: { snapshot: snapshot.id, blob: lost.blob, path: lost.path, ...(lost.pack && { pack: lost.pack }) },
    },
  );
}

/** The snapshot itself, when it was found whole before, or the one that it was compared with when it was captured. */
async function basisFor(vault: Vault, index: BlobIndex, { id, parent }: Snapshot): Promise<Basis | undefined> {
  if (await vault.store.head(layout.unrepaired)) return undefined;
  for (const candidate of [id, parent]) {
    if (candidate === undefined) continue;
    const basis = await basisAt(vault, candidate);
    if (basis?.packs.every((pack) => isSound(index, pack))) return basis;
  }
  return undefined;
}

/** The packs of a snapshot that was found whole in this vault; undefined when nothing may be relied on. */
export async function listOf(vault: Vault, id: string): Promise<readonly string[] | undefined> {
  if (await vault.store.head(layout.unrepaired)) return undefined;
  return (await basisAt(vault, id))?.packs;
}

async function basisAt(vault: Vault, id: string): Promise<Basis | undefined> {
  try {
    const list = await vault.objects.readIfThere(layout.needs(id), listSchema);
    if (!list || !(await vault.snapshots.isTrusted(id, 'complete'))) return undefined;
    const snapshot = await vault.snapshots.find(id);
    return snapshot && { id, root: snapshot.root, packs: list.packs };
  } catch (error) {
    if (isTidemarkError(error, 'VaultDamaged')) return undefined;
    throw error;
  }
}

function isSound(index: BlobIndex, pack: string): boolean {
  const number = index.packNumber(pack);
  return number !== undefined && !index.packs[number]!.doubted;
}

/**
 * Up to so many packs, all of them are looked for in one listing: ten requests to S3. In a larger vault (10,000 packs are
 * some 300 GB) only those that the walk has found are asked for one by one, and that the others are still there is for the
 * daily verification to say: it lists them all.
 */
export const packsListed = 10_000;

/** Which of the packs that a snapshot needs are not in the store, or have another size than the index says. */
export async function lookAtPacks(vault: Vault, needs: Needs, most = packsListed): Promise<Finding[]> {
  const listed = needs.basis === undefined || (await vault.index()).packs.length <= most;
  const sizes = listed ? await sizesListed(vault) : await sizesAsked(vault, needs.walked);
  const findings: Finding[] = [];
  for (const pack of listed ? needs.packs.keys() : needs.walked) {
    const object = layout.pack(pack);
    const [size, wanted] = [sizes.get(object), needs.packs.get(pack)];
    if (size === wanted) continue;
    if (size === undefined) findings.push({ what: 'pack-missing', object, detail: 'the object is not there' });
    else findings.push({ what: 'pack-size', object, detail: `${size} bytes instead of ${wanted}` });
  }
  return findings;
}

async function sizesListed(vault: Vault): Promise<Map<string, number>> {
  const sizes = new Map<string, number>();
  for await (const object of vault.store.list(layout.packs)) sizes.set(object.key, object.size);
  return sizes;
}

async function sizesAsked(vault: Vault, packs: readonly string[]): Promise<Map<string, number>> {
  const sizes = new Map<string, number>();
  for (const key of packs.map(layout.pack)) {
    const there = await vault.store.head(key);
    if (there) sizes.set(key, there.size);
  }
  return sizes;
}

/**
 * What a snapshot needs, and what of it is not in the store. Nothing is called lost on the word of a list: when something
 * on it is, a full walk says whether this snapshot is hit. Errors: `VaultDamaged`, as `needsOf`.
 */
export async function examine(
  vault: Vault,
  snapshot: Snapshot,
  most?: number,
): Promise<{ needs: Needs; findings: readonly Finding[] }> {
  const needs = await needsOf(vault, snapshot, 'walk new');
  const findings = await lookAtPacks(vault, needs, most);
  if (findings.length === 0 || needs.basis === undefined) return { needs, findings };
  const exact = await needsOf(vault, snapshot, 'walk all');
  return { needs: exact, findings: await lookAtPacks(vault, exact, most) };
}

/** A snapshot that was examined and found whole counts as complete, and is what the next one is compared with. */
export async function recordComplete(
  vault: Vault,
  id: string,
  needs: Needs,
  by: { readonly time: string; readonly by: string },
): Promise<void> {
  // the list first: a level without a list costs a walk, a list without its level is not relied on
  await vault.objects.write(layout.needs(id), { packs: [...needs.packs.keys()] });
  await vault.snapshots.recordTrust(id, { level: 'complete', ...by });
}

/** Brings what a snapshot needs from one vault to another with the same id and keys: packs as they are, index, commit last. */
import { sha256InBackground } from '../codec/identity.ts';
import { fail, isTidemarkError } from '../core/errors.ts';
import type { PackRecord } from '../format/index.ts';
import { layout } from '../format/layout.ts';
import type { Snapshot } from '../format/snapshot.ts';
import { packDirectory } from './check.ts';
import { needsOf, reachOf } from './needs.ts';
import type { Vault } from './vault.ts';
import { storeIndexSegment } from './writer.ts';
import { toIndexFrame } from './writing/pack-builder.ts';

/** Ids of the packs that `snapshot` needs, by a walk over all of it. Errors: `VaultDamaged` when it is not whole. */
export async function packsOf(vault: Vault, snapshot: Snapshot): Promise<string[]> {
  return [...(await needsOf(vault, snapshot, 'walk all')).packs.keys()];
}

/**
 * Those of `packs` that `snapshot` needs and that `to` can do without: what the snapshot needs of them lies in other packs
 * there, which may be relied on. A blob may be stored twice, and then one vault keeps the one place and another the other.
 * Errors: `VaultDamaged` when the snapshot is not whole.
 */
export async function packsElsewhere(
  from: Vault,
  snapshot: Snapshot,
  to: Vault,
  packs: readonly string[],
): Promise<ReadonlySet<string>> {
  const [index, there] = [await from.index(), await to.index()];
  const reach = await reachOf(from, snapshot, index);
  const elsewhere = new Set<string>();
  for (const pack of packs) {
    const blobs = [...reach.blobsIn(index.packNumber(pack)!)];
    if (blobs.every((blob) => there.usable(blob))) elsewhere.add(pack);
  }
  return elsewhere;
}

/** Copies one pack; its name is its checksum, looked at on this side and by the store on the other. Returns its bytes. */
export async function copyPack(from: Vault, to: Vault, id: string): Promise<number> {
  const stored = await from.store.get(layout.pack(id));
  if ((await sha256InBackground(stored as Buffer<ArrayBuffer>)) !== id) {
    fail('VaultDamaged', `pack ${id} in ${from.store.name} does not have its checksum and was not copied`, {
      hint: 'Run `tidemark verify --read-all`: it repairs from a replica.',
      context: { pack: id },
    });
  }
  await to.store.put(layout.pack(id), stored, { sha256: id });
  return stored.length;
}

/** Makes copied packs known to the replica. What its index tells of already is passed over, and so is what is not there. */
export async function indexCopies(to: Vault, ids: readonly string[]): Promise<void> {
  const index = await to.index();
  const records: PackRecord[] = [];
  for (const id of ids) {
    if (index.packNumber(id) !== undefined) continue;
    const stored = await copyOf(to, id);
    if (!stored) continue;
    const directory = await packDirectory(to, stored);
    records.push({ id, kind: directory.kind, size: stored.length, frames: directory.frames.map(toIndexFrame) });
  }
  if (records.length > 0) await storeIndexSegment(to.store, to.cipher, records);
}

async function copyOf(vault: Vault, id: string): Promise<Buffer | undefined> {
  try {
    return await vault.store.get(layout.pack(id));
  } catch (error) {
    if (isTidemarkError(error, 'ObjectMissing')) return undefined;
    throw error;
  }
}

/** Brings what a snapshot needs from one vault to another with the same id and keys: packs as they are, index, commit last. */
import { sha256InBackground } from '../codec/identity.ts';
import { fail } from '../core/errors.ts';
import type { PackRecord } from '../format/index.ts';
import { layout } from '../format/layout.ts';
import type { Snapshot } from '../format/snapshot.ts';
import { packDirectory } from './check.ts';
import { toIndexFrame } from './pack-builder.ts';
import { Reach } from './reach.ts';
import type { Vault } from './vault.ts';
import { storeIndexSegment } from './writer.ts';

/** Ids of the packs that `snapshot` needs. Errors: `VaultDamaged` when it is not whole. */
export async function packsOf(vault: Vault, snapshot: Snapshot): Promise<string[]> {
  const index = await vault.index();
  const reach = new Reach(index, await vault.reader());
  await reach.follow(snapshot.root);
  const lost = reach.missing[0];
  if (lost) {
    fail(
      'VaultDamaged',
      `snapshot ${snapshot.id} in ${vault.store.name} lacks ${reach.missing.length} blobs, first for ${lost.path}: ${lost.why}`,
      {
        hint: 'Run `tidemark verify --read-all`: it repairs from a replica.',
        context: { snapshot: snapshot.id, blob: lost.blob, path: lost.path, ...(lost.pack && { pack: lost.pack }) },
      },
    );
  }
  return [...reach.packs()].map((number) => index.packs[number]!.id).sort();
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

/** Makes copied packs known to the replica. What its index tells of already is passed over. */
export async function indexCopies(to: Vault, ids: readonly string[]): Promise<void> {
  const index = await to.index();
  const records: PackRecord[] = [];
  for (const id of ids) {
    if (index.packNumber(id) !== undefined) continue;
    const stored = await to.store.get(layout.pack(id));
    const directory = await packDirectory(to, stored);
    records.push({ id, kind: directory.kind, size: stored.length, frames: directory.frames.map(toIndexFrame) });
  }
  if (records.length > 0) await storeIndexSegment(to.store, to.cipher, records);
}

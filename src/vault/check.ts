/**
 * Looks at stored bytes and says what is wrong with them: by name, so that repair and tests can speak of it. Checking never
 * trusts the index; a pack is judged by its own name, its own directory, and its blobs' ids.
 */
import { sha256, sha256InBackground } from '../codec/identity.ts';
import { isTidemarkError } from '../core/errors.ts';
import type { PackRecord } from '../format/index.ts';
import { idInKey, layout } from '../format/layout.ts';
import { decodeDirectory, locateDirectory, type PackDirectory } from '../format/pack.ts';
import type { VaultCipher } from './cipher.ts';
import { readIndexSegment } from './index-loader.ts';
import type { Vault } from './vault.ts';
import { storeIndexSegment } from './writer.ts';
import { toIndexFrame } from './writing/pack-builder.ts';

const framesAhead = 2;

export type Damage =
  | 'pack-missing'
  | 'pack-size'
  | 'pack-checksum'
  | 'pack-garbled'
  | 'blob-wrong'
  | 'index-damaged'
  | 'index-incomplete'
  | 'snapshot-damaged'
  | 'snapshot-incomplete';

export interface Finding {
  readonly what: Damage;
  /** Key of the object. */
  readonly object: string;
  readonly detail: string;
}

/** Reads a pack's directory from the whole pack. Errors: `VaultDamaged`, `VaultFormatUnknown`. */
export async function packDirectory(vault: Pick<Vault, 'cipher'>, pack: Uint8Array): Promise<PackDirectory> {
  const located = locateDirectory(pack);
  return decodeDirectory(await vault.cipher.openFrame(located.codec, located.bytes, located.plain));
}

/** What is wrong with a pack; `undefined` when all is well. */
export type PackFault = Pick<Finding, 'what' | 'detail'> | undefined;

/** Looks at a whole pack: its name, its directory, and every blob in it. */
export async function examinePack(cipher: VaultCipher, id: string, stored: Buffer): Promise<PackFault> {
  const sum = await sha256InBackground(stored as Buffer<ArrayBuffer>);
  if (sum !== id) return { what: 'pack-checksum', detail: `its SHA-256 is ${sum}` };
  try {
    const { frames } = await packDirectory({ cipher }, stored);
    const open = ({ codec, offset, stored: length, plain }: PackDirectory['frames'][number]): Promise<Buffer> => {
      const opening = cipher.openFrame(codec, stored.subarray(offset, offset + length), plain);
      opening.catch(() => {}); // looked at in its turn
      return opening;
    };
    // the next frames expand on other threads while the blobs of this one are named
    const ahead: Promise<Buffer>[] = [];
    for (const [number, frame] of frames.entries()) {
      while (ahead.length < framesAhead && number + ahead.length < frames.length) {
        ahead.push(open(frames[number + ahead.length]!));
      }
      const plain = await ahead.shift()!;
      let at = 0;
      for (const [blob, length] of frame.blobs) {
        if (cipher.identify(plain.subarray(at, at + length)) !== blob)
          return { what: 'blob-wrong', detail: `blob ${blob}` };
        at += length;
      }
    }
  } catch (error) {
    if (!isTidemarkError(error, 'VaultDamaged')) throw error;
    return { what: 'pack-garbled', detail: error.message };
  }
  return undefined;
}

/** How a pack that was read is examined: here, or by a worker, which is given the bytes for good. */
export type Examine = (id: string, stored: Buffer) => Promise<PackFault>;

/** Reads the whole pack and examines it. `undefined` when all is well. */
export async function checkPack(
  vault: Vault,
  id: string,
  examine: Examine = (pack, stored) => examinePack(vault.cipher, pack, stored),
): Promise<{ finding: Finding | undefined; bytes: number }> {
  const object = layout.pack(id);
  let stored: Buffer;
  try {
    stored = await vault.store.get(object);
  } catch (error) {
    if (!isTidemarkError(error, 'ObjectMissing')) throw error;
    return { finding: { what: 'pack-missing', object, detail: 'the object is not there' }, bytes: 0 };
  }
  const bytes = stored.length;
  const fault = await examine(id, stored);
  return { finding: fault && { ...fault, object }, bytes };
}

/** Reads the whole pack and compares it with its name only: enough to know that it is what was once written. */
export async function checkPackSum(vault: Vault, id: string): Promise<{ finding: Finding | undefined; bytes: number }> {
  const object = layout.pack(id);
  try {
    const stored = await vault.store.get(object);
    const sum = await sha256InBackground(stored as Buffer<ArrayBuffer>);
    const wrong: Finding = { what: 'pack-checksum', object, detail: `its SHA-256 is ${sum}` };
    return { finding: sum === id ? undefined : wrong, bytes: stored.length };
  } catch (error) {
    if (!isTidemarkError(error, 'ObjectMissing')) throw error;
    return { finding: { what: 'pack-missing', object, detail: 'the object is not there' }, bytes: 0 };
  }
}

/** Puts back a pack from another vault with the same keys. True when the other one had it whole. */
export async function repairPack(vault: Vault, id: string, from: Vault): Promise<boolean> {
  let stored: Buffer;
  try {
    stored = await from.store.get(layout.pack(id));
  } catch (error) {
    if (isTidemarkError(error)) return false;
    throw error;
  }
  if (sha256(stored) !== id) return false;
  await vault.store.put(layout.pack(id), stored, { sha256: id });
  return true;
}

export interface IndexCheck {
  readonly findings: readonly Finding[];
  /** Packs in the store that no readable segment tells of. */
  readonly unindexed: readonly string[];
  /** Ids and sizes of all packs that should be there, by the index or by the store. */
  readonly packs: ReadonlyMap<string, number>;
}

/** Holds the index against the packs that are there. */
export async function checkIndex(vault: Vault): Promise<IndexCheck> {
  const findings: Finding[] = [];
  const indexed = new Map<string, number>();
  for (const key of await vault.objects.keys(layout.indexes)) {
    try {
      for (const pack of await readIndexSegment(vault.store, vault.cipher, idInKey(key)))
        indexed.set(pack.id, pack.size);
    } catch (error) {
      if (isTidemarkError(error, 'ObjectMissing')) continue; // merged meanwhile
      if (!isTidemarkError(error, 'VaultDamaged')) throw error;
      findings.push({ what: 'index-damaged', object: key, detail: error.message });
    }
  }
  const packs = new Map(indexed);
  const unindexed: string[] = [];
  const there = new Set<string>();
  for await (const object of vault.store.list(layout.packs)) {
    const id = idInKey(object.key);
    there.add(id);
    const size = indexed.get(id);
    if (size === undefined) {
      unindexed.push(id);
      packs.set(id, object.size);
    } else if (size !== object.size) {
      findings.push({ what: 'pack-size', object: object.key, detail: `${object.size} bytes instead of ${size}` });
    }
  }
  for (const id of indexed.keys()) {
    if (!there.has(id))
      findings.push({ what: 'pack-missing', object: layout.pack(id), detail: 'the object is not there' });
  }
  return { findings, unindexed, packs };
}

/** Indexes packs from their own directories, then removes segments that cannot be read. Returns how many packs it indexed. */
export async function rebuildIndex(
  vault: Vault,
  packs: readonly string[],
  damagedSegments: readonly string[],
): Promise<number> {
  const records: PackRecord[] = [];
  for (const id of packs) {
    try {
      const stored = await vault.store.get(layout.pack(id));
      if (sha256(stored) !== id) continue; // verification of packs will find it
      const directory = await packDirectory(vault, stored);
      records.push({ id, kind: directory.kind, size: stored.length, frames: directory.frames.map(toIndexFrame) });
    } catch (error) {
      if (!isTidemarkError(error, 'ObjectMissing') && !isTidemarkError(error, 'VaultDamaged')) throw error;
    }
  }
  // a segment is named by its content: what takes the place of a damaged one may well have its name
  const stored = records.length > 0 ? await storeIndexSegment(vault.store, vault.cipher, records) : undefined;
  await vault.store.delete(damagedSegments.filter((key) => stored === undefined || key !== layout.index(stored)));
  return records.length;
}

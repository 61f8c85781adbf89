/**
 * Brings the index in memory up to date: reads the segments it has not seen. When a segment it has read is gone, or other
 * packs are in doubt than before, something was collected, and it starts afresh.
 */
import { sha256 } from '../codec/identity.ts';
import { fail, isTidemarkError } from '../core/errors.ts';
import { decodeIndex, decodeIndexObject, type PackRecord } from '../format/index.ts';
import { idInKey, layout } from '../format/layout.ts';
import type { ObjectStore } from '../storage/port.ts';
import { BlobIndex } from './blob-index.ts';
import type { VaultCipher } from './cipher.ts';
import type { Fossils } from './records/fossils.ts';

export class IndexLoader {
  readonly #store: ObjectStore;
  readonly #cipher: VaultCipher;
  readonly #fossils: Fossils;
  #index = new BlobIndex();
  #seen = new Set<string>();
  #doubted = '';
  #refreshing: Promise<BlobIndex> | undefined;

  constructor(store: ObjectStore, cipher: VaultCipher, fossils: Fossils) {
    this.#store = store;
    this.#cipher = cipher;
    this.#fossils = fossils;
  }

  refresh(): Promise<BlobIndex> {
    // one at a time: two that load at once would both add the same packs, and one could see half of them
    const after = (this.#refreshing ?? Promise.resolve()).then(
      () => this.#refresh(),
      () => this.#refresh(),
    );
    this.#refreshing = after;
    return after;
  }

  async #refresh(): Promise<BlobIndex> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#load();
      } catch (error) {
        // a segment went between listing and reading: it was merged into another, so list again
        if (!isTidemarkError(error, 'ObjectMissing') || attempt === 5) throw error;
      }
    }
  }

  async #load(): Promise<BlobIndex> {
    const { fossils, unreadable } = await this.#fossils.look();
    const doubted = new Set(fossils.flatMap((fossil) => fossil.packs.map((pack) => pack.id)));
    const doubtedKey = [...doubted, ...unreadable].sort().join();
    const names: string[] = [];
    for await (const object of this.#store.list(layout.indexes)) names.push(idInKey(object.key));
    const listed = new Set(names);
    if (doubtedKey !== this.#doubted || [...this.#seen].some((name) => !listed.has(name))) {
      this.#index = new BlobIndex();
      this.#seen = new Set();
      this.#doubted = doubtedKey;
    }
    for (const name of names) {
      if (this.#seen.has(name)) continue;
      for (const pack of await readIndexSegment(this.#store, this.#cipher, name)) {
        // what a record names that cannot be read may be any pack: it is read all the same, and relied on by no writer
        this.#index.addPack(pack, unreadable.length > 0 || doubted.has(pack.id));
      }
      this.#seen.add(name);
    }
    return this.#index;
  }
}

/** Errors: `ObjectMissing`, `VaultDamaged`, `VaultFormatUnknown`. */
export async function readIndexSegment(store: ObjectStore, cipher: VaultCipher, name: string): Promise<PackRecord[]> {
  const stored = await store.get(layout.index(name));
  if (sha256(stored) !== name) {
    // looked at before the version: a flipped bit in the first line is damage, and damage can be repaired
    fail('VaultDamaged', `index segment ${name} in ${store.name} (${stored.length} bytes) does not have its checksum`, {
      hint: 'Run `tidemark verify`: it rebuilds the index from the packs.',
      context: { index: name },
    });
  }
  const { codec, payloadLength, packed } = decodeIndexObject(stored);
  return decodeIndex(await cipher.openFrame(codec, packed, payloadLength));
}

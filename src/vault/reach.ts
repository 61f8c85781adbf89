/**
 * Follows a snapshot from its root to every blob that it needs. What several snapshots share is followed once, so a walk
 * over all of them costs what the distinct trees cost.
 */
import { isTidemarkError } from '../core/errors.ts';
import type { BlobId } from '../format/blob.ts';
import { decodeChunkList, entryName, type TreeEntry } from '../format/tree.ts';
import type { BlobIndex } from './blob-index.ts';
import type { BlobReader } from './reader.ts';

export interface MissingBlob {
  readonly blob: BlobId;
  /** Path within the snapshot of what needs it. */
  readonly path: string;
  readonly why: string;
  /** The pack that should have it, where that is known. */
  readonly pack?: string;
}

export class Reach {
  readonly missing: MissingBlob[] = [];
  readonly #index: BlobIndex;
  readonly #reader: BlobReader;
  readonly #reached: Uint8Array;

  constructor(index: BlobIndex, reader: BlobReader) {
    this.#index = index;
    this.#reader = reader;
    this.#reached = new Uint8Array(index.size);
  }

  /** Adds everything that the tree `root` needs. What is missing is noted, and the walk goes on. */
  async follow(root: BlobId): Promise<void> {
    const pending: { id: BlobId; path: string }[] = [{ id: root, path: '' }];
    for (let here = pending.pop(); here; here = pending.pop()) {
      const { id, path } = here;
      if (!this.#take(id, path || '/')) continue;
      let entries: readonly TreeEntry[];
      try {
        entries = (await this.#reader.tree(id)).entries;
      } catch (error) {
        this.#lost(id, path || '/', error);
        continue;
      }
      for (const entry of entries) {
        if (entry.tree !== undefined) {
          pending.push({ id: entry.tree, path: `${path}/${entryName(entry)}` });
          continue;
        }
        for (const blob of entry.blobs ?? []) this.#take(blob, () => `${path}/${entryName(entry)}`);
        for (const list of entry.lists ?? []) await this.#followList(list, `${path}/${entryName(entry)}`);
      }
    }
  }

  /** Numbers of the packs that hold what was reached. */
  packs(): Set<number> {
    const packs = new Set<number>();
    for (let entry = 0; entry < this.#reached.length; entry += 1) {
      if (this.#reached[entry] === 1) packs.add(this.#index.packOf(entry));
    }
    return packs;
  }

  async #followList(list: BlobId, path: string): Promise<void> {
    if (!this.#take(list, path)) return;
    try {
      for (const blob of decodeChunkList(await this.#reader.blob(list))) this.#take(blob, path);
    } catch (error) {
      this.#lost(list, path, error);
    }
  }

  /** True when the blob is there and was not reached before. */
  #take(id: BlobId, path: string | (() => string)): boolean {
    const entry = this.#index.find(id);
    if (entry < 0) {
      this.missing.push({ blob: id, path: typeof path === 'string' ? path : path(), why: 'not in the index' });
      return false;
    }
    if (this.#reached[entry] === 1) return false;
    this.#reached[entry] = 1;
    return true;
  }

  #lost(blob: BlobId, path: string, error: unknown): void {
    const damage = isTidemarkError(error, 'VaultDamaged') || isTidemarkError(error, 'ObjectMissing');
    if (!damage) throw error;
    const entry = this.#index.find(blob);
    const pack = entry < 0 ? {} : { pack: this.#index.packs[this.#index.packOf(entry)]!.id };
    this.missing.push({ blob, path, why: error.message, ...pack });
  }
}

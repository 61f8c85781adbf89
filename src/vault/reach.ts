/**
 * Follows a snapshot from its root to every blob that it needs. What several snapshots share is followed once, so a walk
 * over all of them costs what the distinct trees cost; and what a snapshot shares with one that is known to be whole is
 * not followed at all, so a walk over a tree with few changes costs what the changed directories cost.
 */
import { isTidemarkError } from '../core/errors.ts';
import type { BlobId } from '../format/blob.ts';
import { type References, referencesIn, referencesOf } from '../format/references.ts';
import { decodeChunkList, decodeTree, entryName } from '../format/tree.ts';
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

interface Directory {
  readonly id: BlobId;
  readonly path: string;
  /** The listing of the same directory in a tree that is whole. */
  readonly known: BlobId | undefined;
}

/** What one directory of a whole tree vouches for. */
interface Known {
  readonly directories: ReadonlyMap<string, BlobId>;
  readonly lists: ReadonlySet<BlobId>;
}

const nothing: Known = { directories: new Map(), lists: new Set() };

/**
 * What was reached is remembered with what it was taken for: the content of a file may well be, byte for byte, a listing
 * or a chunk list that is also somebody's directory or content, and as such has to be followed.
 */
const as = { blob: 1, tree: 2, list: 4 } as const;
type Role = (typeof as)[keyof typeof as];

export class Reach {
  readonly missing: MissingBlob[] = [];
  readonly #index: BlobIndex;
  readonly #reader: BlobReader;
  readonly #reached: Uint8Array;
  readonly #packs = new Set<number>();

  constructor(index: BlobIndex, reader: BlobReader) {
    this.#index = index;
    this.#reader = reader;
    this.#reached = new Uint8Array(index.size);
  }

  /**
   * Adds everything that the tree `root` needs. What is missing is noted, and the walk goes on.
   *
   * With `known`, the root of a tree that is whole beyond doubt (`needs.ts` says when), directories that have the same listing
   * there are neither looked up nor added, and neither are chunk lists that the same directory had before.
   */
  async follow(root: BlobId, { known }: { readonly known?: BlobId | undefined } = {}): Promise<void> {
    const pending: Directory[] = [{ id: root, path: '', known }];
    for (let here = pending.pop(); here; here = pending.pop()) {
      const { id, path } = here;
      if (id === here.known || !this.#take(id, as.tree, () => path || '/')) continue;
      let bytes: Buffer;
      let listing: References;
      try {
        bytes = this.#reader.blobAtHand(id) ?? (await this.#reader.blob(id));
        listing = referencesIn(bytes) ?? referencesOf(decodeTree(bytes));
      } catch (error) {
        this.#lost(id, path || '/', error);
        continue;
      }
      // to look up a blob costs less than to read what vouches for it: that is for what would have to be walked
      const deeper = listing.trees.length + listing.lists.length > 0;
      const known = deeper && here.known !== undefined ? await this.#vouchedFor(here.known) : nothing;
      for (const [at, tree] of listing.trees.entries()) {
        const name = listing.names[at]!;
        pending.push({ id: tree, path: `${path}/${name}`, known: known.directories.get(name) });
      }
      for (const blob of listing.blobs) {
        this.#take(blob, as.blob, () => `${path}/${nameIn(bytes, blob)}`);
      }
      for (const list of listing.lists) {
        if (!known.lists.has(list)) await this.#followList(list, () => `${path}/${nameIn(bytes, list)}`);
      }
    }
  }

  /** Numbers of the packs that hold what was reached. */
  packs(): ReadonlySet<number> {
    return this.#packs;
  }

  /** The blobs that were reached in one pack. */
  *blobsIn(pack: number): Generator<BlobId> {
    for (const [entry, roles] of this.#reached.entries()) {
      if (roles !== 0 && this.#index.packOf(entry) === pack) yield this.#index.idOf(entry);
    }
  }

  /** A listing that cannot be read vouches for nothing: whatever should be the same is then followed. */
  async #vouchedFor(tree: BlobId): Promise<Known> {
    try {
      const bytes = await this.#reader.blob(tree);
      const { names, trees, lists } = referencesIn(bytes) ?? referencesOf(decodeTree(bytes));
      const directories = new Map(trees.map((id, at) => [names[at]!, id]));
      return { directories, lists: new Set(lists) };
    } catch (error) {
      if (!isDamage(error)) throw error;
      return nothing;
    }
  }

  async #followList(list: BlobId, path: () => string): Promise<void> {
    if (!this.#take(list, as.list, path)) return;
    try {
      for (const blob of decodeChunkList(await this.#reader.blob(list))) this.#take(blob, as.blob, path);
    } catch (error) {
      this.#lost(list, path(), error);
    }
  }

  /** True when the blob is there and was not reached in this role before. */
  #take(id: BlobId, role: Role, path: () => string): boolean {
    const entry = this.#index.find(id);
    if (entry < 0) {
      this.missing.push({ blob: id, path: path(), why: 'not in the index' });
      return false;
    }
    const roles = this.#reached[entry]!;
    if ((roles & role) !== 0) return false;
    this.#reached[entry] = roles | role;
    if (roles === 0) this.#packs.add(this.#index.packOf(entry));
    return true;
  }

  #lost(blob: BlobId, path: string, error: unknown): void {
    if (!isDamage(error)) throw error;
    const entry = this.#index.find(blob);
    const pack = entry < 0 ? {} : { pack: this.#index.packs[this.#index.packOf(entry)]!.id };
    this.missing.push({ blob, path, why: error.message, ...pack });
  }
}

/** The name of the entry that needs `id`: asked only where it is missing. */
function nameIn(listing: Buffer, id: BlobId): string {
  const entry = decodeTree(listing).entries.find(({ blobs, lists }) => blobs?.includes(id) || lists?.includes(id));
  return entry ? `${entryName(entry)}` : '';
}

const isDamage = (error: unknown): error is Error =>
  isTidemarkError(error, 'VaultDamaged') || isTidemarkError(error, 'ObjectMissing');

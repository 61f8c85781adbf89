/**
 * How often each blob is referred to, by distinct trees and chunk lists and as the root of a snapshot. A blob is needed as
 * long as its count is not zero. Trees are named by their content and never refer to themselves, so counts are exact, and
 * to add or remove a snapshot costs what it does not share with the others: its new trees are looked into, or those that
 * nobody else refers to.
 *
 * A count says nothing of where a blob lies. What it was taken for is counted apart: the content of a file may well be,
 * byte for byte, somebody's directory or chunk list, and as such refers to more.
 */
import { isTidemarkError } from '../../core/errors.ts';
import type { BlobId } from '../../format/blob.ts';
import { referencesIn, referencesOf } from '../../format/references.ts';
import { decodeChunkList, decodeTree } from '../../format/tree.ts';
import type { BlobIndex } from '../blob-index.ts';
import type { MissingBlob } from '../reach.ts';
import type { BlobReader } from '../reader.ts';

export type Role = 'blob' | 'tree' | 'list';
export const roles: readonly Role[] = ['blob', 'tree', 'list'];

/** Counts that stopped here go no further: such a blob is never found to be garbage. */
const most = 0xffff_ffff;

interface Pending {
  readonly id: BlobId;
  readonly role: Role;
  /** For messages. */
  readonly path: string;
}

export class Counts {
  /** The trees whose snapshots are counted. */
  readonly roots = new Set<BlobId>();
  readonly of: Readonly<Record<Role, Uint32Array>>;
  readonly #index: BlobIndex;
  readonly #reader: BlobReader;

  constructor(index: BlobIndex, reader: BlobReader) {
    this.#index = index;
    this.#reader = reader;
    const table = (): Uint32Array => new Uint32Array(index.size);
    this.of = { blob: table(), tree: table(), list: table() };
  }

  needs(entry: number): boolean {
    return this.of.blob[entry]! > 0 || this.of.tree[entry]! > 0 || this.of.list[entry]! > 0;
  }

  /** What is missing is told, and the walk goes on; where something is, the counts must not be kept. */
  async add(root: BlobId): Promise<readonly MissingBlob[]> {
    const missing: MissingBlob[] = [];
    if (this.roots.has(root)) return missing;
    this.roots.add(root);
    const lost = (blob: BlobId, path: string, why: string): void => void missing.push({ blob, path: path || '/', why });
    await this.#walk(root, lost, (entry, role) => {
      const counts = this.of[role];
      if (counts[entry] === most) return false;
      counts[entry]! += 1;
      return counts[entry] === 1;
    });
    return missing;
  }

  /** False when the counts turn out to be wrong, or what only this root refers to cannot be read: then they must not be kept. */
  async remove(root: BlobId): Promise<boolean> {
    if (!this.roots.delete(root)) return false;
    let sound = true;
    const lost = (): void => {
      sound = false;
    };
    await this.#walk(root, lost, (entry, role) => {
      const counts = this.of[role];
      if (counts[entry] === most) return false;
      if (counts[entry] === 0) {
        sound = false;
        return false;
      }
      counts[entry]! -= 1;
      return counts[entry] === 0;
    });
    return sound;
  }

  /** Goes on into a tree or a list whenever `count` says that it is the first reference, or was the last. */
  async #walk(
    root: BlobId,
    lost: (blob: BlobId, path: string, why: string) => void,
    count: (entry: number, role: Role) => boolean,
  ): Promise<void> {
    const pending: Pending[] = [{ id: root, role: 'tree', path: '' }];
    const refer = (id: BlobId, role: Role, path: string): void => {
      const entry = this.#index.find(id);
      if (entry < 0) lost(id, path, 'not in the index');
      else if (count(entry, role) && role !== 'blob') pending.push({ id, role, path });
    };
    const first = pending.pop()!;
    refer(first.id, first.role, first.path);
    for (let here = pending.pop(); here; here = pending.pop()) {
      const { id, role, path } = here;
      try {
        const bytes = this.#reader.blobAtHand(id) ?? (await this.#reader.blob(id));
        if (role === 'list') {
          for (const blob of decodeChunkList(bytes)) refer(blob, 'blob', path);
          continue;
        }
        const { names, trees, blobs, lists } = referencesIn(bytes) ?? referencesOf(decodeTree(bytes));
        for (const blob of blobs) refer(blob, 'blob', path);
        for (const list of lists) refer(list, 'list', path);
        for (const [at, tree] of trees.entries()) refer(tree, 'tree', `${path}/${names[at]}`);
      } catch (error) {
        if (!isTidemarkError(error, 'VaultDamaged') && !isTidemarkError(error, 'ObjectMissing')) throw error;
        lost(id, path, error.message);
      }
    }
  }
}

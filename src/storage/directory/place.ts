/**
 * The folder that a directory store lives in: its private folder, its modes, and how names in it are made durable. The
 * private folder is the mark of the store; whoever finds something missing asks `requirePresent` whether the store itself
 * is still there before believing it.
 */
import * as fs from 'node:fs/promises';
import path from 'node:path';
import { errnoOf, fail } from '../../core/errors.ts';
import type { Random } from '../../core/random.ts';
import { isAbsence, storeFailure } from './failures.ts';

/** No object key has a segment that starts with a dot, so none of these can ever be an object. */
const privateName = '.tidemark';
/** Where an object's bytes are when the object is a folder (file systems without hard links). */
export const folderObject = '.object';

const readme = `This folder holds backups made by Tidemark. The file you are reading marks it as the place of a vault:
without it Tidemark believes that the disk is not mounted and refuses to work. Do not remove it.
Temporary files of writers are in "incoming"; those older than a day are left over from a crash and go by themselves.
`;

/** Folders that cannot be synced answer with these; the file system then has no such notion (SMB, some FUSE). */
const unsyncable = new Set(['EINVAL', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EISDIR', 'EBADF']);

export interface PlaceOptions {
  readonly create: boolean;
  readonly sync: boolean;
  readonly hardLinks: boolean;
  readonly random: Random;
}

export class Place {
  readonly root: string;
  readonly incoming: string;
  readonly sync: boolean;
  readonly random: Random;
  hardLinks: boolean;
  swept = false;
  /** As private as the folder of the store itself: a file may be read by those who may enter the folder. */
  fileMode = 0o600;
  folderMode = 0o700;
  readonly #private: string;
  readonly #create: boolean;
  /** Folders whose own names are known to be on disk, up to the root. */
  readonly #durable = new Set<string>();
  #generation = 0;
  #opening: Promise<void> | undefined;

  constructor(root: string, options: PlaceOptions) {
    this.root = path.resolve(root);
    this.#private = path.join(this.root, privateName);
    this.incoming = path.join(this.#private, 'incoming');
    this.sync = options.sync;
    this.random = options.random;
    this.hardLinks = options.hardLinks;
    this.#create = options.create;
  }

  /** Once per store. A failure is not remembered: the next call looks again, the share may be back. */
  open(): Promise<void> {
    this.#opening ??= this.#open().catch((error: unknown) => {
      this.#opening = undefined;
      throw error;
    });
    return this.#opening;
  }

  pathOf(key: string): string {
    return path.join(this.root, key);
  }

  /** Errors: `StoreMissing`, when the private folder is not where it should be. */
  async requirePresent(): Promise<void> {
    try {
      await fs.stat(this.#private);
    } catch (error) {
      if (!isAbsence(error)) throw storeFailure(error, 'look for the store at', this.root);
      fail('StoreMissing', `there is no store at ${this.root}: ${privateName} is not in it`, {
        hint: 'Mount the disk or share that belongs there, or correct the path. A new store is made only on request.',
        context: { path: this.root },
      });
    }
  }

  /** Makes a folder and those above it, but never the root: a root that is gone is a disk that is gone. */
  async makeFolders(folder: string): Promise<void> {
    if (folder === this.root) return this.requirePresent();
    try {
      await fs.mkdir(folder, { mode: this.folderMode });
    } catch (error) {
      const code = errnoOf(error);
      if (code === 'EEXIST') return;
      if (code !== 'ENOENT') throw storeFailure(error, 'make the folder', folder);
      await this.makeFolders(path.dirname(folder));
      // Somebody may remove the folder above once more; the caller tries again, so that is nothing to stumble over.
      await fs.mkdir(folder, { mode: this.folderMode }).catch((second: unknown) => {
        const again = errnoOf(second);
        if (again !== 'EEXIST' && again !== 'ENOENT') throw storeFailure(second, 'make the folder', folder);
      });
    }
  }

  /** Returns when the names in `folder`, and the folder's own name, survive a crash. */
  async settle(folder: string): Promise<void> {
    const generation = this.#generation;
    const there = await this.syncFolder(folder);
    if (folder === this.root || this.#durable.has(folder)) return;
    await this.settle(path.dirname(folder));
    // Only if no folder was removed meanwhile: it could be this one, and its next life is not durable yet.
    if (there && generation === this.#generation) this.#durable.add(folder);
  }

  /** A folder was removed, by us or by others: when it comes back, its name has to be made durable again. */
  forget(folder: string): void {
    this.#generation += 1;
    for (let at = folder; at !== this.root && at !== path.dirname(at); at = path.dirname(at)) this.#durable.delete(at);
  }

  /** False when there is no such folder (any more): then nothing is in it that anybody still waits for. */
  async syncFolder(folder: string): Promise<boolean> {
    if (!this.sync) return true;
    let handle: fs.FileHandle | undefined;
    try {
      handle = await fs.open(folder, 'r');
      await handle.sync();
      return true;
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return false;
      if (unsyncable.has(errnoOf(error) ?? '')) return true;
      throw storeFailure(error, 'sync the folder', folder);
    } finally {
      await handle?.close();
    }
  }

  async #open(): Promise<void> {
    if (this.#create) await this.#make();
    await this.requirePresent();
    const { mode } = await fs.stat(this.root);
    this.fileMode = (mode & 0o666) | 0o600;
    this.folderMode = (mode & 0o777) | 0o700;
  }

  async #make(): Promise<void> {
    try {
      const first = await fs.mkdir(this.root, { recursive: true, mode: 0o700 });
      await fs.mkdir(this.incoming, { recursive: true, mode: 0o700 });
      await fs.writeFile(path.join(this.#private, 'README'), readme, { flag: 'wx' }).catch((error: unknown) => {
        if (errnoOf(error) !== 'EEXIST') throw error;
      });
      if (!this.sync) return;
      await this.syncFolder(this.#private);
      const top = first === undefined ? this.root : path.dirname(first);
      for (let at = this.root; ; at = path.dirname(at)) {
        await this.syncFolder(at);
        if (at === top) break;
      }
    } catch (error) {
      throw storeFailure(error, 'make a store at', this.root);
    }
  }
}

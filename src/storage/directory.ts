/**
 * The directory store: objects are files under one folder, on a local disk or a mounted share (NFS, SMB). The path of an
 * object is its key, so `ls` and `cp` read a vault without Tidemark.
 *
 * Whole or not at all: bytes are written to a temporary file inside the store's private folder, synced, and only then
 * given their name, by link (conditional create) or rename (overwrite). File systems without hard links get the same
 * laws by another way, see directory/publishing.ts.
 *
 * A missing mount is noticed: the private folder is what tells a store from an empty mount point. A store is made only
 * when asked (`create`); otherwise its absence is `StoreMissing`, for reading, listing and deleting as for writing, and
 * never "there are no objects".
 *
 * A key may not be both an object and the folder of others (`a` and `a/b`): a put of the second is `ObjectKeyInvalid`.
 */
import { type Random, systemRandom } from '../core/random.ts';
import { requireKey, requireKeys, requirePrefix, requireRange } from './checks.ts';
import { deleteObjects } from './directory/deleting.ts';
import { listObjects } from './directory/listing.ts';
import { Place } from './directory/place.ts';
import { publish } from './directory/publishing.ts';
import { headObject, readObject } from './directory/reading.ts';
import { refuseIfTaken, stage, sweepOnce } from './directory/staging.ts';
import type { ByteRange, ObjectInfo, ObjectStore, PutOptions } from './port.ts';

export interface DirectoryStoreOptions {
  /** Make the folder, and the store in it, when they are not there. Without it a missing store is `StoreMissing`. */
  readonly create?: boolean;
  /** `false` gives up law 2 (durable) for speed: tests and measurements only. */
  readonly sync?: boolean;
  /** `false` for a file system that claims to know hard links and does not; otherwise found out by trying. */
  readonly hardLinks?: boolean;
  readonly random?: Random;
}

export function directoryStore(path: string, options: DirectoryStoreOptions = {}): ObjectStore {
  return new DirectoryStore(
    new Place(path, {
      create: options.create ?? false,
      sync: options.sync ?? true,
      hardLinks: options.hardLinks ?? true,
      random: options.random ?? systemRandom,
    }),
  );
}

class DirectoryStore implements ObjectStore {
  readonly name: string;
  readonly capabilities = { conditionalCreate: true, nativeChecksum: false, objectLock: false };
  readonly #place: Place;

  constructor(place: Place) {
    this.#place = place;
    this.name = `directory:${place.root}`;
  }

  async put(key: string, bytes: Uint8Array, options: PutOptions = {}): Promise<void> {
    requireKey(key);
    await this.#place.open();
    const create = options.ifAbsent ?? false;
    if (create) await refuseIfTaken(this.#place, key);
    const staged = await stage(this.#place, key, bytes, options.sha256);
    await publish(this.#place, key, staged, create);
    await sweepOnce(this.#place, staged.written);
  }

  async get(key: string, range?: ByteRange): Promise<Buffer> {
    requireKey(key);
    if (range) requireRange(range);
    await this.#place.open();
    return readObject(this.#place, key, range);
  }

  async head(key: string): Promise<ObjectInfo | undefined> {
    requireKey(key);
    await this.#place.open();
    return headObject(this.#place, key);
  }

  async *list(prefix: string): AsyncGenerator<ObjectInfo> {
    requirePrefix(prefix);
    await this.#place.open();
    yield* listObjects(this.#place, prefix);
  }

  async delete(keys: readonly string[]): Promise<void> {
    requireKeys(keys);
    await this.#place.open();
    await deleteObjects(this.#place, keys);
  }
}

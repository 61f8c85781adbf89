/**
 * The object store: where a vault is kept. The port states the laws that the vault relies on; each law is a test of the
 * same name in the contract suite, run on every store and every wrapper.
 *
 * 1. *Atomic put.* A reader sees the whole object or none of it, never a part, also when the writer dies.
 * 2. *Durable.* When `put` has returned, the object survives a crash of the machine.
 * 3. *Read after write.* Once `put` has returned, `get`, `head` and `list` show the object.
 * 4. *One winner.* Of any number of `put`s with `ifAbsent` for one key, exactly one succeeds; the others fail with `ObjectExists`.
 * 5. *Complete, ordered listing.* `list` yields every object under the prefix once, by key in byte order, or throws. It
 *    never ends early without an error.
 * 6. *Checked bytes.* A put whose bytes do not have the SHA-256 given is refused with `ChecksumMismatch`; nothing is stored.
 * 7. *Honest delete.* `delete` throws `DeleteIncomplete` naming each key that was not deleted. A key that is not there counts as deleted.
 */

export interface StoreCapabilities {
  /** Law 4 holds. Where it does not, Tidemark refuses to write. */
  readonly conditionalCreate: boolean;
  /** The store itself checks and keeps a SHA-256 with each object. */
  readonly nativeChecksum: boolean;
  /** Objects can be locked against deletion until a date. */
  readonly objectLock: boolean;
}

export interface ObjectInfo {
  readonly key: string;
  /** Bytes. */
  readonly size: number;
  readonly modified: Date;
}

export interface PutOptions {
  /** Create only: fail with `ObjectExists` when the key is taken. */
  readonly ifAbsent?: boolean;
  /** Lower-case hexadecimal SHA-256 that the bytes must have. */
  readonly sha256?: string;
}

export interface ByteRange {
  readonly offset: number;
  readonly length: number;
}

export interface ObjectStore {
  /** For people: `directory:/var/backups/vault`, `s3://bucket/prefix`. */
  readonly name: string;
  readonly capabilities: StoreCapabilities;
  /** Errors: `ObjectExists`, `ChecksumMismatch`, `StoreFull`, `StoreReadOnly`, `StoreDenied`, `StoreUnreachable`, `StoreThrottled`. */
  put(key: string, bytes: Uint8Array, options?: PutOptions): Promise<void>;
  /** The whole object, or exactly `range` of it. Errors: `ObjectMissing`; `VaultDamaged` when the object is shorter than the range. */
  get(key: string, range?: ByteRange): Promise<Buffer>;
  head(key: string): Promise<ObjectInfo | undefined>;
  /** Every object whose key starts with `prefix`. An empty prefix lists the whole store. */
  list(prefix: string): AsyncIterable<ObjectInfo>;
  /** Errors: `DeleteIncomplete` with `context.failed: {key, reason}[]`; `ObjectKeyInvalid` for an empty key, before anything is deleted. */
  delete(keys: readonly string[]): Promise<void>;
}

const keyPattern = /^[A-Za-z0-9][A-Za-z0-9._=@+-]*(?:\/[A-Za-z0-9][A-Za-z0-9._=@+-]*)*$/;

/** True for the keys that every store takes: segments of plain characters between single slashes, none starting with a dot. */
export function isObjectKey(key: string): boolean {
  return key.length <= 900 && keyPattern.test(key);
}

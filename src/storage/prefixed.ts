/** A store inside another: every key gets a prefix on the way in and loses it on the way out. Several vaults, one bucket. */
import { isTidemarkError, TidemarkError } from '../core/errors.ts';
import { requireKey, requireKeys, requirePrefix } from './checks.ts';
import { type ByteRange, isObjectKey, type ObjectInfo, type ObjectStore, type PutOptions } from './port.ts';

/** `prefix` is a folder, with or without the closing slash: `vaults/main`. */
export function prefixed(store: ObjectStore, prefix: string): ObjectStore {
  const folder = prefix.replace(/\/$/, '');
  if (!isObjectKey(folder)) {
    throw new TidemarkError('ObjectKeyInvalid', `${JSON.stringify(prefix)} is not a prefix for a store`, {
      hint: 'Use segments of letters, digits and . _ = @ + - between single slashes.',
      context: { prefix },
    });
  }
  return new PrefixedStore(store, `${folder}/`);
}

class PrefixedStore implements ObjectStore {
  readonly name: string;
  readonly #store: ObjectStore;
  readonly #prefix: string;

  constructor(store: ObjectStore, prefix: string) {
    this.#store = store;
    this.#prefix = prefix;
    this.name = `${store.name}/${prefix.slice(0, -1)}`;
  }

  get capabilities(): ObjectStore['capabilities'] {
    return this.#store.capabilities;
  }

  async put(key: string, bytes: Uint8Array, options?: PutOptions): Promise<void> {
    requireKey(key);
    await this.#store.put(this.#prefix + key, bytes, options);
  }

  async get(key: string, range?: ByteRange): Promise<Buffer> {
    requireKey(key);
    return this.#store.get(this.#prefix + key, range);
  }

  async head(key: string): Promise<ObjectInfo | undefined> {
    requireKey(key);
    const found = await this.#store.head(this.#prefix + key);
    return found && { ...found, key };
  }

  async *list(prefix: string): AsyncGenerator<ObjectInfo> {
    requirePrefix(prefix);
    for await (const info of this.#store.list(this.#prefix + prefix)) {
      yield { ...info, key: info.key.slice(this.#prefix.length) };
    }
  }

  async delete(keys: readonly string[]): Promise<void> {
    // Here, not below: an empty key is the prefix alone down there, and must stay an empty key.
    requireKeys(keys);
    try {
      await this.#store.delete(keys.map((key) => this.#prefix + key));
    } catch (error) {
      throw isTidemarkError(error, 'DeleteIncomplete') ? this.#withoutPrefix(error) : error;
    }
  }

  #withoutPrefix(error: TidemarkError): TidemarkError {
    const failed = (error.context.failed as readonly { key: string; reason: string }[]).map(({ key, reason }) => ({
      key: key.slice(this.#prefix.length),
      reason,
    }));
    return new TidemarkError('DeleteIncomplete', error.message, {
      ...(error.hint === undefined ? {} : { hint: error.hint }),
      context: { ...error.context, failed },
      cause: error,
    });
  }
}

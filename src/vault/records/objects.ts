/**
 * Small JSON objects of a vault (snapshots, records, marks): packed through the vault's cipher, checked against a schema on
 * the way in. Whatever is read from a store is not trusted: JSON only, and only of the expected shape.
 */
import * as z from 'zod';
import { errnoOf, fail, isTidemarkError } from '../../core/errors.ts';
import { canonicalJson } from '../../core/json.ts';
import type { ObjectStore, PutOptions } from '../../storage/port.ts';
import type { VaultCipher } from '../cipher.ts';

export class VaultObjects {
  readonly store: ObjectStore;
  readonly #cipher: VaultCipher;

  constructor(store: ObjectStore, cipher: VaultCipher) {
    this.store = store;
    this.#cipher = cipher;
  }

  async write(key: string, value: unknown, options?: PutOptions): Promise<void> {
    await this.store.put(key, this.#cipher.packObject(Buffer.from(canonicalJson(value))), options);
  }

  /** True when this call created the object; false when there was one already. */
  async create(key: string, value: unknown): Promise<boolean> {
    try {
      await this.write(key, value, { ifAbsent: true });
      return true;
    } catch (error) {
      if (isTidemarkError(error, 'ObjectExists')) return false;
      throw error;
    }
  }

  /** Errors: `ObjectMissing`, `VaultDamaged`, `VaultFormatUnknown`. */
  async read<T>(key: string, schema: z.ZodType<T>): Promise<T> {
    return this.parse(key, await this.store.get(key), schema);
  }

  async readIfThere<T>(key: string, schema: z.ZodType<T>): Promise<T | undefined> {
    try {
      return await this.read(key, schema);
    } catch (error) {
      if (isTidemarkError(error, 'ObjectMissing')) return undefined;
      throw error;
    }
  }

  parse<T>(key: string, stored: Buffer, schema: z.ZodType<T>): T {
    let value: unknown;
    try {
      value = JSON.parse(this.#cipher.openObject(stored).toString('utf8'));
    } catch (cause) {
      if (errnoOf(cause) === undefined && isTidemarkError(cause)) throw cause;
      return fail('VaultDamaged', `${key} in ${this.store.name} is not JSON`, { context: { key }, cause });
    }
    const parsed = schema.safeParse(value);
    if (parsed.success) return parsed.data;
    const version = (value as { version?: unknown } | null)?.version;
    if (typeof version === 'number' && version > 1) {
      return fail(
        'VaultFormatUnknown',
        `${key} in ${this.store.name} has format version ${version}; this Tidemark knows 1`,
        {
          hint: 'Use the version of Tidemark that wrote it, or a newer one.',
          context: { key, version },
        },
      );
    }
    return fail(
      'VaultDamaged',
      `${key} in ${this.store.name} is not what it should be: ${z.prettifyError(parsed.error)}`,
      {
        context: { key },
      },
    );
  }

  async keys(prefix: string): Promise<string[]> {
    const keys: string[] = [];
    for await (const object of this.store.list(prefix)) keys.push(object.key);
    return keys;
  }
}

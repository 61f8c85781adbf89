/**
 * The reference store: keeps every law of the port in the simplest way, for tests and simulations. It is as durable as the
 * process. Bytes are copied on the way in and out, so that nobody can change a stored object by its buffer.
 */
import { type Clock, systemClock } from '../core/clock.ts';
import { fail } from '../core/errors.ts';
import {
  failShort,
  requireChecksum,
  requireKey,
  requireKeys,
  requirePrefix,
  requireRange,
  sha256Of,
} from './checks.ts';
import type { ByteRange, ObjectInfo, ObjectStore, PutOptions } from './port.ts';

interface Stored {
  readonly bytes: Buffer;
  readonly modified: Date;
}

export interface MemoryStoreOptions {
  readonly clock?: Clock;
  readonly name?: string;
}

export function memoryStore(options: MemoryStoreOptions = {}): ObjectStore {
  return new MemoryStore(options.clock ?? systemClock, options.name ?? 'memory');
}

class MemoryStore implements ObjectStore {
  readonly name: string;
  readonly capabilities = { conditionalCreate: true, nativeChecksum: false, objectLock: false };
  readonly #clock: Clock;
  readonly #objects = new Map<string, Stored>();

  constructor(clock: Clock, name: string) {
    this.#clock = clock;
    this.name = name;
  }

  async put(key: string, bytes: Uint8Array, options: PutOptions = {}): Promise<void> {
    requireKey(key);
    if (options.sha256 !== undefined) requireChecksum(`${key} in ${this.name}`, options.sha256, sha256Of(bytes));
    if (options.ifAbsent && this.#objects.has(key)) {
      fail('ObjectExists', `${key} is already in ${this.name}`, { context: { key } });
    }
    this.#objects.set(key, { bytes: Buffer.from(bytes), modified: this.#clock.now() });
  }

  async get(key: string, range?: ByteRange): Promise<Buffer> {
    requireKey(key);
    if (range) requireRange(range);
    const stored = this.#objects.get(key);
    if (!stored) return fail('ObjectMissing', `${key} is not in ${this.name}`, { context: { key } });
    if (!range) return Buffer.from(stored.bytes);
    if (range.offset + range.length > stored.bytes.length) {
      return failShort(`${key} in ${this.name}`, range, stored.bytes.length);
    }
    return Buffer.from(stored.bytes.subarray(range.offset, range.offset + range.length));
  }

  async head(key: string): Promise<ObjectInfo | undefined> {
    requireKey(key);
    const stored = this.#objects.get(key);
    return stored && { key, size: stored.bytes.length, modified: stored.modified };
  }

  async *list(prefix: string): AsyncGenerator<ObjectInfo> {
    requirePrefix(prefix);
    // Keys are plain ASCII, so the order of code units is the order of bytes.
    const keys = [...this.#objects.keys()].filter((key) => key.startsWith(prefix)).sort();
    for (const key of keys) {
      const stored = this.#objects.get(key);
      if (stored) yield { key, size: stored.bytes.length, modified: stored.modified };
    }
  }

  async delete(keys: readonly string[]): Promise<void> {
    requireKeys(keys);
    for (const key of keys) this.#objects.delete(key);
  }
}

/** Counts what goes through a store: the numbers of run records, cost estimates and tests that promise few requests. */
import type { ByteRange, ObjectInfo, ObjectStore, PutOptions, StoreCapabilities } from './port.ts';

export interface OperationCount {
  /** Calls made, the failed ones included. */
  readonly calls: number;
  readonly failures: number;
  /** Objects put, got, found, listed or asked to be deleted by calls that succeeded. */
  readonly objects: number;
  /** Bytes of objects put or got. */
  readonly bytes: number;
}

export type StoreOperation = 'put' | 'get' | 'head' | 'list' | 'delete';
export type StoreCounts = Readonly<Record<StoreOperation, OperationCount>>;

export interface MeteredStore extends ObjectStore {
  /** As of now; a copy. */
  counts(): StoreCounts;
}

type Counter = { -readonly [field in keyof OperationCount]: OperationCount[field] };

const zero = (): Counter => ({ calls: 0, failures: 0, objects: 0, bytes: 0 });

export function metered(store: ObjectStore): MeteredStore {
  return new Meter(store);
}

class Meter implements MeteredStore {
  readonly name: string;
  readonly capabilities: StoreCapabilities;
  readonly #store: ObjectStore;
  readonly #counters: Record<StoreOperation, Counter> = {
    put: zero(),
    get: zero(),
    head: zero(),
    list: zero(),
    delete: zero(),
  };

  constructor(store: ObjectStore) {
    this.#store = store;
    this.name = store.name;
    this.capabilities = store.capabilities;
  }

  counts(): StoreCounts {
    return structuredClone(this.#counters);
  }

  put(key: string, bytes: Uint8Array, options?: PutOptions): Promise<void> {
    return this.#count('put', this.#store.put(key, bytes, options), () => ({ objects: 1, bytes: bytes.length }));
  }

  get(key: string, range?: ByteRange): Promise<Buffer> {
    return this.#count('get', this.#store.get(key, range), (bytes) => ({ objects: 1, bytes: bytes.length }));
  }

  head(key: string): Promise<ObjectInfo | undefined> {
    return this.#count('head', this.#store.head(key), (info) => ({ objects: info ? 1 : 0, bytes: 0 }));
  }

  async *list(prefix: string): AsyncGenerator<ObjectInfo> {
    const counter = this.#counters.list;
    counter.calls += 1;
    try {
      for await (const info of this.#store.list(prefix)) {
        counter.objects += 1;
        yield info;
      }
    } catch (error) {
      counter.failures += 1;
      throw error;
    }
  }

  delete(keys: readonly string[]): Promise<void> {
    return this.#count('delete', this.#store.delete(keys), () => ({ objects: keys.length, bytes: 0 }));
  }

  async #count<T>(
    operation: StoreOperation,
    call: Promise<T>,
    measure: (result: T) => Pick<OperationCount, 'objects' | 'bytes'>,
  ): Promise<T> {
    const counter = this.#counters[operation];
    counter.calls += 1;
    try {
      const result = await call;
      const { objects, bytes } = measure(result);
      counter.objects += objects;
      counter.bytes += bytes;
      return result;
    } catch (error) {
      counter.failures += 1;
      throw error;
    }
  }
}

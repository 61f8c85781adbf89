/**
 * A store that fails on schedule, for tests and simulations: at the n-th call of an operation, before or after its effect,
 * loudly or silently. It tells which faults fired, because a fault that never fires proves nothing: end such a test with
 * `requireAllFired()`.
 */
import { type ErrorName, fail } from '../core/errors.ts';
import type { StoreOperation } from './metered.ts';
import type { ByteRange, ObjectInfo, ObjectStore, PutOptions, StoreCapabilities } from './port.ts';

interface FaultTime {
  /** The n-th call that matches, from 1. */
  readonly call: number;
  /** Only calls for keys (prefixes, for `list`; any key of a `delete`) that start with this match. */
  readonly key?: string;
}

export type Fault = FaultTime &
  (
    | {
        /**
         * `fail-before`: throws `error`, without effect. `fail-after`: the effect happens and the answer is lost; a list
         * breaks off after one object. `stop-before`, `stop-after`: the same, and no later call of any kind succeeds, as
         * when the process dies there. `hang`: no answer until `release()`.
         */
        readonly kind: 'fail-before' | 'fail-after' | 'stop-before' | 'stop-after' | 'hang';
        readonly operation: StoreOperation | 'any';
        readonly error?: ErrorName;
      }
    /** One bit is wrong: of what is stored (the medium decays), or of what is read (the wire does). */
    | { readonly kind: 'flip'; readonly operation: 'put' | 'get' }
    /** The second half is missing, with no error. */
    | { readonly kind: 'cut'; readonly operation: 'put' | 'get' }
    /** The list ends after so many objects, with no error. Breaks law 5. */
    | { readonly kind: 'truncate'; readonly operation: 'list'; readonly after: number }
    /** Every second key is not deleted, and said so. */
    | { readonly kind: 'partial'; readonly operation: 'delete' }
  );

export interface FaultyStore extends ObjectStore {
  readonly fired: readonly Fault[];
  readonly pending: readonly Fault[];
  /** Lets hanging calls go on. */
  release(): void;
  /** Throws when a scheduled fault never happened. */
  requireAllFired(): void;
}

export function faulty(store: ObjectStore, faults: readonly Fault[]): FaultyStore {
  return new Faulty(store, faults);
}

class Faulty implements FaultyStore {
  readonly name: string;
  readonly capabilities: StoreCapabilities;
  readonly fired: Fault[] = [];
  readonly #store: ObjectStore;
  readonly #calls: Map<Fault, number>;
  #stopped = false;
  readonly #gate: Promise<void>;
  release: () => void = () => {};

  constructor(store: ObjectStore, faults: readonly Fault[]) {
    this.#store = store;
    this.name = store.name;
    this.capabilities = store.capabilities;
    this.#calls = new Map(faults.map((fault) => [fault, 0]));
    this.#gate = new Promise((resolve) => {
      this.release = resolve;
    });
  }

  get pending(): readonly Fault[] {
    return [...this.#calls.keys()].filter((fault) => !this.fired.includes(fault));
  }

  requireAllFired(): void {
    if (this.pending.length > 0) throw new Error(`scheduled faults never fired: ${JSON.stringify(this.pending)}`);
  }

  put(key: string, bytes: Uint8Array, options?: PutOptions): Promise<void> {
    return this.#call('put', [key], (fault) => {
      if (fault?.kind !== 'flip' && fault?.kind !== 'cut') return this.#store.put(key, bytes, options);
      // The medium decays after the check, so the checksum is not handed on.
      return this.#store.put(key, spoil(fault.kind, bytes), { ifAbsent: options?.ifAbsent ?? false });
    });
  }

  get(key: string, range?: ByteRange): Promise<Buffer> {
    return this.#call('get', [key], async (fault) => {
      const bytes = await this.#store.get(key, range);
      return fault?.kind === 'flip' || fault?.kind === 'cut' ? spoil(fault.kind, bytes) : bytes;
    });
  }

  head(key: string): Promise<ObjectInfo | undefined> {
    return this.#call('head', [key], () => this.#store.head(key));
  }

  async *list(prefix: string): AsyncGenerator<ObjectInfo> {
    const fault = await this.#before('list', [prefix]);
    let listed = 0;
    for await (const info of this.#store.list(prefix)) {
      if (fault?.kind === 'truncate' && listed === fault.after) return;
      yield info;
      listed += 1;
      this.#after(fault);
    }
    this.#after(fault);
  }

  delete(keys: readonly string[]): Promise<void> {
    return this.#call('delete', keys, async (fault) => {
      if (fault?.kind !== 'partial') return this.#store.delete(keys);
      await this.#store.delete(keys.filter((_, at) => at % 2 === 1));
      const failed = keys.filter((_, at) => at % 2 === 0).map((key) => ({ key, reason: 'a scheduled fault' }));
      fail('DeleteIncomplete', `${failed.length} of ${keys.length} objects could not be deleted`, {
        context: { failed },
      });
    });
  }

  async #call<T>(
    operation: StoreOperation,
    keys: readonly string[],
    work: (fault: Fault | undefined) => Promise<T>,
  ): Promise<T> {
    const fault = await this.#before(operation, keys);
    const result = await work(fault);
    this.#after(fault);
    return result;
  }

  /** Finds the fault whose time it is; throws when it is one that comes before the effect. */
  async #before(operation: StoreOperation, keys: readonly string[]): Promise<Fault | undefined> {
    if (this.#stopped) throwFault('the store was stopped by a scheduled fault');
    const fault = this.#due(operation, keys);
    if (!fault) return undefined;
    this.fired.push(fault);
    if (fault.kind === 'stop-before' || fault.kind === 'stop-after') this.#stopped = true;
    if (fault.kind === 'fail-before' || fault.kind === 'stop-before') {
      throwFault(`${operation} ${keys[0] ?? ''} failed on schedule`, fault.error);
    }
    if (fault.kind === 'hang') await this.#gate;
    return fault;
  }

  #after(fault: Fault | undefined): void {
    if (fault?.kind !== 'fail-after' && fault?.kind !== 'stop-after') return;
    throwFault('an answer was lost on schedule', fault.error);
  }

  #due(operation: StoreOperation, keys: readonly string[]): Fault | undefined {
    let due: Fault | undefined;
    for (const [fault, calls] of this.#calls) {
      if (fault.operation !== 'any' && fault.operation !== operation) continue;
      if (fault.key !== undefined && !keys.some((key) => key.startsWith(fault.key ?? ''))) continue;
      this.#calls.set(fault, calls + 1);
      if (calls + 1 === fault.call) due ??= fault;
    }
    return due;
  }
}

function throwFault(message: string, name: ErrorName = 'StoreUnreachable'): never {
  fail(name, message, { hint: 'This is a test.' });
}

function spoil(kind: 'flip' | 'cut', bytes: Uint8Array): Buffer {
  if (kind === 'cut') return Buffer.from(bytes.subarray(0, bytes.length >> 1));
  const copy = Buffer.from(bytes);
  const middle = copy.length >> 1;
  if (copy.length > 0) copy[middle] = (copy[middle] ?? 0) ^ 1;
  return copy;
}

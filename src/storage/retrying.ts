/**
 * Tries again what is worth it, with growing pauses and a budget of time per call: errors of class `later` until the budget
 * is used up, `maybe` once, `never` not at all. Nothing else in Tidemark repeats a store call, so that times do not multiply.
 *
 * A conditional create whose answer was lost finds its own object on the second try. It is told from another writer's by
 * its bytes: equal bytes are ours, and the create has succeeded. (So two writers of equal bytes may both win when a fault
 * hits one of them; whoever must not, writes its name into the object.)
 */
import type { Clock } from '../core/clock.ts';
import { isTidemarkError, TidemarkError } from '../core/errors.ts';
import type { Random } from '../core/random.ts';
import type { StoreOperation } from './metered.ts';
import type { ByteRange, ObjectInfo, ObjectStore, PutOptions, StoreCapabilities } from './port.ts';

export interface Retried {
  readonly operation: StoreOperation;
  readonly store: string;
  readonly attempt: number;
  /** Milliseconds until the next attempt. */
  readonly pause: number;
  readonly error: TidemarkError;
}

export interface RetryOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** Milliseconds that one call may take in all before its error is passed on. */
  readonly budget?: number;
  readonly firstPause?: number;
  readonly longestPause?: number;
  readonly onRetry?: (retried: Retried) => void;
}

export function retrying(store: ObjectStore, options: RetryOptions): ObjectStore {
  return new RetryingStore(store, {
    budget: 60_000,
    firstPause: 200,
    longestPause: 10_000,
    onRetry: () => {},
    ...options,
  });
}

class RetryingStore implements ObjectStore {
  readonly name: string;
  readonly capabilities: StoreCapabilities;
  readonly #store: ObjectStore;
  readonly #options: Required<RetryOptions>;

  constructor(store: ObjectStore, options: Required<RetryOptions>) {
    this.#store = store;
    this.#options = options;
    this.name = store.name;
    this.capabilities = store.capabilities;
  }

  async put(key: string, bytes: Uint8Array, options?: PutOptions): Promise<void> {
    const patience = this.#patience('put');
    for (let answerLost = false; ; answerLost = true) {
      try {
        return await this.#store.put(key, bytes, options);
      } catch (error) {
        if (!answerLost || !isTidemarkError(error, 'ObjectExists')) await patience.pauseAfter(error);
        else if (await this.#holds(key, bytes)) return;
        else throw error;
      }
    }
  }

  get(key: string, range?: ByteRange): Promise<Buffer> {
    return this.#repeat('get', () => this.#store.get(key, range));
  }

  head(key: string): Promise<ObjectInfo | undefined> {
    return this.#repeat('head', () => this.#store.head(key));
  }

  /** Starts over after a failure and passes over what was listed before; each step forward renews the budget. */
  async *list(prefix: string): AsyncGenerator<ObjectInfo> {
    let last: string | undefined;
    let patience = this.#patience('list');
    for (;;) {
      try {
        for await (const info of this.#store.list(prefix)) {
          if (last !== undefined && info.key <= last) continue;
          last = info.key;
          patience = this.#patience('list');
          yield info;
        }
        return;
      } catch (error) {
        await patience.pauseAfter(error);
      }
    }
  }

  /** Only what is left is tried again, and only what is left in the end is reported. */
  async delete(keys: readonly string[]): Promise<void> {
    let left = keys;
    await this.#repeat('delete', async () => {
      try {
        await this.#store.delete(left);
      } catch (error) {
        if (isTidemarkError(error, 'DeleteIncomplete')) {
          left = (error.context.failed as readonly { key: string }[]).map(({ key }) => key);
        }
        throw error;
      }
    });
  }

  async #holds(key: string, bytes: Uint8Array): Promise<boolean> {
    const found = await this.head(key);
    return found?.size === bytes.length && (await this.get(key)).equals(bytes);
  }

  async #repeat<T>(operation: StoreOperation, work: () => Promise<T>): Promise<T> {
    const patience = this.#patience(operation);
    for (;;) {
      try {
        return await work();
      } catch (error) {
        await patience.pauseAfter(error);
      }
    }
  }

  #patience(operation: StoreOperation): Patience {
    return new Patience(operation, this.#store.name, this.#options);
  }
}

/** The attempts of one call. */
class Patience {
  readonly #operation: StoreOperation;
  readonly #store: string;
  readonly #options: Required<RetryOptions>;
  readonly #started: number;
  #slept = 0;
  #attempt = 0;
  #doubts = 0;

  constructor(operation: StoreOperation, store: string, options: Required<RetryOptions>) {
    this.#operation = operation;
    this.#store = store;
    this.#options = options;
    this.#started = options.clock.elapsed();
  }

  /** Returns when it is time for the next attempt; throws the error when there should be none. */
  async pauseAfter(error: unknown): Promise<void> {
    this.#attempt += 1;
    if (!(error instanceof TidemarkError) || error.retry === 'never') throw error;
    if (error.retry === 'maybe') this.#doubts += 1;
    const pause = this.#nextPause();
    // On a virtual clock a pause takes no real time, and still has to use up the budget.
    const spent = Math.max(this.#slept, this.#options.clock.elapsed() - this.#started);
    if (this.#doubts > 1 || spent + pause > this.#options.budget) throw error;
    this.#options.onRetry({ operation: this.#operation, store: this.#store, attempt: this.#attempt, pause, error });
    this.#slept += pause;
    await this.#options.clock.sleep(pause);
  }

  /** Doubles up to the longest; the second half of it is chance, so that many writers do not come back at once. */
  #nextPause(): number {
    const whole = Math.min(this.#options.longestPause, this.#options.firstPause * 2 ** (this.#attempt - 1));
    const chance = this.#options.random.bytes(4).readUInt32BE() / 0x1_0000_0000;
    return Math.round(whole / 2 + (whole / 2) * chance);
  }
}

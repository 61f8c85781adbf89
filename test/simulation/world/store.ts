/**
 * A store as one container sees it: keeps the laws of `src/storage/port.ts` and does everything else that they allow. A call
 * takes time before its effect and after it, in which anything may happen; a listing comes in pages, each as of its own
 * moment; what a container has sent may arrive after its death.
 */
import { fail, TidemarkError } from '../../../src/core/errors.ts';
import {
  failShort,
  requireChecksum,
  requireKey,
  requireKeys,
  requirePrefix,
  sha256Of,
} from '../../../src/storage/checks.ts';
import type { StoreOperation } from '../../../src/storage/metered.ts';
import type { ByteRange, ObjectInfo, ObjectStore, PutOptions } from '../../../src/storage/port.ts';
import type { Container } from './container.ts';
import type { Medium } from './medium.ts';
import type { Weather } from './weather.ts';

export class SimulatedStore implements ObjectStore {
  readonly name: string;
  readonly capabilities = { conditionalCreate: true, nativeChecksum: false, objectLock: false };
  readonly #medium: Medium;
  readonly #container: Container;
  readonly #weather: Weather;

  constructor(medium: Medium, container: Container, weather: Weather) {
    this.name = `vault-${medium.vault}`;
    this.#medium = medium;
    this.#container = container;
    this.#weather = weather;
  }

  put(key: string, bytes: Uint8Array, options: PutOptions = {}): Promise<void> {
    requireKey(key);
    return this.#call('put', key, () => {
      if (options.sha256 !== undefined) requireChecksum(`${key} in ${this.name}`, options.sha256, sha256Of(bytes));
      if (options.ifAbsent && this.#medium.objects.has(key)) {
        fail('ObjectExists', `${key} is already in ${this.name}`, { context: { key } });
      }
      const stored = { bytes: Buffer.from(bytes), modified: this.#weather.now };
      this.#medium.set(key, stored, this.#container.number);
    });
  }

  get(key: string, range?: ByteRange): Promise<Buffer> {
    requireKey(key);
    this.#container.look(key);
    return this.#call('get', key, () => {
      const { bytes } =
        this.#medium.objects.get(key) ?? fail('ObjectMissing', `${key} is not in ${this.name}`, { context: { key } });
      if (!range) return Buffer.from(bytes);
      if (range.offset + range.length > bytes.length) return failShort(`${key} in ${this.name}`, range, bytes.length);
      return Buffer.from(bytes.subarray(range.offset, range.offset + range.length));
    });
  }

  head(key: string): Promise<ObjectInfo | undefined> {
    requireKey(key);
    return this.#call('head', key, () => this.#info(key));
  }

  async *list(prefix: string): AsyncGenerator<ObjectInfo> {
    requirePrefix(prefix);
    let last = '';
    this.#container.look(prefix);
    for (let more = true; more; ) {
      const page = await this.#call('list', prefix, () => {
        const keys = this.#medium.keys(prefix).filter((key) => key > last);
        const here = keys.slice(0, this.#weather.climate.page);
        more = here.length < keys.length;
        return here.map((key) => this.#info(key)!);
      });
      for (const info of page) yield info;
      last = page.at(-1)?.key ?? last;
    }
  }

  delete(keys: readonly string[]): Promise<void> {
    requireKeys(keys);
    if (keys.length === 0) return Promise.resolve();
    return this.#call('delete', keys[0]!, () => {
      const stay = this.#weather.staying(keys);
      for (const key of keys) if (!stay.includes(key)) this.#medium.set(key, undefined, this.#container.number);
      if (stay.length === 0) return;
      const failed = stay.map((key) => ({ key, reason: 'the store had a bad day' }));
      fail('DeleteIncomplete', `${failed.length} of ${keys.length} objects could not be deleted`, {
        context: { failed },
      });
    });
  }

  #info(key: string): ObjectInfo | undefined {
    const stored = this.#medium.objects.get(key);
    return stored && { key, size: stored.bytes.length, modified: new Date(stored.modified) };
  }

  /** The way there, the effect, and the way back. A container that is dead by then hears nothing. */
  #call<T>(operation: StoreOperation, key: string, effect: () => T): Promise<T> {
    const container = this.#container;
    const weather = this.#weather;
    return container.waiting<T>((resolve, reject) => {
      const fate = weather.fateOf(operation, key, this.#medium.vault, container);
      if (fate.freeze > 0) container.freeze(fate.freeze);
      if (fate.kill === 'before') return container.kill();
      weather.timeline.at(fate.asleep ? container.awake(weather.now + fate.there) : weather.now + fate.there, () => {
        if (container.dead && !fate.arrives) return;
        const refused = fate.error ?? weather.outage(this.#medium.vault);
        let answer: () => void;
        let told = 'done';
        try {
          if (refused) fail(refused, `${operation} ${key} in ${this.name}: the store says no`);
          const result = effect();
          if (fate.answerLost) fail('StoreUnreachable', `${operation} ${key} in ${this.name}: no answer came`);
          answer = () => resolve(result);
        } catch (error) {
          told = error instanceof TidemarkError ? error.name : String(error);
          answer = () => reject(error);
        }
        weather.tell(container, operation, this.name, key, fate.answerLost ? 'lost' : told);
        if (fate.kill === 'after') return container.kill();
        weather.timeline.at(container.awake(weather.now + fate.back), answer);
      });
    });
  }
}

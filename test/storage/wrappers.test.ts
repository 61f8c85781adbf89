/** What each wrapper promises beyond the contract, which all of them keep. */
import { describe, expect, test } from 'vitest';
import { VirtualClock } from '../../src/core/clock.ts';
import { type ErrorName, fail, type TidemarkError } from '../../src/core/errors.ts';
import { seededRandom } from '../../src/core/random.ts';
import { type Fault, faulty } from '../../src/storage/faulty.ts';
import { memoryStore } from '../../src/storage/memory.ts';
import { metered } from '../../src/storage/metered.ts';
import type { ObjectInfo, ObjectStore } from '../../src/storage/port.ts';
import { prefixed } from '../../src/storage/prefixed.ts';
import { readOnly } from '../../src/storage/readonly.ts';
import { type Retried, retrying } from '../../src/storage/retrying.ts';
import { errorOf, keysOf } from './contract.ts';

const start = '2026-01-01T00:00:00Z';
const bytes = Buffer.from('these bytes');

describe('retrying', () => {
  function patient(faults: readonly Fault[], budget = 60_000, memory = memoryStore()) {
    const clock = new VirtualClock(start);
    const broken = faulty(memory, faults);
    const counted = metered(broken);
    const retries: Retried[] = [];
    const options = { clock, random: seededRandom(7), budget, onRetry: (retried: Retried) => retries.push(retried) };
    const waited = (): number => clock.now().getTime() - new Date(start).getTime();
    return { store: retrying(counted, options), memory, broken, counted, retries, waited };
  }

  const failing = (operation: Fault['operation'], times: number, error: ErrorName): Fault[] =>
    Array.from({ length: times }, (_, at) => ({ operation, call: at + 1, kind: 'fail-before', error }) as Fault);

  test('an error of class later is tried again, with pauses that double and half of each left to chance', async () => {
    const { store, broken, retries, waited } = patient(failing('put', 8, 'StoreThrottled'));
    await store.put('a', bytes);
    broken.requireAllFired();
    const wholes = [200, 400, 800, 1600, 3200, 6400, 10_000, 10_000];
    expect(retries.map(({ attempt }) => attempt)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    for (const [at, { pause }] of retries.entries()) {
      expect(pause).toBeGreaterThanOrEqual((wholes[at] ?? 0) / 2);
      expect(pause).toBeLessThanOrEqual(wholes[at] ?? 0);
    }
    expect(new Set(retries.map(({ pause }, at) => pause / (wholes[at] ?? 1))).size).toBeGreaterThan(4);
    expect(waited()).toBe(retries.reduce((sum, { pause }) => sum + pause, 0));
    expect(retries[0]).toMatchObject({ operation: 'put', store: 'memory', error: { name: 'StoreThrottled' } });
  });

  test('the budget ends it, and the last error is the one that is told', async () => {
    const { store, counted, waited } = patient(failing('get', 1000, 'StoreUnreachable'), 30_000);
    expect(await errorOf(store.get('a'))).toBe('StoreUnreachable');
    expect(waited()).toBeLessThanOrEqual(30_000);
    expect(waited()).toBeGreaterThan(15_000);
    expect(counted.counts().get.calls).toBeGreaterThan(5);
  });

  test('an error of class never is not tried again, one of class maybe once, and a mistake of the caller not at all', async () => {
    const never = patient(failing('get', 5, 'StoreDenied'));
    expect(await errorOf(never.store.get('a'))).toBe('StoreDenied');
    expect(never.counted.counts().get.calls).toBe(1);
    const maybe = patient(failing('get', 5, 'VaultDamaged'));
    expect(await errorOf(maybe.store.get('a'))).toBe('VaultDamaged');
    expect(maybe.counted.counts().get.calls).toBe(2);
    const mistake = patient([]);
    expect(await errorOf(mistake.store.get('a', { offset: -1, length: 1 }))).toBe('RangeError');
    expect(mistake.counted.counts().get.calls).toBe(1);
  });

  test('a create whose answer was lost knows its own object', async () => {
    const { store, memory, broken } = patient([
      { operation: 'put', call: 1, kind: 'fail-after' },
      { operation: 'head', call: 1, kind: 'fail-before' },
      { operation: 'get', call: 1, kind: 'fail-after', error: 'StoreThrottled' },
    ]);
    await store.put('a', bytes, { ifAbsent: true });
    broken.requireAllFired();
    expect((await memory.get('a')).equals(bytes)).toBe(true);
  });

  test('a create that lost is told so, after a lost answer as well: other bytes are another writer’s', async () => {
    for (const theirs of ['other bytes', 'longer than ours']) {
      const { store, memory, broken } = patient([{ operation: 'put', call: 1, kind: 'fail-before' }]);
      await memory.put('a', Buffer.from(theirs));
      expect(await errorOf(store.put('a', bytes, { ifAbsent: true }))).toBe('ObjectExists');
      broken.requireAllFired();
      expect((await memory.get('a')).toString()).toBe(theirs);
    }
    const { store, memory, counted } = patient([]);
    await memory.put('a', bytes);
    expect(await errorOf(store.put('a', bytes, { ifAbsent: true }))).toBe('ObjectExists');
    expect(counted.counts().get.calls, 'no answer was lost, so there is nothing to compare').toBe(0);
  });

  test('B10 a list goes on after a failure without a gap and without an object twice', async () => {
    const memory = memoryStore();
    const keys = Array.from({ length: 40 }, (_, at) => `packs/${String(at).padStart(2, '0')}`);
    for (const key of keys) await memory.put(key, bytes);
    let failures = 0;
    /** Gets ten objects further at each try. */
    async function* list(prefix: string): AsyncGenerator<ObjectInfo> {
      let listed = 0;
      for await (const info of memory.list(prefix)) {
        if (listed === 10 * (failures + 1)) {
          failures += 1;
          fail('StoreUnreachable', 'the connection broke');
        }
        listed += 1;
        yield info;
      }
    }
    const flaky: ObjectStore = { ...readOnly(memory), list };
    const clock = new VirtualClock(start);
    expect(await keysOf(retrying(flaky, { clock, random: seededRandom(1) }).list('packs/'))).toEqual(keys);
    expect(failures).toBe(3);
  });

  test('B10 a list that never gets anywhere ends with its error', async () => {
    const { store, memory } = patient(failing('list', 100, 'StoreThrottled'), 10_000);
    await memory.put('a', bytes);
    expect(await errorOf(keysOf(store.list('')))).toBe('StoreThrottled');
  });

  test('A12 only what was not deleted is tried again, and only what is left in the end is named', async () => {
    const keys = ['a', 'b', 'c', 'd', 'e'];
    const once = patient([{ operation: 'delete', call: 1, kind: 'partial' }]);
    for (const key of keys) await once.memory.put(key, bytes);
    await once.store.delete(keys);
    once.broken.requireAllFired();
    expect(await keysOf(once.memory.list(''))).toEqual([]);
    expect(once.counted.counts().delete).toMatchObject({ calls: 2, failures: 1, objects: 3 });

    const always = patient(
      Array.from({ length: 99 }, (_, at) => ({ operation: 'delete', call: at + 1, kind: 'partial' })),
    );
    for (const key of keys) await always.memory.put(key, bytes);
    const error = await failureOf(always.store.delete(keys));
    expect(error.context.failed).toEqual([{ key: 'a', reason: 'a scheduled fault' }]);
    expect(await keysOf(always.memory.list(''))).toEqual(['a']);
  });
});

const failureOf = (promise: Promise<unknown>): Promise<TidemarkError> =>
  promise.then(
    () => expect.unreachable('it should have failed'),
    (error: TidemarkError) => error,
  );

describe('metered', () => {
  test('counts calls, failures, objects and bytes of each operation', async () => {
    const store = metered(memoryStore());
    await store.put('a', Buffer.alloc(100));
    await store.put('b', Buffer.alloc(50));
    await errorOf(store.put('a', Buffer.alloc(100), { ifAbsent: true }));
    await store.get('a', { offset: 10, length: 20 });
    await errorOf(store.get('none'));
    await store.head('a');
    await store.head('none');
    await keysOf(store.list(''));
    await errorOf(keysOf(store.list('..')));
    await store.delete(['a', 'b']);
    const before = store.counts();
    expect(before).toEqual({
      put: { calls: 3, failures: 1, objects: 2, bytes: 150 },
      get: { calls: 2, failures: 1, objects: 1, bytes: 20 },
      head: { calls: 2, failures: 0, objects: 1, bytes: 0 },
      list: { calls: 2, failures: 1, objects: 2, bytes: 0 },
      delete: { calls: 1, failures: 0, objects: 2, bytes: 0 },
    });
    await store.head('a');
    expect(before.head.calls).toBe(2);
  });
});

describe('prefixed', () => {
  test('keeps to its folder: neither reads, lists nor deletes what is beside it', async () => {
    const memory = memoryStore();
    const [main, other] = [prefixed(memory, 'vaults/main'), prefixed(memory, 'vaults/mainland/')];
    await main.put('a', Buffer.from('main'));
    await other.put('a', Buffer.from('mainland'));
    await memory.put('vaults/main-file', Buffer.from('neither'));
    expect(await keysOf(memory.list(''))).toEqual(['vaults/main-file', 'vaults/main/a', 'vaults/mainland/a']);
    expect(await keysOf(main.list(''))).toEqual(['a']);
    expect((await other.get('a')).toString()).toBe('mainland');
    await main.delete(['a']);
    expect(await keysOf(memory.list(''))).toEqual(['vaults/main-file', 'vaults/mainland/a']);
    expect(main.name).toBe('memory/vaults/main');
  });

  test('B12 an empty or wandering prefix is refused', () => {
    for (const prefix of ['', '/', '..', 'a/../b', '/a', 'a//b']) {
      expect(() => prefixed(memoryStore(), prefix), prefix).toThrow(/not a prefix/);
    }
  });

  test('A12 keys that were not deleted are named as the caller knows them', async () => {
    const memory = memoryStore();
    const store = prefixed(faulty(memory, [{ operation: 'delete', call: 1, kind: 'partial' }]), 'vaults/main');
    await store.put('a', bytes);
    await store.put('b', bytes);
    const error = await failureOf(store.delete(['a', 'b']));
    expect(error.context.failed).toEqual([{ key: 'a', reason: 'a scheduled fault' }]);
  });
});

test('read-only: reads what is there, and refuses to change it', async () => {
  const memory = memoryStore();
  await memory.put('a', bytes);
  const store = readOnly(memory);
  expect(await store.get('a')).toEqual(bytes);
  expect(await store.head('a')).toMatchObject({ size: bytes.length });
  expect(await keysOf(store.list(''))).toEqual(['a']);
  expect(await errorOf(store.put('b', bytes))).toBe('StoreReadOnly');
  expect(await errorOf(store.delete(['a']))).toBe('StoreReadOnly');
  expect(await keysOf(memory.list(''))).toEqual(['a']);
});

describe('faulty', () => {
  test('fails at the call it was told to, before or after the effect', async () => {
    const memory = memoryStore();
    const store = faulty(memory, [
      { operation: 'put', call: 2, kind: 'fail-before' },
      { operation: 'put', call: 3, kind: 'fail-after', error: 'StoreFull' },
    ]);
    const results = [];
    for (const key of ['a', 'b', 'c', 'd']) results.push(await errorOf(store.put(key, bytes)));
    expect(results).toEqual(['none', 'StoreUnreachable', 'StoreFull', 'none']);
    expect(await keysOf(memory.list(''))).toEqual(['a', 'c', 'd']);
    expect(store.fired).toHaveLength(2);
    store.requireAllFired();
  });

  test('a fault that never fires fails the test that scheduled it', async () => {
    const store = faulty(memoryStore(), [
      { operation: 'put', call: 1, kind: 'fail-before', key: 'packs/' },
      { operation: 'put', call: 2, kind: 'fail-before', key: 'index/' },
    ]);
    await store.put('index/a', bytes);
    expect(await errorOf(store.put('packs/a', bytes))).toBe('StoreUnreachable');
    expect(store.pending).toEqual([expect.objectContaining({ key: 'index/' })]);
    expect(() => store.requireAllFired()).toThrow(/never fired.*index/);
  });

  test('after a stop nothing works any more, and what was done is done', async () => {
    for (const [kind, left] of [
      ['stop-before', ['a']],
      ['stop-after', ['a', 'b']],
    ] as const) {
      const memory = memoryStore();
      const store = faulty(memory, [{ operation: 'any', call: 2, kind }]);
      await store.put('a', bytes);
      for (const call of [
        () => store.put('b', bytes),
        () => store.get('a'),
        () => keysOf(store.list('')),
        () => store.delete(['a']),
      ]) {
        expect(await errorOf(call())).toBe('StoreUnreachable');
      }
      expect(await keysOf(memory.list(''))).toEqual(left);
    }
  });

  test('breaks laws silently when asked: flipped, cut and truncated', async () => {
    const memory = memoryStore();
    const store = faulty(memory, [
      { operation: 'put', call: 1, kind: 'flip' },
      { operation: 'put', call: 2, kind: 'cut' },
      { operation: 'get', call: 3, kind: 'flip' },
      { operation: 'list', call: 1, kind: 'truncate', after: 2 },
    ]);
    for (const key of ['flipped', 'cut', 'good']) await store.put(key, bytes);
    const flipped = await store.get('flipped');
    expect(flipped).toHaveLength(bytes.length);
    expect(flipped.equals(bytes)).toBe(false);
    expect(await store.get('cut')).toHaveLength(bytes.length >> 1);
    expect((await store.get('good')).equals(bytes)).toBe(false);
    expect((await store.get('good')).equals(bytes)).toBe(true);
    expect(await keysOf(store.list(''))).toEqual(['cut', 'flipped']);
    expect(await keysOf(store.list(''))).toEqual(['cut', 'flipped', 'good']);
    store.requireAllFired();
  });

  test('hangs until it is released', async () => {
    const store = faulty(memoryStore(), [{ operation: 'put', call: 1, kind: 'hang' }]);
    let done = false;
    const hanging = store.put('a', bytes).then(() => {
      done = true;
    });
    await store.put('b', bytes);
    expect(done).toBe(false);
    expect(await keysOf(store.list(''))).toEqual(['b']);
    store.release();
    await hanging;
    expect(await keysOf(store.list(''))).toEqual(['a', 'b']);
  });
});

/**
 * The one suite that every object store and every wrapper has to pass. A test per law of src/storage/port.ts, by the law's
 * name, then what else the vault takes for granted. A store that cannot pass may not hold a vault.
 */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../src/core/clock.ts';
import { sha256Of } from '../../src/storage/checks.ts';
import type { ObjectInfo, ObjectStore } from '../../src/storage/port.ts';
import { patterned } from './patterned.ts';

export const laws = [
  'Atomic put',
  'Durable',
  'Read after write',
  'One winner',
  'Complete, ordered listing',
  'Checked bytes',
  'Honest delete',
] as const;

export interface StoreUnderTest {
  readonly store: ObjectStore;
  /** A second handle on the same place, as another process would have one. */
  reopen(): ObjectStore;
  close?(): Promise<void>;
}

export interface ContractOptions {
  /** Objects in the large listing. */
  readonly many?: number;
  /** Milliseconds for the slowest tests. */
  readonly timeout?: number;
}

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString();

export async function keysOf(list: AsyncIterable<ObjectInfo>): Promise<string[]> {
  const keys: string[] = [];
  for await (const info of list) keys.push(info.key);
  return keys;
}

/** The name of the error a promise ends with, or `none`. */
export async function errorOf(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => 'none',
    (error: Error) => error.name,
  );
}

async function inParallel<T>(items: readonly T[], work: (item: T) => Promise<unknown>, atOnce = 16): Promise<void> {
  const queue = items.values();
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      for (const item of queue) await work(item);
    }),
  );
}

const byteOrder = (one: string, other: string): number => Buffer.compare(Buffer.from(one), Buffer.from(other));

export function describeObjectStore(
  name: string,
  makeStore: () => Promise<StoreUnderTest>,
  options: ContractOptions = {},
): void {
  const many = options.many ?? 2500;
  const slow = options.timeout ?? 30_000;

  describe(`object store contract: ${name}`, () => {
    let under: StoreUnderTest;
    let store: ObjectStore;

    beforeEach(async () => {
      under = await makeStore();
      store = under.store;
    });
    afterEach(async () => {
      await under.close?.();
    });

    describe('laws', () => {
      test('Atomic put', { timeout: slow }, async () => {
        const versions = Array.from({ length: 6 }, (_, at) => patterned(1_000_000 + at * 1000, at));
        const known = new Set(versions.map(sha256Of));
        const reader = under.reopen();
        let writing = true;
        let whole = 0;
        const read = async (): Promise<void> => {
          while (writing) {
            const bytes = await reader.get('atomic/object').catch((error: Error) => {
              expect(error.name).toBe('ObjectMissing');
              expect(whole, 'an object that was there is gone').toBe(0);
            });
            if (bytes) {
              expect(known).toContain(sha256Of(bytes));
              whole += 1;
            }
            for await (const info of reader.list('atomic/')) {
              expect(info.key).toBe('atomic/object');
              expect(versions.map((version) => version.length)).toContain(info.size);
            }
          }
        };
        const readers = Promise.all([read(), read()]);
        for (const [at, version] of versions.entries()) {
          await store.put('atomic/object', version, { sha256: sha256Of(version), ifAbsent: at === 0 });
        }
        writing = false;
        await readers;
        expect(whole).toBeGreaterThan(0);
        expect(await reader.get('atomic/object')).toEqual(versions.at(-1));
      });

      test('Durable', async () => {
        await store.put('durable/object', Buffer.from('kept'));
        await store.put('durable/created', Buffer.from('kept too'), { ifAbsent: true });
        const later = under.reopen();
        expect(text(await later.get('durable/object'))).toBe('kept');
        expect(text(await later.get('durable/created'))).toBe('kept too');
      });

      test('Read after write', async () => {
        const other = under.reopen();
        expect(await other.head('fresh/a')).toBeUndefined();
        expect(await keysOf(other.list('fresh/'))).toEqual([]);
        for (const content of ['first', 'the second']) {
          await store.put('fresh/a', Buffer.from(content));
          for (const reader of [store, other]) {
            expect(text(await reader.get('fresh/a'))).toBe(content);
            expect((await reader.head('fresh/a'))?.size).toBe(content.length);
            expect(await keysOf(reader.list('fresh/'))).toEqual(['fresh/a']);
          }
        }
        await store.delete(['fresh/a']);
        for (const reader of [store, other]) {
          expect(await errorOf(reader.get('fresh/a'))).toBe('ObjectMissing');
          expect(await reader.head('fresh/a')).toBeUndefined();
          expect(await keysOf(reader.list('fresh/'))).toEqual([]);
        }
      });

      test('One winner', { timeout: slow }, async () => {
        const other = under.reopen();
        for (const round of ['one', 'two']) {
          const key = `winner/${round}`;
          const results = await Promise.all(
            Array.from({ length: 50 }, (_, at) =>
              errorOf((at % 2 ? store : other).put(key, Buffer.from(`writer ${at}`), { ifAbsent: true })),
            ),
          );
          const winners = results.flatMap((result, at) => (result === 'none' ? [at] : []));
          expect(winners).toHaveLength(1);
          expect(results.filter((result) => result === 'ObjectExists')).toHaveLength(49);
          expect(text(await store.get(key))).toBe(`writer ${winners[0]}`);
        }
        await store.delete(['winner/one']);
        await store.put('winner/one', Buffer.from('again'), { ifAbsent: true });
        expect(text(await store.get('winner/one'))).toBe('again');
        expect(await errorOf(store.put('winner/one', Buffer.from('no'), { ifAbsent: true }))).toBe('ObjectExists');
        expect(text(await store.get('winner/one'))).toBe('again');
      });

      test('Complete, ordered listing', { timeout: slow }, async () => {
        const traps = [
          'a-b',
          'a.b',
          'a/b',
          'a/b-c',
          'a/b.c',
          'a/b/c',
          'a0',
          'aa',
          'A',
          'a=b',
          'a@b',
          'a_b',
          'a+b',
          'a/B',
        ];
        const trapKeys = traps.filter((key) => key !== 'a/b'); // No key is the folder of another, see directory.ts.
        const keys = [...trapKeys.map((key) => `list/${key}`)];
        for (let at = keys.length; at < many; at += 1) {
          const id = sha256Of(Buffer.from(`${at}`)).slice(0, 12);
          keys.push(at % 3 === 0 ? `list/flat-${id}` : `list/packs/${id.slice(0, 2)}/${id}`);
        }
        await inParallel(keys, (key) => store.put(key, Buffer.from(key)));
        const expected = [...keys].sort(byteOrder);
        expect(await keysOf(store.list('list/'))).toEqual(expected);
        expect(await keysOf(store.list(''))).toEqual(expected);
        for (const prefix of [
          'list/a',
          'list/a/',
          'list/a/b',
          'list/packs/0',
          'list/packs/00/',
          'list/flat-f',
          'list/zz',
          'nothing/',
        ]) {
          const wanted = expected.filter((key) => key.startsWith(prefix));
          expect(await keysOf(under.reopen().list(prefix)), prefix).toEqual(wanted);
        }
        for await (const info of store.list('list/a')) expect(info.size).toBe(info.key.length);
      });

      test('Checked bytes', async () => {
        const bytes = Buffer.from('these bytes');
        const wrong = sha256Of(Buffer.from('other bytes'));
        expect(await errorOf(store.put('checked/a', bytes, { sha256: wrong }))).toBe('ChecksumMismatch');
        expect(await errorOf(store.put('checked/a', bytes, { sha256: wrong, ifAbsent: true }))).toBe(
          'ChecksumMismatch',
        );
        expect(await keysOf(store.list(''))).toEqual([]);
        expect(await store.head('checked/a')).toBeUndefined();
        await store.put('checked/a', bytes, { sha256: sha256Of(bytes), ifAbsent: true });
        expect(await errorOf(store.put('checked/a', Buffer.from('worse'), { sha256: wrong }))).toBe('ChecksumMismatch');
        expect(text(await store.get('checked/a'))).toBe('these bytes');
        await store.put('checked/empty', Buffer.alloc(0), { sha256: sha256Of(Buffer.alloc(0)) });
        expect(await store.get('checked/empty')).toHaveLength(0);
      });

      test('Honest delete', async () => {
        const keys = Array.from({ length: 30 }, (_, at) => `delete/${at % 5}/${at}`);
        await inParallel(keys, (key) => store.put(key, Buffer.from(key)));
        await store.delete([...keys.slice(0, 20), 'delete/never/was', 'delete/0/0']);
        expect(await keysOf(under.reopen().list('delete/'))).toEqual(keys.slice(20).sort(byteOrder));
        await store.delete([]);
        await store.delete(keys);
        expect(await keysOf(store.list('delete/'))).toEqual([]);
        await store.put('delete/1/again', Buffer.from('in a folder that was emptied'));
        expect(await keysOf(store.list('delete/'))).toEqual(['delete/1/again']);
      });
    });

    test('B12 an empty key or a root is never deleted, and nothing with it', async () => {
      await store.put('kept/a', Buffer.from('a'));
      for (const key of ['', '/', '.', '..', '../x', 'kept/', '/kept/a', 'kept//a', 'kept/../kept/a', '*']) {
        expect(await errorOf(store.delete(['kept/a', key])), key).toBe('ObjectKeyInvalid');
      }
      expect(text(await store.get('kept/a'))).toBe('a');
    });

    test('keys: all that the port allows come back as they are, others are refused', async () => {
      const longest = `${'k'.repeat(200)}/${'l'.repeat(200)}/${'m'.repeat(200)}/${'n'.repeat(200)}`;
      const good = ['a', 'A.b_c=d@e+f-g', '0/1/2/3/4/5/6/7/8/9', 'plus+plus/at@at/eq=eq', longest];
      for (const key of good) await store.put(key, Buffer.from(key));
      expect((await keysOf(store.list(''))).sort()).toEqual([...good].sort());
      for (const key of good) expect(text(await store.get(key))).toBe(key);
      for (const bad of ['', '.a', 'a/.b', 'a//b', '/a', 'a/', '..', 'a/../b', 'a b', 'a\nb', 'ä', 'x'.repeat(901)]) {
        expect(await errorOf(store.put(bad, Buffer.from('x'))), `put ${bad}`).toBe('ObjectKeyInvalid');
        expect(await errorOf(store.get(bad)), `get ${bad}`).toBe('ObjectKeyInvalid');
        expect(await errorOf(store.head(bad)), `head ${bad}`).toBe('ObjectKeyInvalid');
      }
      for (const bad of ['..', '../', '/', 'a/../', 'a//', '.tidemark', '.tidemark/']) {
        expect(await errorOf(keysOf(store.list(bad))), `list ${bad}`).toBe('ObjectKeyInvalid');
      }
      expect(await keysOf(store.list(''))).toHaveLength(good.length);
    });

    test('ranges are exact: start, middle, end, nothing, and past the end', async () => {
      const bytes = patterned(10_000, 7);
      await store.put('ranges/a', bytes);
      for (const [offset, length] of [
        [0, 1],
        [0, 10_000],
        [1, 9_999],
        [4_095, 2],
        [9_999, 1],
        [5_000, 0],
        [10_000, 0],
        [0, 0],
      ] as const) {
        expect(await store.get('ranges/a', { offset, length }), `${offset}+${length}`).toEqual(
          bytes.subarray(offset, offset + length),
        );
      }
      for (const [offset, length] of [
        [0, 10_001],
        [9_999, 2],
        [10_000, 1],
        [20_000, 5],
        [10_001, 0],
      ] as const) {
        expect(await errorOf(store.get('ranges/a', { offset, length })), `${offset}+${length}`).toBe('VaultDamaged');
      }
      for (const [offset, length] of [
        [-1, 5],
        [0, -1],
        [0.5, 1],
        [Number.NaN, 1],
      ] as const) {
        expect(await errorOf(store.get('ranges/a', { offset, length })), `${offset}+${length}`).toBe('RangeError');
      }
      expect(await errorOf(store.get('ranges/none', { offset: 0, length: 1 }))).toBe('ObjectMissing');
      expect(await errorOf(store.get('ranges/none', { offset: 0, length: 0 }))).toBe('ObjectMissing');
      await store.put('ranges/empty', Buffer.alloc(0));
      expect(await store.get('ranges/empty', { offset: 0, length: 0 })).toHaveLength(0);
      expect(await errorOf(store.get('ranges/empty', { offset: 0, length: 1 }))).toBe('VaultDamaged');
    });

    test('a big object: 40 MiB in and out, and its last bytes alone', { timeout: slow }, async () => {
      const bytes = patterned(40 * 1024 * 1024, 40);
      await store.put('big/object', bytes, { sha256: sha256Of(bytes), ifAbsent: true });
      expect((await store.head('big/object'))?.size).toBe(bytes.length);
      expect(sha256Of(await store.get('big/object'))).toBe(sha256Of(bytes));
      expect(await store.get('big/object', { offset: bytes.length - 1000, length: 1000 })).toEqual(
        bytes.subarray(-1000),
      );
    });

    test('stored bytes are the bytes at the time of the call, and nobody shares their buffer', async () => {
      const bytes = Buffer.from('as it was');
      await store.put('copies/a', bytes);
      bytes.fill('x');
      const read = await store.get('copies/a');
      expect(text(read)).toBe('as it was');
      read.fill('y');
      expect(text(await store.get('copies/a'))).toBe('as it was');
    });

    test('head tells size and a believable date, and undefined for what is not there', async () => {
      await store.put('head/a', Buffer.from('four'));
      const info = await store.head('head/a');
      expect(info).toMatchObject({ key: 'head/a', size: 4 });
      expect(Math.abs((info?.modified.getTime() ?? 0) - systemClock.now().getTime())).toBeLessThan(60_000);
      expect(await store.head('head/b')).toBeUndefined();
      expect(await store.head('head/a/b')).toBeUndefined();
      expect(await errorOf(store.get('head/b'))).toBe('ObjectMissing');
    });

    test('a list can be left in the middle, and two can run at once', async () => {
      const keys = Array.from({ length: 20 }, (_, at) => `walk/${at % 4}/${at}`);
      await inParallel(keys, (key) => store.put(key, Buffer.from('x')));
      for await (const info of store.list('walk/')) {
        expect(info.key).toBe('walk/0/0');
        break;
      }
      const both = await Promise.all([keysOf(store.list('walk/')), keysOf(store.list('walk/'))]);
      for (const listed of both) expect(listed).toEqual([...keys].sort(byteOrder));
    });

    test('writers, deleters and readers of one folder at once do not get in each other’s way', {
      timeout: slow,
    }, async () => {
      const other = under.reopen();
      const churn = async (who: number, handle: ObjectStore): Promise<void> => {
        for (let at = 0; at < 15; at += 1) {
          const key = `churn/folder/deep/${who}-${at}`;
          await handle.put(key, Buffer.from(key), { ifAbsent: true });
          expect(text(await handle.get(key))).toBe(key);
          await handle.delete([key]);
        }
      };
      const lists = async (): Promise<void> => {
        for (let at = 0; at < 15; at += 1) await keysOf(other.list('churn/'));
      };
      await Promise.all([churn(1, store), churn(2, store), churn(3, other), churn(4, other), lists()]);
      expect(await keysOf(store.list('churn/'))).toEqual([]);
    });

    test('says what it is', () => {
      expect(store.name).toMatch(/\S/);
      expect(store.capabilities.conditionalCreate).toBe(true);
    });
  });
}

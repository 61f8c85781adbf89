/** What the directory store promises beyond the contract: missing mounts, foreign files, names of errors. */
import fs from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { TidemarkError } from '../../../src/core/errors.ts';
import { storeFailure } from '../../../src/storage/directory/failures.ts';
import { directoryStore } from '../../../src/storage/directory.ts';
import type { ObjectStore } from '../../../src/storage/port.ts';
import { errorOf, keysOf } from '../contract.ts';
import { patterned } from '../patterned.ts';
import { temporaryFolder } from '../places.ts';
import { systemError, withCalls } from './file-calls.ts';

let folder: { path: string; remove(): Promise<void> };
let root: string;
let store: ObjectStore;

beforeEach(async () => {
  folder = await temporaryFolder();
  root = path.join(folder.path, 'vault');
  store = directoryStore(root, { create: true });
});
afterEach(() => folder.remove());

const failureOf = (promise: Promise<unknown>): Promise<TidemarkError> =>
  promise.then(
    () => expect.unreachable('it should have failed'),
    (error: TidemarkError) => error,
  );

describe('A14 a store that is not there', () => {
  const everything = (it: ObjectStore): Record<string, () => Promise<unknown>> => ({
    put: () => it.put('a', Buffer.from('x')),
    create: () => it.put('a', Buffer.from('x'), { ifAbsent: true }),
    get: () => it.get('a'),
    head: () => it.head('a'),
    list: () => keysOf(it.list('')),
    delete: () => it.delete(['a']),
  });

  test('A14 a missing folder is an error for every operation, and nothing is made', async () => {
    for (const [operation, call] of Object.entries(everything(directoryStore(path.join(folder.path, 'nothing'))))) {
      const error = await failureOf(call());
      expect(error.name, operation).toBe('StoreMissing');
      expect(error.hint).toContain('Mount');
    }
    expect(await fs.readdir(folder.path)).toEqual([]);
  });

  test('A14 an empty mount point is not an empty store, and nothing is written to it', async () => {
    await fs.mkdir(root);
    for (const [operation, call] of Object.entries(everything(directoryStore(root)))) {
      expect(await errorOf(call()), operation).toBe('StoreMissing');
    }
    expect(await fs.readdir(root)).toEqual([]);
  });

  test('A14 a disk that goes away under a running store is noticed, and is found again when it is back', async () => {
    await store.put('a', Buffer.from('x'));
    await fs.rename(root, `${root}.unmounted`);
    for (const mounted of [false, true]) {
      if (mounted) await fs.mkdir(root); // The mount point, bare.
      for (const [operation, call] of Object.entries(everything(store))) {
        expect(await errorOf(call()), `${operation}, mount point ${mounted}`).toBe('StoreMissing');
      }
    }
    expect(await fs.readdir(root)).toEqual([]);
    await fs.rmdir(root);
    await fs.rename(`${root}.unmounted`, root);
    expect((await store.get('a')).toString()).toBe('x');
    await store.put('b', Buffer.from('y'));
  });

  test('A14 a disk that goes away in the middle of a listing does not make it shorter', async () => {
    for (let at = 0; at < 5; at += 1) await store.put(`packs/${at}/object`, Buffer.from('x'));
    const listed: string[] = [];
    const walk = async (): Promise<void> => {
      for await (const info of store.list('')) {
        listed.push(info.key);
        if (listed.length === 2) await fs.rename(root, `${root}.unmounted`);
      }
    };
    expect(await errorOf(walk())).toBe('StoreMissing');
    expect(listed).toHaveLength(2);
  });

  test('a store that could not be opened is looked for again at the next call', async () => {
    const early = directoryStore(root);
    expect(await errorOf(early.head('a'))).toBe('StoreMissing');
    await store.put('a', Buffer.from('x'));
    expect((await early.get('a')).toString()).toBe('x');
  });

  test('asked to, a store is made with all folders above it, and an existing one is left as it is', async () => {
    const deep = path.join(folder.path, 'x', 'y', 'z');
    await directoryStore(deep, { create: true }).put('a', Buffer.from('1'));
    await directoryStore(deep, { create: true }).put('b', Buffer.from('2'));
    expect(await keysOf(directoryStore(deep).list(''))).toEqual(['a', 'b']);
    expect((await fs.stat(deep)).mode & 0o777).toBe(0o700);
    expect((await fs.stat(path.join(deep, 'a'))).mode & 0o777).toBe(0o600);
  });
});

describe('files and folders', () => {
  test('an object is a file of its name, as private as the folder of the store', async () => {
    await store.put('packs/aa/object', Buffer.from('plain'));
    expect(await fs.readFile(path.join(root, 'packs/aa/object'), 'utf8')).toBe('plain');
    await fs.chmod(root, 0o750);
    await directoryStore(root).put('shared/object', Buffer.from('x'));
    expect((await fs.stat(path.join(root, 'shared'))).mode & 0o777).toBe(0o750 & ~process.umask());
    expect((await fs.stat(path.join(root, 'shared/object'))).mode & 0o777).toBe(0o640 & ~process.umask());
  });

  test('a key may not be an object and the folder of others, whichever comes first', async () => {
    await store.put('a/b', Buffer.from('x'));
    for (const ifAbsent of [true, false]) {
      expect(await errorOf(store.put('a', Buffer.from('y'), { ifAbsent }))).toBe('ObjectKeyInvalid');
      expect(await errorOf(store.put('a/b/c', Buffer.from('y'), { ifAbsent }))).toBe('ObjectKeyInvalid');
    }
    expect(await store.head('a')).toBeUndefined();
    expect(await errorOf(store.get('a'))).toBe('ObjectMissing');
    await store.delete(['a']);
    expect(await keysOf(store.list(''))).toEqual(['a/b']);
    await store.delete(['a/b']);
    await store.put('a', Buffer.from('now it may'), { ifAbsent: true });
    await fs.mkdir(path.join(root, 'empty'));
    await store.put('empty', Buffer.from('left over, in nobody’s way'));
    expect(await keysOf(store.list(''))).toEqual(['a', 'empty']);
  });

  test('names that no put can have made are passed over, what cannot be read is an error', async () => {
    await store.put('packs/a', Buffer.from('x'));
    for (const name of ['.nfs0001', '.DS_Store', 'a b', 'ümlaut', 'packs/.hidden'])
      await fs.writeFile(path.join(root, name), 'x');
    expect(await keysOf(store.list(''))).toEqual(['packs/a']);
    await fs.symlink('/', path.join(root, 'packs', 'elsewhere'));
    const error = await failureOf(keysOf(store.list('packs/')));
    expect(error.name).toBe('StoreLawBroken');
    expect(error.message).toContain('elsewhere');
    expect(await keysOf(store.list('packs/a'))).toEqual(['packs/a']);
  });

  test('a file that was cut is damage for whoever reads behind its end', async () => {
    await store.put('a', patterned(10_000, 1));
    await fs.truncate(path.join(root, 'a'), 5_000);
    expect(await errorOf(store.get('a', { offset: 4_000, length: 2_000 }))).toBe('VaultDamaged');
  });

  test('a name too long for the file system is refused with a hint', async () => {
    const error = await failureOf(store.put('x'.repeat(300), Buffer.from('x')));
    expect(error.name).toBe('ObjectKeyInvalid');
    expect(error.hint).toContain('shorter');
  });

  test('a copy of the store without its empty folders works', async () => {
    await store.put('a', Buffer.from('x'));
    await fs.rmdir(path.join(root, '.tidemark', 'incoming'));
    await directoryStore(root).put('b', Buffer.from('y'));
    expect(await keysOf(store.list(''))).toEqual(['a', 'b']);
  });

  test('Honest delete: what cannot be deleted is named, and the rest is gone', async () => {
    await store.put('a', Buffer.from('x'));
    await store.put('b', Buffer.from('x'));
    const { unlink } = fs;
    const stubborn: typeof unlink = (file) =>
      String(file).endsWith('/a') ? Promise.reject(systemError('EBUSY')) : unlink(file);
    const error = await withCalls({ unlink: stubborn }, () => failureOf(store.delete(['a', 'b', 'c'])));
    expect(error.name).toBe('DeleteIncomplete');
    expect(error.context.failed).toEqual([{ key: 'a', reason: expect.stringContaining('EBUSY') }]);
    expect(await keysOf(store.list(''))).toEqual(['a']);
  });
});

describe('system errors have names', () => {
  const named: readonly [string, object, string][] = [
    ['ENOSPC', { code: 'ENOSPC' }, 'StoreFull'],
    ['EDQUOT, which has no name in Node', { code: 'Unknown system error -122', errno: -122 }, 'StoreFull'],
    ['EROFS', { code: 'EROFS' }, 'StoreReadOnly'],
    ['EACCES', { code: 'EACCES' }, 'StoreDenied'],
    ['EPERM', { code: 'EPERM' }, 'StoreDenied'],
    ['EMFILE', { code: 'EMFILE' }, 'StoreThrottled'],
    ['ESTALE, which has no name in Node', { code: 'Unknown system error -116', errno: -116 }, 'StoreUnreachable'],
    ['EIO', { code: 'EIO' }, 'StoreUnreachable'],
    ['EXDEV', { code: 'EXDEV' }, 'StoreLawBroken'],
    ['anything else', { code: 'EWHATEVER' }, 'Unexpected'],
  ];
  test.each(named)('%s', (_, error, name) => {
    const failure = storeFailure(Object.assign(new Error('failed'), error), 'write', '/vault/a');
    expect(failure.name).toBe(name);
    expect(failure.message).toContain('cannot write /vault/a');
    expect(failure.hint).toMatch(/\w/);
    expect(failure.context.path).toBe('/vault/a');
  });
});

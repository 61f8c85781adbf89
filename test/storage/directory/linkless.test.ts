/** The directory store where hard links do not exist, or are made without an answer. */
import fs from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { directoryStore } from '../../../src/storage/directory.ts';
import type { ObjectStore } from '../../../src/storage/port.ts';
import { errorOf, keysOf } from '../contract.ts';
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

const incoming = (): Promise<string[]> => fs.readdir(path.join(root, '.tidemark', 'incoming'));

describe('without hard links', () => {
  test('both shapes of an object live in one store, and one winner is one winner across them', async () => {
    const linkless = directoryStore(root, { create: true, hardLinks: false });
    for (let round = 0; round < 10; round += 1) {
      const key = `mixed/${round}`;
      const results = await Promise.all(
        Array.from({ length: 20 }, (_, at) =>
          errorOf((at % 2 ? store : linkless).put(key, Buffer.from(`${at}`), { ifAbsent: true })),
        ),
      );
      const winners = results.flatMap((result, at) => (result === 'none' ? [at] : []));
      expect(winners).toHaveLength(1);
      for (const reader of [store, linkless]) expect((await reader.get(key)).toString()).toBe(`${winners[0]}`);
    }
    expect(await keysOf(store.list(''))).toHaveLength(10);
    expect(await incoming()).toEqual([]);
  });

  test('an object that is a folder is read, listed in its place, overwritten and deleted like any other', async () => {
    const linkless = directoryStore(root, { create: true, hardLinks: false });
    for (const key of ['k-1', 'k', 'k0', 'k.x']) await linkless.put(key, Buffer.from(key), { ifAbsent: true });
    expect((await fs.stat(path.join(root, 'k'))).isDirectory()).toBe(true);
    expect(await keysOf(store.list(''))).toEqual(['k', 'k-1', 'k.x', 'k0']);
    await store.put('k', Buffer.from('overwritten'));
    expect((await linkless.get('k', { offset: 0, length: 4 })).toString()).toBe('over');
    expect(await linkless.head('k')).toMatchObject({ size: 11 });
    expect(await errorOf(store.put('k', Buffer.from('x'), { ifAbsent: true }))).toBe('ObjectExists');
    await store.delete(['k']);
    expect(await keysOf(store.list(''))).toEqual(['k-1', 'k.x', 'k0']);
    expect(await fs.readdir(root)).not.toContain('k');
  });

  test('a file system that refuses links is found out', async () => {
    const own = directoryStore(root, { create: true });
    const refuse = (): Promise<never> => Promise.reject(systemError('EPERM'));
    await withCalls({ link: refuse }, async () => {
      await own.put('a', Buffer.from('x'), { ifAbsent: true });
      expect(await errorOf(own.put('a', Buffer.from('y'), { ifAbsent: true }))).toBe('ObjectExists');
    });
    expect((await fs.stat(path.join(root, 'a'))).isDirectory()).toBe(true);
    expect((await own.get('a')).toString()).toBe('x');
  });

  test('a link that was made although the answer was lost is a success', async () => {
    const { link } = fs;
    const forgetful: typeof link = async (from, to) => {
      await link(from, to);
      throw systemError('EEXIST');
    };
    await withCalls({ link: forgetful }, () => store.put('a', Buffer.from('x'), { ifAbsent: true }));
    expect((await store.get('a')).toString()).toBe('x');
  });

  test('a missing right is not taken for missing links', async () => {
    const refuse = (): Promise<never> => Promise.reject(systemError('EPERM'));
    await withCalls({ link: refuse, rename: refuse }, async () => {
      expect(await errorOf(store.put('a', Buffer.from('x'), { ifAbsent: true }))).toBe('StoreDenied');
    });
    await store.put('a', Buffer.from('x'), { ifAbsent: true });
    expect((await fs.stat(path.join(root, 'a'))).isFile()).toBe(true);
  });
});

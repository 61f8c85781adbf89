/** Laws 1 and 2 on the directory store: what is synced when, and what writers leave that are killed. */
import { spawn } from 'node:child_process';
import fs from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { sha256Of } from '../../../src/storage/checks.ts';
import { directoryStore } from '../../../src/storage/directory.ts';
import type { ObjectStore } from '../../../src/storage/port.ts';
import { errorOf, keysOf } from '../contract.ts';
import { temporaryFolder } from '../places.ts';
import { recordCalls, withCalls } from './file-calls.ts';

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

describe('durable', () => {
  test('the bytes are synced before the object has its name, and the name and all new folders before put returns', async () => {
    await store.put('first', Buffer.from('x'));
    const created = await recordCalls(root, () => store.put('a/b/object', Buffer.from('x'), { ifAbsent: true }));
    expect(created).toEqual([
      ...['write temporary', 'sync temporary', 'mkdir a', 'mkdir a/b', 'link a/b/object'],
      ...['sync a/b', 'sync a', 'sync .'],
    ]);
    const overwritten = await recordCalls(root, () => store.put('a/b/object', Buffer.from('y')));
    expect(overwritten).toEqual(['write temporary', 'sync temporary', 'rename a/b/object', 'sync a/b']);
  });

  test('a folder made by somebody else is made durable too, and again after it was removed', async () => {
    await store.put('first', Buffer.from('x'));
    await fs.mkdir(path.join(root, 'theirs'));
    expect(await recordCalls(root, () => store.put('theirs/a', Buffer.from('x')))).toContain('sync .');
    await store.delete(['theirs/a']);
    expect(await fs.readdir(root)).not.toContain('theirs');
    expect(await recordCalls(root, () => store.put('theirs/a', Buffer.from('x')))).toContain('sync .');
  });

  test('without hard links the same: bytes, then the folder around them, then the name', async () => {
    const linkless = directoryStore(root, { hardLinks: false });
    await store.put('first', Buffer.from('x'));
    const calls = await recordCalls(root, () => linkless.put('a/object', Buffer.from('x'), { ifAbsent: true }));
    expect(calls).toEqual([
      ...['write temporary', 'sync temporary', 'mkdir temporary', 'rename temporary', 'sync temporary'],
      // The folder was missing, so the file went back, the folder was made, and the same once more.
      ...['rename temporary', 'mkdir a', 'mkdir temporary', 'rename temporary', 'sync temporary', 'rename a/object'],
      ...['sync a', 'sync .'],
    ]);
  });

  test('deletes are synced', async () => {
    await store.put('a/1', Buffer.from('x'));
    await store.put('a/2', Buffer.from('x'));
    expect(await recordCalls(root, () => store.delete(['a/1']))).toEqual(['sync a']);
  });
});

test('a folder that others remove again and again under a put does not make it fail', async () => {
  await store.put('start', Buffer.from('x'));
  const { link } = fs;
  let removals = 0;
  const disturbed: typeof link = async (from, to) => {
    removals += 1;
    if (removals <= 20) await fs.rm(path.join(root, 'a'), { recursive: true, force: true });
    await link(from, to);
  };
  await withCalls({ link: disturbed }, () => store.put('a/b/c', Buffer.from('x'), { ifAbsent: true }));
  expect(removals).toBe(21);
  expect((await store.get('a/b/c')).toString()).toBe('x');
  const hostile: typeof link = async (from, to) => {
    await fs.rm(path.join(root, 'd'), { recursive: true, force: true });
    await link(from, to);
  };
  const endless = withCalls({ link: hostile }, () => store.put('d/e', Buffer.from('x'), { ifAbsent: true }));
  expect(await errorOf(endless)).toBe('StoreUnreachable');
});

describe('crashes', () => {
  test('Atomic put: writers killed at any moment leave whole objects, all that they reported, and nothing else', {
    timeout: 60_000,
  }, async () => {
    await store.put('start', Buffer.from('x'));
    const script = new URL('./endless-writer.ts', import.meta.url).pathname;
    const reported: string[] = [];
    for (let life = 0; life < 4; life += 1) {
      const child = spawn(process.execPath, [script, root, String(life)], { stdio: ['ignore', 'pipe', 'inherit'] });
      let out = '';
      child.stdout.on('data', (text: Buffer) => {
        out += text.toString();
        if (out.split('\n').length > 5 + life * 3) child.kill('SIGKILL');
      });
      await new Promise((resolve) => child.on('close', resolve));
      reported.push(...out.split('\n').slice(0, -1));
    }
    expect(reported.length).toBeGreaterThan(20);
    const listed = await keysOf(store.list('crash/'));
    expect(listed).toEqual(expect.arrayContaining(reported));
    for (const key of listed) expect(sha256Of(await store.get(key)), key).toBe(key.split('/').at(-1));
  });

  test('what a crashed writer left is removed when it is a day old, and not before', async () => {
    await store.put('a', Buffer.from('x'));
    const place = path.join(root, '.tidemark', 'incoming');
    const old = new Date(Date.UTC(2020, 0, 1));
    await fs.writeFile(path.join(place, 'old'), 'x');
    await fs.mkdir(path.join(place, 'old.folder'));
    await fs.writeFile(path.join(place, 'old.folder', '.object'), 'x');
    await fs.writeFile(path.join(place, 'new'), 'x');
    for (const name of ['old', 'old.folder']) await fs.utimes(path.join(place, name), old, old);
    expect(await keysOf(store.list(''))).toEqual(['a']);
    await directoryStore(root).put('b', Buffer.from('x'));
    expect(await incoming()).toEqual(['new']);
  });

  test('a put that fails leaves no temporary file', async () => {
    await store.put('a', Buffer.from('x'));
    await errorOf(store.put('a', Buffer.from('x'), { ifAbsent: true }));
    await errorOf(store.put('b', Buffer.from('x'), { sha256: sha256Of(Buffer.from('y')) }));
    await errorOf(store.put('a/b', Buffer.from('x')));
    await Promise.all(Array.from({ length: 20 }, () => errorOf(store.put('c', Buffer.from('x'), { ifAbsent: true }))));
    expect(await incoming()).toEqual([]);
  });
});

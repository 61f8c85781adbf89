/** Rows of the disaster table that a store has to prevent; each title starts with the row. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { S3Server } from '../../local/s3/server.ts';
import { isTidemarkError, type TidemarkError } from '../../src/core/errors.ts';
import type { ObjectStore } from '../../src/storage/port.ts';
import { s3Client, s3Store } from '../../src/storage/s3.ts';
import { errorOf, keysOf } from './contract.ts';

let server: S3Server;
let store: ObjectStore;

async function serve(pageSize = 1000, emptyPages = false): Promise<void> {
  server = await S3Server.start({ pageSize, emptyPages });
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
  store = s3Store({ client: s3Client({ region: 'us-east-1', endpoint: server.url, credentials }), bucket: 'vault' });
}

function fill(count: number): string[] {
  const keys = Array.from({ length: count }, (_, at) => `packs/${String(at).padStart(5, '0')}`);
  for (const key of keys)
    server.bucket.objects.set(key, { bytes: Buffer.from('x'), modified: new Date(0), sha256: undefined });
  return keys;
}

async function incompleteOf(promise: Promise<unknown>): Promise<{ key: string; reason: string }[]> {
  try {
    await promise;
  } catch (error) {
    if (isTidemarkError(error, 'DeleteIncomplete')) return error.context.failed as { key: string; reason: string }[];
    throw error;
  }
  return [];
}

beforeEach(() => serve());
afterEach(async () => {
  server.requireAllFired();
  await server.close();
});

describe('deleting', () => {
  test('A12 DeleteObjects answers 200 with per-key errors: each is named and nothing is called deleted that is not', async () => {
    const keys = fill(10);
    const kept = ['packs/00003', 'packs/00007'];
    server.inject({ operation: 'DeleteObjects', kind: 'keep', keys: kept });
    const failed = await incompleteOf(store.delete(keys));
    expect(failed.map(({ key }) => key)).toEqual(kept);
    expect(failed[0]?.reason).toContain('AccessDenied');
    expect([...server.bucket.objects.keys()]).toEqual(kept);
  });

  test('A12 a key that the answer does not mention counts as not deleted', async () => {
    const keys = fill(3);
    server.inject({ operation: 'DeleteObjects', kind: 'keep', keys: ['packs/00001'], silent: true });
    const failed = await incompleteOf(store.delete(keys));
    expect(failed.map(({ key }) => key)).toEqual(['packs/00001']);
    expect(failed[0]?.reason).toContain('did not say');
  });

  test('A12 a batch that fails as a whole names all its keys, and the batches after it are tried', async () => {
    const keys = fill(2500);
    server.inject({ operation: 'DeleteObjects', kind: 'error', status: 503, code: 'SlowDown', after: 1 });
    const failed = await incompleteOf(store.delete(keys));
    expect(failed.map(({ key }) => key)).toEqual(keys.slice(1000, 2000));
    expect(await keysOf(store.list('packs/'))).toEqual(keys.slice(1000, 2000));
  });

  test('A12 after a refusal of the whole request nothing more is asked, and every key is named', async () => {
    const keys = fill(2500);
    server.inject({ operation: 'DeleteObjects', kind: 'error', status: 403, code: 'AccessDenied' });
    expect(await incompleteOf(store.delete(keys))).toHaveLength(2500);
    expect(server.count('DeleteObjects')).toBe(1);
    expect(server.bucket.objects.size).toBe(2500);
  });

  test.each([999, 1000, 1001, 2000, 2001])('D1 %i keys are all deleted, at most 1,000 a request', async (count) => {
    const keys = fill(count);
    await store.delete(keys);
    expect(server.bucket.objects.size).toBe(0);
    const sizes = server.requests.map((request) => request.count);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(1000);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(count);
  });

  test('D1 a key named twice is deleted once and not reported', async () => {
    fill(2);
    expect(await incompleteOf(store.delete(['packs/00000', 'packs/00000', 'packs/00001']))).toEqual([]);
  });
});

describe('listing', () => {
  test.each([19, 20, 21, 39, 40, 41])('D1 %i objects in pages of 20 are all listed', async (count) => {
    await server.close();
    await serve(20);
    const keys = fill(count);
    expect(await keysOf(store.list('packs/'))).toEqual(keys);
    expect(server.count('ListObjectsV2')).toBe(Math.ceil(count / 20));
  });

  test.each([999, 1000, 1001])('D1 %i objects in pages of 1,000 are all listed', async (count) => {
    expect(await keysOf(((keys) => store.list(keys[0]?.slice(0, 6) ?? ''))(fill(count)))).toHaveLength(count);
  });

  test('D1 an empty page that says there is more is not the end', async () => {
    await server.close();
    await serve(10, true);
    const keys = fill(35);
    expect(await keysOf(store.list('packs/'))).toEqual(keys);
    expect(server.requests.filter((request) => request.count === 0)).toHaveLength(4);
  });

  const broken = ['no-token', 'same-page', 'disorder', 'duplicate'] as const;
  test.each(broken)('B10 a listing that cannot be complete is an error, not a shorter list: %s', async (kind) => {
    await server.close();
    await serve(10);
    fill(35);
    server.inject({ operation: 'ListObjectsV2', kind, after: 1 });
    expect(await errorOf(keysOf(store.list('packs/')))).toBe('StoreLawBroken');
  });

  test('B10 a page that fails in the middle fails the list', async () => {
    await server.close();
    await serve(10);
    fill(35);
    for (const trouble of [{ kind: 'error', status: 500, code: 'InternalError' }, { kind: 'drop' }] as const) {
      server.inject({ operation: 'ListObjectsV2', after: 2, ...trouble });
      const listed: string[] = [];
      const error = await (async () => {
        for await (const info of store.list('packs/')) listed.push(info.key);
      })().catch((failure: TidemarkError) => failure);
      expect(error).toMatchObject({ name: 'StoreUnreachable' });
      expect(listed).toHaveLength(20);
    }
  });
});

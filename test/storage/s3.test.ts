/**
 * The S3 store through the real SDK, against a small S3 in this process. With TIDEMARK_S3_ENDPOINT (on this machine),
 * TIDEMARK_S3_BUCKET, TIDEMARK_S3_ACCESS_KEY and TIDEMARK_S3_SECRET_KEY set, the contract runs against that store as well.
 */
import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Trouble } from '../../local/s3/bucket.ts';
import { S3Server, type S3ServerOptions } from '../../local/s3/server.ts';
import { VirtualClock } from '../../src/core/clock.ts';
import type { TidemarkError } from '../../src/core/errors.ts';
import { seededRandom, systemRandom } from '../../src/core/random.ts';
import { sha256Of } from '../../src/storage/checks.ts';
import type { ObjectStore } from '../../src/storage/port.ts';
import { retrying } from '../../src/storage/retrying.ts';
import { type S3StoreOptions, s3Client, s3Store } from '../../src/storage/s3.ts';
import { describeObjectStore, errorOf, keysOf, type StoreUnderTest } from './contract.ts';

const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };

/** For clients that are not made by our own factory. */
const common = (server: S3Server): S3ClientConfig => ({
  region: 'us-east-1',
  endpoint: server.url,
  forcePathStyle: true,
  credentials,
});

function storeAt(server: S3Server, options: Partial<S3StoreOptions> = {}, client: object = {}): ObjectStore {
  return s3Store({
    client: s3Client({ region: 'us-east-1', endpoint: server.url, credentials, ...client }),
    bucket: 'vault',
    ...options,
  });
}

async function s3UnderTest(serverOptions: S3ServerOptions, options: Partial<S3StoreOptions>): Promise<StoreUnderTest> {
  const server = await S3Server.start(serverOptions);
  return { store: storeAt(server, options), reopen: () => storeAt(server, options), close: () => server.close() };
}

describeObjectStore('S3', () => s3UnderTest({}, {}));
describeObjectStore(
  'S3 in pages of seven, with empty ones, under a prefix',
  () => s3UnderTest({ pageSize: 7, emptyPages: true }, { prefix: 'vaults/main' }),
  { many: 300 },
);

const {
  TIDEMARK_S3_ENDPOINT: endpoint,
  TIDEMARK_S3_BUCKET: bucket,
  TIDEMARK_S3_REGION: region = 'us-east-1',
} = process.env;
const { TIDEMARK_S3_ACCESS_KEY: accessKeyId = '', TIDEMARK_S3_SECRET_KEY: secretAccessKey = '' } = process.env;
if (endpoint && bucket) {
  const open = (prefix: string): ObjectStore =>
    s3Store({ client: s3Client({ region, endpoint, credentials: { accessKeyId, secretAccessKey } }), bucket, prefix });
  describeObjectStore(
    `S3 at ${endpoint}`,
    async () => {
      const prefix = `tidemark-contract/${systemRandom.bytes(6).toString('hex')}`;
      const store = open(prefix);
      const close = async (): Promise<void> => store.delete(await keysOf(store.list('')));
      return { store, reopen: () => open(prefix), close };
    },
    { timeout: 300_000 },
  );
}

describe('S3 store', () => {
  let server: S3Server;
  let store: ObjectStore;
  beforeEach(async () => {
    server = await S3Server.start();
    store = storeAt(server);
  });
  afterEach(async () => {
    server.requireAllFired();
    await server.close();
  });

  const failureOf = async (promise: Promise<unknown>): Promise<TidemarkError> =>
    promise.then(
      () => expect.unreachable('it should have failed'),
      (error: TidemarkError) => error,
    );

  test('every put carries the SHA-256 of its bytes, in the checksum and in the signature', async () => {
    const bytes = Buffer.from('some bytes');
    await store.put('a', bytes);
    await store.put('b', bytes, { sha256: sha256Of(bytes) });
    const wrong = sha256Of(Buffer.from('others'));
    expect(await errorOf(store.put('c', bytes, { sha256: wrong }))).toBe('ChecksumMismatch');
    expect(server.requests.pop()?.headers['x-amz-content-sha256'], 'what was given, not what was found').toBe(wrong);
    for (const { headers } of server.requests) {
      expect(headers['x-amz-checksum-sha256']).toBe(Buffer.from(sha256Of(bytes), 'hex').toString('base64'));
      expect(headers['x-amz-content-sha256']).toBe(sha256Of(bytes));
      expect(headers.authorization).toMatch(/SignedHeaders=[^,]*x-amz-content-sha256/);
      expect(headers['content-encoding']).toBeUndefined();
    }
  });

  test('E7 an object is put in one request, so its checksum is the checksum of its bytes and no ETag has to be believed', async () => {
    const bytes = Buffer.alloc(20 * 1024 * 1024, 'x');
    await store.put('packs/aa/large', bytes, { sha256: sha256Of(bytes) });
    expect(server.requests.map((request) => request.operation)).toEqual(['PutObject']);
    expect(server.bucket.objects.get('packs/aa/large')?.sha256).toBe(
      Buffer.from(sha256Of(bytes), 'hex').toString('base64'),
    );
  });

  test('a read that arrives damaged is refused by the checksum that S3 keeps', async () => {
    await store.put('a', Buffer.alloc(100_000, 'x'));
    const lazy = new S3Client({ ...common(server), responseChecksumValidation: 'WHEN_REQUIRED' });
    for (const reader of [store, s3Store({ client: lazy, bucket: 'vault' })]) {
      server.inject({ operation: 'GetObject', kind: 'flip' });
      expect(await errorOf(reader.get('a'))).toBe('ChecksumMismatch');
      expect(await reader.get('a')).toHaveLength(100_000);
    }
  });

  test('a create that S3 asks to repeat is repeated, and its loser is told', async () => {
    const clock = new VirtualClock('2026-01-01T00:00:00Z');
    const patient = storeAt(server, { clock });
    const conflict = {
      operation: 'PutObject',
      kind: 'error',
      status: 409,
      code: 'ConditionalRequestConflict',
    } as const;
    server.inject({ ...conflict, times: 3 });
    await patient.put('a', Buffer.from('x'), { ifAbsent: true });
    server.inject({ ...conflict, times: 1 });
    expect(await errorOf(patient.put('a', Buffer.from('y'), { ifAbsent: true }))).toBe('ObjectExists');
    server.inject({ ...conflict, times: 6 });
    expect(await errorOf(patient.put('b', Buffer.from('y'), { ifAbsent: true }))).toBe('StoreThrottled');
    expect(server.count('PutObject')).toBe(4 + 2 + 6);
  });

  test('a client that repeats by itself does not turn a lost answer into a lost race', async () => {
    const eager = new S3Client({ ...common(server), maxAttempts: 3 });
    const own = s3Store({ client: eager, bucket: 'vault' });
    server.inject({ operation: 'PutObject', kind: 'lost-answer' });
    const failure = await failureOf(own.put('a', Buffer.from('mine'), { ifAbsent: true }));
    expect(server.count('PutObject')).toBe(2);
    expect(failure.name).toBe('StoreUnreachable');
    expect(failure.message).toContain('was lost');
    expect(server.bucket.objects.get('a')?.bytes.toString()).toBe('mine');
  });

  test('with the retrying wrapper a create whose answer was lost succeeds, once', async () => {
    const patient = retrying(store, { clock: new VirtualClock('2026-01-01T00:00:00Z'), random: seededRandom(2) });
    server.inject({ operation: 'PutObject', kind: 'lost-answer' });
    await patient.put('a', Buffer.from('mine'), { ifAbsent: true });
    server.inject({ operation: 'PutObject', kind: 'drop' });
    expect(await errorOf(patient.put('a', Buffer.from('yours'), { ifAbsent: true }))).toBe('ObjectExists');
    expect((await store.get('a')).toString()).toBe('mine');
  });

  const troubles: readonly [string, Trouble, string, string][] = [
    ['SlowDown', { operation: 'GetObject', kind: 'error', status: 503, code: 'SlowDown' }, 'StoreThrottled', 'later'],
    ['429', { operation: 'GetObject', kind: 'error', status: 429, code: 'Whatever' }, 'StoreThrottled', 'later'],
    [
      'InternalError',
      { operation: 'GetObject', kind: 'error', status: 500, code: 'InternalError' },
      'StoreUnreachable',
      'later',
    ],
    [
      'an unknown 5xx',
      { operation: 'GetObject', kind: 'error', status: 599, code: 'Odd' },
      'StoreUnreachable',
      'later',
    ],
    [
      'AccessDenied',
      { operation: 'GetObject', kind: 'error', status: 403, code: 'AccessDenied' },
      'StoreDenied',
      'never',
    ],
    [
      'ExpiredToken',
      { operation: 'GetObject', kind: 'error', status: 400, code: 'ExpiredToken' },
      'StoreDenied',
      'never',
    ],
    [
      'a KMS key that is off',
      { operation: 'GetObject', kind: 'error', status: 400, code: 'KMS.DisabledException' },
      'StoreDenied',
      'never',
    ],
    [
      'an archived object',
      { operation: 'GetObject', kind: 'error', status: 403, code: 'InvalidObjectState' },
      'StoreDenied',
      'never',
    ],
    [
      'the wrong region',
      { operation: 'GetObject', kind: 'error', status: 301, code: 'PermanentRedirect' },
      'StoreMissing',
      'maybe',
    ],
    [
      'a full store',
      { operation: 'GetObject', kind: 'error', status: 507, code: 'XMinioStorageFull' },
      'StoreFull',
      'later',
    ],
    [
      'NotImplemented',
      { operation: 'GetObject', kind: 'error', status: 501, code: 'NotImplemented' },
      'StoreLawBroken',
      'never',
    ],
    [
      'a 404 of unknown meaning',
      { operation: 'GetObject', kind: 'error', status: 404, code: 'XNoSuchUser' },
      'Unexpected',
      'maybe',
    ],
    ['an unknown 4xx', { operation: 'GetObject', kind: 'error', status: 418, code: 'Teapot' }, 'Unexpected', 'maybe'],
    ['a broken connection', { operation: 'GetObject', kind: 'drop' }, 'StoreUnreachable', 'later'],
    ['an answer cut in the middle', { operation: 'GetObject', kind: 'cut' }, 'StoreUnreachable', 'later'],
    ['no answer', { operation: 'GetObject', kind: 'hang' }, 'StoreUnreachable', 'later'],
    ['an answer that stops', { operation: 'GetObject', kind: 'stall' }, 'StoreUnreachable', 'later'],
  ];
  test.each(troubles)('trouble has a name, a reason and a way out: %s', async (_, trouble, name, retry) => {
    const impatient = storeAt(server, {}, { idleTimeout: 300, requestTimeout: 300 });
    await impatient.put('a', Buffer.alloc(1_000_000));
    server.inject(trouble);
    const error = await failureOf(impatient.get('a'));
    expect(error.name).toBe(name);
    expect(error.retry).toBe(retry);
    expect(error.message).toContain('get a from s3://vault');
    expect(error.hint).toMatch(/\w+ /);
    expect(await impatient.get('a')).toHaveLength(1_000_000);
  });

  test('a login page instead of a listing is not an empty listing', async () => {
    server.inject({ operation: 'ListObjectsV2', kind: 'garbage' });
    const error = await failureOf(keysOf(store.list('packs/')));
    expect(error.name).toBe('StoreLawBroken');
  });

  test('A14 a missing bucket is not an empty one, whoever asks first', async () => {
    const elsewhere = (): ObjectStore => storeAt(server, { bucket: 'nowhere' });
    expect(await errorOf(elsewhere().head('a'))).toBe('StoreMissing');
    expect(await errorOf(elsewhere().get('a'))).toBe('StoreMissing');
    expect(await errorOf(keysOf(elsewhere().list('')))).toBe('StoreMissing');
    expect(await errorOf(elsewhere().put('a', Buffer.from('x')))).toBe('StoreMissing');
    expect(await errorOf(elsewhere().delete(['a']))).toBe('DeleteIncomplete');
  });

  test('unknown and missing credentials say so', async () => {
    const unknown = storeAt(server, {}, { credentials: { accessKeyId: 'other', secretAccessKey: 'x' } });
    const calls = [() => unknown.get('a'), () => unknown.put('a', Buffer.from('x')), () => keysOf(unknown.list(''))];
    for (const call of calls) expect((await failureOf(call())).hint).toContain('access key');
    expect(await errorOf(unknown.head('a'))).toBe('StoreDenied');
    const missing = storeAt(
      server,
      {},
      {
        credentials: () =>
          Promise.reject(Object.assign(new Error('no providers'), { name: 'CredentialsProviderError' })),
      },
    );
    expect((await failureOf(missing.get('a'))).hint).toContain('credentials');
  });

  test('a refused HEAD has no reason in it, and the error has one all the same', async () => {
    server.inject({ operation: 'HeadObject', kind: 'error', status: 400, code: 'ExpiredToken' });
    server.inject({ operation: 'ListObjectsV2', kind: 'error', status: 400, code: 'ExpiredToken' });
    expect((await failureOf(store.head('a'))).hint).toContain('expired');
    server.inject({ operation: 'HeadObject', kind: 'error', status: 503, code: 'SlowDown' });
    expect(await errorOf(store.head('a'))).toBe('StoreThrottled');
    expect(await store.head('a')).toBeUndefined();
  });

  test('nobody listening', async () => {
    const nowhere = s3Store({
      client: s3Client({ region: 'us-east-1', endpoint: 'http://127.0.0.1:1', credentials }),
      bucket: 'vault',
    });
    expect(await errorOf(nowhere.get('a'))).toBe('StoreUnreachable');
  });

  test('keys in the bucket that are no object keys are passed over', async () => {
    const foreign = { bytes: Buffer.alloc(0), modified: new Date(0), sha256: undefined };
    for (const key of ['packs/', 'packs/é', 'packs/a b', '.hidden']) server.bucket.objects.set(key, foreign);
    await store.put('packs/a', Buffer.from('x'));
    expect(await keysOf(store.list(''))).toEqual(['packs/a']);
  });
});

/** What a deployed function finds around it: variables, secrets, sources. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connectionIn, extensionSecrets, variableSecrets } from '../../functions/dependencies/secrets.ts';
import { sources } from '../../functions/dependencies/sources.ts';
import { readEnvironment } from '../../functions/environment.ts';
import { parsePlan } from '../../src/plan/index.ts';

describe('the environment', () => {
  test('is read with defaults', () => {
    expect(readEnvironment({ LAMBDA_TASK_ROOT: '/var/task', AWS_SESSION_TOKEN: 'token' })).toEqual({
      planFile: '/var/task/backup-plan.yml',
      logLevel: 'info',
      alertTopic: undefined,
      passphrase: undefined,
      passphraseSecret: undefined,
      secrets: { token: 'token', port: 2773 },
      scratch: '/tmp/tidemark',
    });
  });

  test('a wrong variable is refused by its name', () => {
    expect(() => readEnvironment({ TIDEMARK_LOG: 'loud' })).toThrow(/TIDEMARK_LOG/);
    expect(() => readEnvironment({ PARAMETERS_SECRETS_EXTENSION_HTTP_PORT: 'x' })).toThrow(
      /PARAMETERS_SECRETS_EXTENSION_HTTP_PORT/,
    );
  });
});

describe('the secrets extension', () => {
  const asked: (string | undefined)[][] = [];
  let answer: { status: number; body: string };
  let server: Server;
  const read = (name = 'node-network/db') =>
    extensionSecrets({ port: (server.address() as AddressInfo).port, token: 'session' })(name);

  beforeAll(async () => {
    server = createServer((request, response) => {
      asked.push([request.url, request.headers['x-aws-parameters-secrets-token'] as string]);
      response.writeHead(answer.status).end(answer.body);
    });
    await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve));
  });
  afterAll(() => server.close());

  test('is asked by name, with the session’s token', async () => {
    answer = { status: 200, body: JSON.stringify({ Name: 'node-network/db', SecretString: 'postgres://x' }) };
    expect(await read()).toBe('postgres://x');
    expect(asked).toEqual([['/secretsmanager/get?secretId=node-network%2Fdb', 'session']]);
  });

  test.each([
    [400, '{"__type":"ResourceNotFoundException"}', 'DatabaseRefused'],
    [403, 'AccessDenied', 'DatabaseRefused'],
    [200, '{"SecretBinary":"AA=="}', 'DatabaseRefused'],
    [200, 'no JSON', 'DatabaseRefused'],
    [400, 'not ready to serve traffic, please wait', 'DatabaseUnreachable'],
    [500, 'internal', 'DatabaseUnreachable'],
  ])('%i %s is %s', async (status, body, name) => {
    answer = { status, body };
    await expect(read()).rejects.toMatchObject({ name, hint: expect.any(String) });
  });

  test('that is not there is named as what is missing', async () => {
    await expect(extensionSecrets({ port: 9, token: '' })('x')).rejects.toMatchObject({
      name: 'DatabaseUnreachable',
      hint: expect.stringContaining('AWS-Parameters-and-Secrets-Lambda-Extension'),
    });
  });
});

describe('a secret', () => {
  test('on one machine is a variable', async () => {
    const read = variableSecrets({ TIDEMARK_SECRET_NODE_NETWORK_DB: 'postgres://y' });
    expect(await read('node-network/db')).toBe('postgres://y');
    await expect(read('other')).rejects.toMatchObject({ name: 'DatabaseRefused', hint: 'Set TIDEMARK_SECRET_OTHER.' });
  });

  test.each([
    ['postgres://a:b@c/d\n', 'postgres://a:b@c/d'],
    [
      '{"username":"a","password":"p@ss/w:rd","host":"h","port":5433,"dbname":"d"}',
      'postgres://a:p%40ss%2Fw%3Ard@h:5433/d',
    ],
    ['{"username":"a","password":"b","host":"h"}', 'postgres://a:b@h:5432/postgres'],
  ])('%s is a connection', (secret, connection) => {
    expect(connectionIn(secret, 'db')).toBe(connection);
  });

  test('that is neither is refused without being shown', () => {
    for (const secret of ['{"username":"a","password":"hunter2"}', '{"broken hunter2']) {
      expect(() => connectionIn(secret, 'db')).toThrow(
        expect.objectContaining({ name: 'DatabaseRefused', message: expect.not.stringContaining('hunter2') }),
      );
    }
  });
});

describe('sources', () => {
  const plan = parsePlan(
    `
plan: tests
timeZone: UTC
vault: { primary: { directory: /nowhere/vault }, sealing: none }
sources:
  - { id: data, kind: files, path: /nowhere/at/all }
  - { id: db, kind: postgres, connection: { secret: node-network/db } }
retention: { daily: 7 days, atLeast: 1 }
`,
    'backup-plan.yml',
  );
  const context = {} as never;

  test('are made once, when they are used', async () => {
    let read = 0;
    const made = sources(plan, async () => {
      read += 1;
      throw new Error('no secret');
    });
    expect(made.source('db')).toBe(made.source('db'));
    expect(read).toBe(0);
    await expect(made.source('db').split(context)).rejects.toThrow('no secret');
    await expect(made.source('db').split(context)).rejects.toThrow('no secret');
    expect(read).toBe(2); // what failed is tried again
  });

  test('that the plan does not have are refused with those it has', () => {
    expect(() => sources(plan, async () => '').source('dta')).toThrow(
      expect.objectContaining({ name: 'SourceUnknown', hint: 'It has: data, db.' }),
    );
  });

  test('of each kind are there for what the plan names no more', () => {
    const { sourceOfKind } = sources(plan, async () => '');
    for (const kind of ['files', 'git', 'postgres']) expect(sourceOfKind(kind).kind).toBe(kind);
    expect(() => sourceOfKind('tape')).toThrow(expect.objectContaining({ name: 'SourceUnknown' }));
    expect(() => sourceOfKind('toString')).toThrow(expect.objectContaining({ name: 'SourceUnknown' }));
  });

  test('a files source reaches the file system', async () => {
    await expect(
      sources(plan, async () => '')
        .source('data')
        .split({ deadline: { remaining: () => 1, passed: () => false } } as never),
    ).rejects.toMatchObject({
      name: 'SourceMissing',
    });
  });
});

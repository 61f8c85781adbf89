import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, chownSync, copyFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RunningPostgres } from '../../../local/postgres/server.ts';
import { postgresSource } from '../../../src/sources/postgres/index.ts';
import { capture, cleanUp, failure, folder, noPostgres, restore, restoreContext, server, sql } from './trial.ts';

const noOpenssl = spawnSync('openssl', ['version']).status !== 0;

/** A key and a certificate for `name` that signs itself. */
function certificate(name: string): { key: string; cert: string } {
  const made = folder();
  const [key, cert] = [join(made, 'server.key'), join(made, 'server.crt')];
  const subject = ['-subj', `/CN=${name}`, '-addext', `subjectAltName=DNS:${name}`, '-days', '2'];
  execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', key, '-out', cert, ...subject], {
    stdio: 'ignore',
  });
  return { key, cert };
}

describe.skipIf(noPostgres || noOpenssl)('a server that is encrypted to', () => {
  let running: RunningPostgres;
  let cert: string;
  let other: string;
  const at = (host: string, more: string) =>
    postgresSource({
      connection: `postgres://postgres:secret@${host}:${running.port}/network?${more}`,
      tools: [running.tools.folder],
    });

  beforeAll(async () => {
    const data = join(folder(), 'data');
    running = await server({ password: 'secret', dataDirectory: data });
    const made = certificate('localhost');
    [cert, other] = [made.cert, certificate('localhost').cert];
    for (const file of ['server.key', 'server.crt']) {
      const place = join(data, file);
      copyFileSync(file === 'server.key' ? made.key : made.cert, place);
      chmodSync(place, 0o600);
      chownSync(place, statSync(data).uid, statSync(data).gid);
    }
    await sql(running.url, 'create database network');
    await sql(running.url, `alter system set ssl = on`);
    await sql(running.url, `select pg_reload_conf()`);
    await sql(running.url, 'select pg_sleep(0.3)');
    expect(await sql(running.url, 'show ssl')).toEqual([{ ssl: 'on' }]);
    await sql(running.urlOf('network'), 'create table t as select generate_series(1, 100) as x');
  });
  afterAll(cleanUp);

  test.each([
    ['127.0.0.1', 'sslmode=disable'],
    ['127.0.0.1', 'sslmode=prefer'],
    ['127.0.0.1', 'sslmode=require'],
    ['127.0.0.1', 'sslmode=verify-ca&sslrootcert=CERT'],
    ['localhost', 'sslmode=verify-full&sslrootcert=CERT'],
  ])('by %s with %s is dumped and restored', async (host, mode) => {
    const source = at(host, mode.replace('CERT', cert));
    const captured = await capture(source);
    expect(captured.manifest.tables).toMatchObject([{ name: 't', rows: 100 }]);
    const target = `postgres://postgres:secret@${host}:${running.port}/again?${mode.replace('CERT', cert)}`;
    const context = restoreContext(captured, target);
    expect((await restore(source, context)).problems).toEqual([]);
    expect((await source.validate(context)).problems).toEqual([]);
    await source.discard(context);
  });

  test.each([
    ['127.0.0.1', 'sslmode=verify-full&sslrootcert=CERT', 'a certificate for another name'],
    ['localhost', 'sslmode=verify-full&sslrootcert=OTHER', 'a certificate of somebody else'],
    ['localhost', 'sslmode=verify-full', 'a certificate that nobody vouches for'],
    ['localhost', 'sslmode=require&sslrootcert=OTHER', 'require with a root certificate, as libpq does it'],
    ['localhost', 'sslmode=verify-full&sslrootcert=/nowhere.crt', 'a file that is not there'],
  ])('by %s with %s is refused: %s', async (host, mode) => {
    const source = at(host, mode.replace('CERT', cert).replace('OTHER', other));
    await failure(capture(source), 'DatabaseRefused');
  });
});

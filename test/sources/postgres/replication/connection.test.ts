import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RunningPostgres } from '../../../../local/postgres/server.ts';
import { parseConnection } from '../../../../src/sources/postgres/connection.ts';
import { openReplication, withReplication } from '../../../../src/sources/postgres/replication/connection.ts';
import { literal } from '../../../../src/sources/postgres/replication/messages.ts';
import { cleanUp, failure, folder, noPostgres, server, sql } from '../trial.ts';

const settings = { wal_level: 'replica', max_wal_senders: '3', max_replication_slots: '2', full_page_writes: 'on' };

describe.skipIf(noPostgres)('a replication connection', () => {
  let running: RunningPostgres;
  let data: string;
  const as = (user: string, database = 'postgres') =>
    parseConnection(`postgres://${user}:secret@127.0.0.1:${running.port}/${database}`);

  beforeAll(async () => {
    data = join(folder(), 'data');
    running = await server({ password: 'secret', dataDirectory: data, settings });
    await sql(
      running.url,
      `create role copier login replication password 'secret'; create role plain login password 'secret';
       create table numbers as select g, repeat('x', 500) as filling from generate_series(1, 40000) g`,
    );
  });
  afterAll(cleanUp);

  test('takes SQL and replication commands, one after the other', async () => {
    await withReplication(as('copier'), async (replication) => {
      const [system] = await replication.rows('IDENTIFY_SYSTEM');
      expect(system).toMatchObject({ timeline: '1', dbname: 'postgres' });
      expect(await replication.rows('SHOW data_checksums')).toEqual([{ data_checksums: 'on' }]);
      expect(await replication.rows(`select ${literal("it's")} as word, null as nothing; select 2 as last`)).toEqual([
        { last: '2' },
      ]);
      expect(await replication.query('select 1 as a; select 2 as b')).toEqual([
        { columns: ['a'], rows: [['1']] },
        { columns: ['b'], rows: [['2']] },
      ]);
    });
  });

  test('is good for more after a command that failed', async () => {
    await withReplication(as('copier'), async (replication) => {
      const error = await failure(replication.query('select nonsense'), 'DumpFailed');
      expect(error.message).toContain('column "nonsense" does not exist');
      expect(await replication.rows('select 1 as a')).toEqual([{ a: '1' }]);
    });
  });

  test('is not used for two commands at a time', async () => {
    await withReplication(as('copier'), async (replication) => {
      const first = replication.query('select pg_sleep(0.05)');
      await failure(replication.query('select 1'), 'Unexpected');
      await first;
    });
  });

  test('reads the log as it is written, and answers', async () => {
    await withReplication(as('copier'), async (replication) => {
      const [system] = await replication.rows('IDENTIFY_SYSTEM');
      const copy = await replication.copyBoth(`START_REPLICATION PHYSICAL ${system!.xlogpos} TIMELINE 1`);
      expect(copy.atHand()).toBeUndefined();
      await sql(running.url, 'insert into numbers values (0)');
      let found = false;
      while (!found) {
        const message = await copy.read(10_000);
        expect(message).toBeInstanceOf(Buffer);
        const bytes = message as Buffer;
        found = bytes[0] === 'w'.charCodeAt(0) && bytes.length > 25;
      }
      const status = Buffer.alloc(34);
      status.write('r');
      status[33] = 1; // answer at once, please
      copy.send(status);
      for (let answered = false; !answered; ) {
        const message = await copy.read(10_000);
        answered = (message as Buffer)[0] === 'k'.charCodeAt(0);
      }
      await copy.end();
      expect(await replication.rows('select 3 as still')).toEqual([{ still: '3' }]);
    });
  });

  test('a session that is ended on the server is told as that', async () => {
    await withReplication(as('copier'), async (replication) => {
      const [{ pid } = {}] = await replication.rows('select pg_backend_pid() as pid');
      const work = (async () => {
        for await (const event of replication.run("BASE_BACKUP (CHECKPOINT 'fast')")) {
          if (event.is === 'copy') await sql(running.url, `select pg_terminate_backend(${pid})`);
        }
      })();
      const error = await failure(work, 'DatabaseUnreachable');
      expect(error.message).toMatch(/ended the session|was lost/);
    });
  });

  test('a role without the right is told which one', async () => {
    const error = await failure(openReplication(as('plain')), 'DatabaseRefused');
    expect(error.hint).toBe('As superuser on the server: ALTER ROLE "plain" REPLICATION;');
  });

  test('senders that are all taken are told', async () => {
    const taken = [];
    try {
      for (let at = 0; at < 3; at += 1) taken.push(await openReplication(as('copier')));
      const error = await failure(openReplication(as('copier')), 'DatabaseRefused');
      expect(error.hint).toContain('Set max_wal_senders higher');
    } finally {
      for (const one of taken) one.close();
    }
  });

  test('a login that pg_hba.conf lacks a line for is told the line', async () => {
    const file = join(data, 'pg_hba.conf');
    const before = readFileSync(file, 'utf8');
    try {
      writeFileSync(file, `host all postgres 127.0.0.1/32 scram-sha-256\n`);
      await sql(running.url, 'select pg_reload_conf()');
      // the server takes the new file in its own time
      let error: (Error & { hint?: string | undefined }) | undefined;
      for (let tries = 0; error === undefined && tries < 100; tries += 1) {
        await sql(running.url, 'select pg_sleep(0.02)');
        error = await failure(openReplication(as('copier')), 'DatabaseRefused').catch(() => undefined);
      }
      expect(error?.hint).toMatch(
        /^Add to pg_hba.conf: host "\w+" "copier" 127\.0\.0\.1\/32 scram-sha-256; then SELECT pg_reload_conf\(\);$/,
      );
    } finally {
      writeFileSync(file, before);
      await sql(running.url, 'select pg_reload_conf()');
    }
  });

  test('nobody there, a wrong password and a database that is not there are what they always are', async () => {
    await failure(openReplication(parseConnection('postgres://a:b@127.0.0.1:1/x')), 'DatabaseUnreachable');
    await failure(
      openReplication(parseConnection(`postgres://copier:wrong@127.0.0.1:${running.port}/postgres`)),
      'DatabaseRefused',
    );
    await failure(openReplication(as('copier', 'nowhere')), 'SourceMissing');
  });
});

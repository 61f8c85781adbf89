import { chownSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fingerprintDatabase, fingerprintDifferences } from '../../../../local/postgres/fingerprint.ts';
import { fillNodeNetwork } from '../../../../local/postgres/node-network.ts';
import type { RunningPostgres } from '../../../../local/postgres/server.ts';
import type { Source } from '../../../../src/sources/port.ts';
import { physicalSource } from '../../../../src/sources/postgres/physical/index.ts';
import { cleanUp, folder, installed, sql, use } from '../trial.ts';
import { type CapturedServer, captureServer, physicalServer, restoreServer, says, startOn } from './trial.ts';

const capable = installed.filter((tools) => tools.major >= 15);
const versions = [...new Map(capable.map((tools) => [tools.major, tools])).values()];

afterAll(cleanUp);

describe.skipIf(versions.length === 0).each(versions)('a base backup of PostgreSQL $version', (tools) => {
  let running: RunningPostgres;
  let source: Source;
  let dataDirectory: string;
  let captured: CapturedServer;

  beforeAll(async () => {
    ({ running, source, dataDirectory } = await physicalServer(tools));
    const elsewhere = join(folder(), 'elsewhere');
    mkdirSync(elsewhere, { mode: 0o700 });
    const { uid, gid } = statSync(dataDirectory);
    chownSync(elsewhere, uid, gid);
    await sql(running.url, 'create database network');
    await fillNodeNetwork(running.urlOf('network'), { megabytes: 3 });
    await sql(running.url, `create tablespace elsewhere location '${elsewhere}'`);
    await sql(
      running.urlOf('network'),
      `create table far tablespace elsewhere as select g, md5(g::text) as sum from generate_series(1, 5000) g;
       create unlogged table fleeting as select g from generate_series(1, 1000) g;
       create table empty (nothing int)`,
    );
    captured = await captureServer(source);
  });

  test('is restored as the server that it was taken of', async () => {
    const context = await restoreServer(source, captured);
    const report = await source.validate(context);
    expect(report.problems).toEqual([]);
    expect(report.checked.manifestFiles).toBeGreaterThan(900);
    expect(report.checked.pages).toBeGreaterThan(1000);
    expect(statSync(context.target).mode & 0o777).toBe(0o700);
    const verified = says(tools, 'pg_verifybackup', '--no-parse-wal', context.target);
    if (verified !== undefined) expect(verified).toMatch(/backup successfully verified$/);

    const restored = await startOn(context.target, tools).catch((e) => {
      console.log(e.context.stderr);
      throw e;
    });
    const [before, after] = await Promise.all([
      fingerprintDatabase(running.urlOf('network')),
      fingerprintDatabase(restored.urlOf('network')),
    ]);
    const differences = fingerprintDifferences(before, after).filter((line) => !line.includes('fleeting'));
    expect(differences).toEqual([]);
    expect(Object.keys(before.tables).length).toBeGreaterThan(5);
    expect(await sql(restored.urlOf('network'), 'select count(*)::int, max(sum) from far')).toEqual(
      await sql(running.urlOf('network'), 'select count(*)::int, max(sum) from far'),
    );
    // unlogged tables are empty after a crash, and after this
    expect(await sql(restored.urlOf('network'), 'select count(*)::int from fleeting')).toEqual([{ count: 0 }]);
    const [{ oid }] = (await sql(restored.url, "select oid::text from pg_tablespace where spcname = 'elsewhere'")) as [
      { oid: string },
    ];
    expect(readdirSync(join(context.target, 'pg_tblspc', oid))).toHaveLength(1);
  });

  test('is of one moment, whatever is written meanwhile', async () => {
    await sql(
      running.urlOf('network'),
      `create table accounts as select g as id, 1000 as balance from generate_series(1, 2000) g;
       create table moves (at bigserial primary key, away int, to_whom int, amount int)`,
    );
    // in the server, as this process is busy; each move is a transaction of its own
    const batch = `do $$ declare one int; other int; begin
      for i in 1 .. 50 loop
        one := 1 + random() * 1999; other := 1 + random() * 1999;
        update accounts set balance = balance - i where id = one;
        update accounts set balance = balance + i where id = other;
        insert into moves (away, to_whom, amount) values (one, other, i);
        commit;
      end loop; end $$`;
    let [done, batches] = [false, 0];
    const moving = use(running.urlOf('network'), async (client) => {
      for (; !done; batches += 1) {
        await client.query(batch);
        await client.query('checkpoint'); // recovery has to begin before these, as the label of the backup says
      }
    });
    const slowly = physicalSource({ connection: running.url, maxRate: 40_000_000 });
    const busy = await captureServer(slowly).finally(() => {
      done = true;
    });
    await moving;
    expect(batches).toBeGreaterThan(2);

    const context = await restoreServer(source, busy);
    expect((await source.validate(context)).problems).toEqual([]);
    const restored = await startOn(context.target, tools);
    const [found] = (await sql(
      restored.urlOf('network'),
      `select (select sum(balance) from accounts)::int as total, (select count(*) from moves)::int as moves,
              (select max(at) from moves)::int as last,
              (select count(*) from accounts a where balance <> 1000
                 + coalesce((select sum(amount) from moves where to_whom = a.id), 0)
                 - coalesce((select sum(amount) from moves where away = a.id), 0))::int as wrong`,
    )) as [{ total: number; moves: number; last: number; wrong: number }];
    expect(found).toMatchObject({ total: 2_000_000, wrong: 0 });
    expect(found.moves).toBeGreaterThan(0);
    expect(found.last).toBe(found.moves); // none of them is missing in between
    await restored.stop('immediate');
  });
});

import { chownSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fingerprintDatabase, fingerprintDifferences } from '../../../../local/postgres/fingerprint.ts';
import { fillNodeNetwork } from '../../../../local/postgres/node-network.ts';
import type { RunningPostgres } from '../../../../local/postgres/server.ts';
import type { Source } from '../../../../src/sources/port.ts';
import { cleanUp, folder, installed, sql } from '../trial.ts';
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
});

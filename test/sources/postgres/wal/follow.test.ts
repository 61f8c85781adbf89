/** The log of real servers, followed by runs and restored to moments. */
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { everyPostgres } from '../../../../local/postgres/find.ts';
import type { RunningPostgres } from '../../../../local/postgres/server.ts';
import { withClient } from '../../../../src/sources/postgres/client.ts';
import { parseConnection } from '../../../../src/sources/postgres/connection.ts';
import { physicalSource } from '../../../../src/sources/postgres/physical/index.ts';
import { physicalServer, startOn } from '../physical/trial.ts';
import { cleanUp, folder } from '../trial.ts';
import { LogTrial } from './log-trial.ts';

const all = (await everyPostgres()).filter(({ major }) => major >= 15);
const [tools] = all;

const sql = async (server: RunningPostgres, ...statements: string[]): Promise<string[][]> =>
  withClient(parseConnection(server.url), async (client) => {
    let rows: string[][] = [];
    for (const text of statements)
      rows = (await client.query({ text, rowMode: 'array' })).rows.map((row: unknown[]) => row.map(String));
    return rows;
  });

afterAll(cleanUp);

const clock = `select to_char(clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`;
const slot = 'tidemark_test_db';
/** What was acknowledged is durable. */
const sure = { synchronous_commit: 'on' };

describe.skipIf(!tools)('the log of a server', () => {
  test('is followed by runs, and every moment in its window can be restored', async () => {
    const { running } = await physicalServer(tools!, { ...sure, max_slot_wal_keep_size: '1GB' });
    const trial = new LogTrial(physicalSource({ connection: running.url, slot }));
    await expect(trial.run('logs')).rejects.toMatchObject({ name: 'RestorePointMissing' });
    await sql(running, 'create table t (n int)', 'insert into t values (0)');
    await trial.run('full');
    await sql(running, 'insert into t values (1)');
    const [[one]] = (await sql(running, clock)) as [[string]];
    await sql(running, 'insert into t values (2)', `select pg_create_restore_point('before it went wrong')`);
    const first = (await trial.run('logs'))!;
    expect(first.totals.files).toBeGreaterThan(900);
    // the server itself may have had something to write down once more
    for (let more = 0; more < 3 && trial.adopted === 0; more += 1) await trial.run('logs');
    expect(trial.adopted).toBe(1);
    await sql(running, 'truncate t');
    const second = (await trial.run('logs'))!;
    expect(second.details).toMatchObject({ walTimeline: 1, base: trial.snapshots[0]!.details.base });
    const at = async (moment: string): Promise<string> => {
      const target = join(folder(), 'restored');
      await trial.restore(moment, target);
      const restored = await startOn(target, tools!);
      const rows = await sql(restored, `select string_agg(n::text, ',' order by n), pg_is_in_recovery() from t`);
      await restored.stop();
      return rows[0]!.join(' ');
    };
    expect(await at(one)).toBe('0,1 false');
    expect(await at('point:before it went wrong')).toBe('0,1,2 false');
    expect(await at('latest')).toBe('null false');
  }, 60_000);
});

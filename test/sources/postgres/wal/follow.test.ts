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
import { LogTrial, recovered } from './log-trial.ts';

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
      const restored = await recovered(await startOn(target, tools!));
      const rows = await sql(restored, `select string_agg(n::text, ',' order by n), pg_is_in_recovery() from t`);
      await restored.stop();
      return rows[0]!.join(' ');
    };
    expect(await at(one)).toBe('0,1 false');
    expect(await at('point:before it went wrong')).toBe('0,1,2 false');
    expect(await at('latest')).toBe('null false');
  }, 60_000);

  test('that the server no longer has is an error that says what to do, and the next base heals it', async () => {
    const { running } = await physicalServer(tools!, sure);
    const trial = new LogTrial(physicalSource({ connection: running.url, slot }));
    await sql(running, 'create table t (n int)');
    await trial.run('full');
    await sql(running, 'insert into t values (1)');
    await trial.run('logs');
    await sql(running, `select pg_drop_replication_slot('${slot}')`);
    for (let segment = 0; segment < 4; segment += 1) {
      await sql(running, 'insert into t values (2)', 'select pg_switch_wal()', 'checkpoint');
    }
    await expect(trial.run('logs')).rejects.toMatchObject({
      name: 'WalLost',
      hint: expect.stringContaining('tidemark backup --cadence full'),
    });
    await trial.run('full');
    await sql(running, 'insert into t values (3)');
    const healed = (await trial.run('logs'))!;
    expect(healed.details.base).toBe(trial.snapshots.at(-2)!.details.base);
    expect(trial.snapshots.map(({ cadence }) => cadence)).toEqual(['full', 'logs', 'full', 'logs']);
  }, 60_000);

  test('is kept by the slot from what the vault holds, and no further', async () => {
    const { running } = await physicalServer(tools!, sure);
    const trial = new LogTrial(physicalSource({ connection: running.url, slot }));
    const kept = async (): Promise<string> =>
      (
        await sql(
          running,
          `select pg_walfile_name(restart_lsn + 1) from pg_replication_slots where slot_name = '${slot}'`,
        )
      )[0]![0]!;
    await sql(running, 'create table t (n int)');
    await trial.run('full');
    await sql(running, 'insert into t values (1)', 'select pg_switch_wal()', 'insert into t values (2)');
    const [[written]] = (await sql(running, 'select pg_walfile_name(pg_current_wal_flush_lsn())')) as [[string]];
    await trial.run('logs');
    // what that run read is in no vault as far as the server knows
    expect((await kept()) < written).toBe(true);
    await sql(running, 'insert into t values (3)');
    await trial.run('logs');
    expect(await kept()).toBe(written);
  }, 60_000);
});

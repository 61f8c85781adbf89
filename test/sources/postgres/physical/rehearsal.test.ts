import { chmodSync, closeSync, existsSync, openSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RunningPostgres } from '../../../../local/postgres/server.ts';
import type { RestoreContext } from '../../../../src/sources/port.ts';
import { parseConnection } from '../../../../src/sources/postgres/connection.ts';
import { physicalSource } from '../../../../src/sources/postgres/physical/index.ts';
import { rehearse } from '../../../../src/sources/postgres/physical/restore/rehearse.ts';
import { cleanUp, installed, lines, sql } from '../trial.ts';
import { type CapturedServer, captureServer, physicalServer, restoreServer } from './trial.ts';

const tools = installed.find(({ major }) => major >= 15);

afterAll(cleanUp);

describe.skipIf(tools === undefined)('the rehearsal of a base backup', () => {
  let running: RunningPostgres;
  let captured: CapturedServer;
  let harmed: string;
  const source = (folders?: readonly string[]) =>
    physicalSource({ connection: running.url, ...(folders && { tools: folders }) });
  const here = () => source([tools!.folder]);

  beforeAll(async () => {
    ({ running } = await physicalServer(tools!));
    await sql(running.url, 'create database second');
    await sql(running.urlOf('second'), 'create table there as select g from generate_series(1, 1000) g');
    // a setting that would keep it from starting here
    await sql(running.url, `alter system set shared_preload_libraries = 'not_on_this_machine'`);
    [{ file: harmed }] = (await sql(
      running.url,
      `create table harmed as select g, repeat('x', 300) as filling from generate_series(1, 3000) g;
       create index on harmed (g); checkpoint; select pg_relation_filepath('harmed') as file`,
    )) as [{ file: string }];
    captured = await captureServer(here());
  });

  async function restored(): Promise<RestoreContext> {
    return { ...(await restoreServer(here(), captured)), rehearsal: true };
  }

  test('starts the server of that version, reads every table, and can be thrown away', async () => {
    const context = await restored();
    const report = await here().validate(context);
    expect(report.problems).toEqual([]);
    expect(report.checked).toMatchObject({ servers: 1, databases: 3 });
    expect(report.checked.rows).toBeGreaterThan(4000);
    expect(report.checked.tables).toBeGreaterThan(180);
    expect(existsSync(join(context.target, 'postmaster.pid'))).toBe(false);
    await here().discard(context);
    expect(existsSync(context.target)).toBe(false);
  });

  test('a restore that is no rehearsal starts nothing', async () => {
    const { rehearsal: _, ...context } = await restored();
    const report = await here().validate(context);
    expect(report.checked.servers).toBeUndefined();
    expect(await here().validate(context)).toEqual(report); // nothing has changed by it
  });

  test('without a server of that version it is the comparison alone, and the log says so', async () => {
    lines.length = 0;
    const report = await source(['/nowhere']).validate(await restored());
    expect(report.problems).toEqual([]);
    expect(report.checked.servers).toBeUndefined();
    expect(lines.join('\n')).toContain(
      `there is no server of PostgreSQL ${Number(captured.details.major)} on this machine`,
    );
  });

  test.skipIf(process.getuid?.() !== 0)(
    'where the owner of the files cannot get at them, the log says what to set',
    async () => {
      lines.length = 0;
      const context = await restored();
      chmodSync(dirname(context.target), 0o700);
      const report = await here().validate(context);
      expect(report.problems).toEqual([]);
      expect(report.checked.servers).toBeUndefined();
      expect(lines.join('\n')).toContain('TIDEMARK_SCRATCH');
    },
  );

  test('a table that cannot be read fails it', async () => {
    const context = await restored();
    const validated = await here().validate({ ...context, rehearsal: false });
    expect(validated.problems).toEqual([]);
    // after the comparison, as only a disk would do it that lies
    const fd = openSync(join(context.target, harmed), 'r+');
    writeSync(fd, 'HARM', 8192 * 7 + 5000);
    closeSync(fd);
    const { problems } = await rehearse([tools!.folder], parseConnection(running.url), context);
    expect(problems.length).toBeGreaterThan(0);
    expect(problems[0]).toMatchObject({ path: 'postgres: harmed' });
    expect(problems[0]!.what).toMatch(/invalid page in block 7/);
  });

  test('a server that does not start fails it, with its reason', async () => {
    const context = await restored();
    const fd = openSync(join(context.target, 'global/pg_control'), 'r+');
    writeSync(fd, 'HARM', 100);
    closeSync(fd);
    const { checked, problems } = await rehearse([tools!.folder], parseConnection(running.url), context);
    expect(checked).toEqual({ servers: 0 });
    expect(problems[0]!.what).toMatch(/^the server did not start on it: (?:FATAL|PANIC)/);
  });
});

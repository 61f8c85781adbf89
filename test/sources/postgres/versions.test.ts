import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fingerprintDatabase, fingerprintDifferences } from '../../../local/postgres/fingerprint.ts';
import { fillNodeNetwork } from '../../../local/postgres/node-network.ts';
import type { RunningPostgres } from '../../../local/postgres/server.ts';
import { postgresSource } from '../../../src/sources/postgres/index.ts';
import { chooseTools } from '../../../src/sources/postgres/tools.ts';
import {
  type Captured,
  capture,
  cleanUp,
  failure,
  folder,
  installed,
  restore,
  restoreContext,
  server,
  sql,
} from './trial.ts';

const oldest = [...installed].sort((a, b) => a.major - b.major)[0];
const newest = [...installed].sort((a, b) => b.major - a.major)[0];
const several = oldest !== undefined && newest !== undefined && oldest.major < newest.major;

afterAll(cleanUp);

describe.skipIf(!several)(`F4: PostgreSQL ${oldest?.version} and ${newest?.version}`, () => {
  let [older, newer]: RunningPostgres[] = [];
  let ofOlder: Captured;
  let ofNewer: Captured;
  const from = (running: RunningPostgres, ...folders: string[]) =>
    postgresSource({ connection: running.urlOf('network'), tools: folders });

  beforeAll(async () => {
    [older, newer] = await Promise.all([server({ tools: oldest! }), server({ tools: newest! })]);
    for (const running of [older!, newer!]) {
      await sql(running.url, 'create database network');
      await fillNodeNetwork(running.urlOf('network'), { megabytes: 1 });
    }
    ofOlder = await capture(from(older!, oldest!.folder));
    ofNewer = await capture(from(newer!, newest!.folder));
  });

  test('F4: a server that is newer than pg_dump is refused, before anything is dumped', async () => {
    const error = await failure(capture(from(newer!, oldest!.folder)), 'ToolMissing');
    expect(error.message).toContain(
      `version ${newest!.major} or newer are needed for a server of version ${newest!.version}; here is only ${oldest!.version}`,
    );
    expect(error.hint).toContain(`postgresql-client-${newest!.major}`);
    expect(error.retry).toBe('never');
  });

  test('F4: of several, the oldest tools that fit are taken, so that the dump can be read by as many as possible', async () => {
    const both = [newest!.folder, oldest!.folder];
    expect((await capture(from(older!, ...both))).manifest.tool.major).toBe(oldest!.major);
    expect((await capture(from(newer!, ...both))).manifest.tool.major).toBe(newest!.major);
  });

  test('F4: a dump is restored to a newer server, and is the same there', async () => {
    const source = from(newer!, oldest!.folder, newest!.folder);
    const context = restoreContext(ofOlder, newer!.urlOf('from_older'));
    expect((await restore(source, context)).problems).toEqual([]);
    expect((await source.validate(context)).problems).toEqual([]);
    const [before, after] = [
      await fingerprintDatabase(older!.urlOf('network')),
      await fingerprintDatabase(newer!.urlOf('from_older')),
    ];
    expect(after.tables).toEqual(before.tables);
    // Newer servers have a right more, and write the same view in other words.
    const differences = fingerprintDifferences(before, after).filter(
      (line) => !/may MAINTAIN|view network\./.test(line),
    );
    expect(differences).toEqual([]);
  });

  test('F4: a dump is not restored to an older server, nor with tools that cannot read it', async () => {
    const source = from(older!, newest!.folder);
    const error = await failure(source.checkTarget(restoreContext(ofNewer, older!.urlOf('back'))), 'TargetUnusable');
    expect(error.message).toContain(`is PostgreSQL ${oldest!.version}; the snapshot is of ${newest!.version}`);
    const old = from(newer!, oldest!.folder);
    await failure(old.checkTarget(restoreContext(ofNewer, newer!.urlOf('again'))), 'ToolMissing');
  });

  test('F3: newer tools set what an older server does not know, which is harmless, and nothing else is', async () => {
    const source = from(older!, newest!.folder);
    const captured = await capture(source);
    expect(captured.manifest.tool.major).toBe(newest!.major);
    const context = restoreContext(captured, older!.urlOf('by_newer_tools'));
    expect((await restore(source, context)).problems).toEqual([]);
    expect((await source.validate(context)).problems).toEqual([]);
  });

  test('the newest comes back whole too', async () => {
    const source = from(newer!, newest!.folder);
    const context = restoreContext(ofNewer, newer!.urlOf('again'));
    expect((await restore(source, context)).problems).toEqual([]);
    expect((await source.validate(context)).problems).toEqual([]);
    expect(
      fingerprintDifferences(
        await fingerprintDatabase(newer!.urlOf('network')),
        await fingerprintDatabase(newer!.urlOf('again')),
      ),
    ).toEqual([]);
  });
});

describe('tools', () => {
  test('that are nowhere are missing, and it says how to get them', async () => {
    const error = await failure(chooseTools([join(folder(), 'none')], 17, 'for a test'), 'ToolMissing');
    expect(error.message).toContain('nowhere to be found');
    expect(error.hint).toContain('apt-get install postgresql-client-17');
  });
});

import { chownSync, mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fingerprintDatabase, fingerprintDifferences } from '../../../../local/postgres/fingerprint.ts';
import type { RunningPostgres } from '../../../../local/postgres/server.ts';
import type { Source } from '../../../../src/sources/port.ts';
import { Changes } from '../../../../src/sources/postgres/physical/capture/changes.ts';
import { readBackupManifest } from '../../../../src/sources/postgres/physical/manifest.ts';
import { readWhole } from '../../../../src/sources/postgres/physical/restore/view.ts';
import { cleanUp, failure, folder, installed, lines, sql } from '../trial.ts';
import {
  type CapturedServer,
  captureServer,
  pages,
  physicalServer,
  previousOf,
  restoreServer,
  says,
  startOn,
} from './trial.ts';

const tools = installed.find(({ major }) => major >= 17);

afterAll(cleanUp);

describe.skipIf(tools === undefined)('what has changed since a base backup', () => {
  let running: RunningPostgres;
  let source: Source;
  let full: CapturedServer;
  let changed: CapturedServer;
  let dataDirectory: string;

  beforeAll(async () => {
    ({ running, source, dataDirectory } = await physicalServer(tools!));
    await sql(running.url, 'alter system set summarize_wal = on');
    await sql(running.url, 'select pg_reload_conf()');
    const elsewhere = join(folder(), 'elsewhere');
    mkdirSync(elsewhere, { mode: 0o700 });
    const { uid, gid } = statSync(dataDirectory);
    chownSync(elsewhere, uid, gid);
    await sql(running.url, `create tablespace elsewhere location '${elsewhere}'`);
    await sql(
      running.url,
      `create table large as select g, md5(g::text) as sum, repeat('x', 200) as filling from generate_series(1, 60000) g;
       create table shrinking as select g, repeat('y', 200) as filling from generate_series(1, 20000) g;
       create table growing as select g, repeat('z', 200) as filling from generate_series(1, 5000) g;
       create table far tablespace elsewhere as select g, md5(g::text) as sum from generate_series(1, 20000) g;
       create table dropped as select g from generate_series(1, 5000) g;
       create table emptied as select g from generate_series(1, 5000) g`,
    );
    await sql(running.url, 'vacuum');
    full = await captureServer(source);
    await sql(
      running.url,
      `update large set sum = 'changed' where g % 5000 = 0;
       delete from shrinking where g > 5000;
       insert into growing select g, repeat('z', 200) from generate_series(5001, 9000) g;
       update far set sum = 'changed too' where g = 10000;
       drop table dropped; truncate emptied; create table born as select g from generate_series(1, 2000) g`,
    );
    await sql(running.url, 'vacuum shrinking');
    changed = await captureServer(source, { cadence: 'incremental', previous: previousOf(full) }, full.content);
  });

  async function expectSame(captured: CapturedServer): Promise<void> {
    const context = await restoreServer(source, captured);
    expect((await source.validate(context)).problems).toEqual([]);
    const verified = says(tools!, 'pg_verifybackup', '--no-parse-wal', context.target);
    if (verified !== undefined) expect(verified).toMatch(/backup successfully verified$/);
    const restored = await startOn(context.target, tools!);
    const [before, after] = await Promise.all([fingerprintDatabase(running.url), fingerprintDatabase(restored.url)]);
    expect(fingerprintDifferences(before, after)).toEqual([]);
    expect(await sql(restored.url, 'select count(*)::int from growing')).toEqual(
      await sql(running.url, 'select count(*)::int from growing'),
    );
    await restored.stop('immediate');
  }

  test('is all that the server sends, and the snapshot restores alone', async () => {
    expect(full.details.sent).toBe('all');
    expect(changed.details.sent).toBe('changes');
    expect(changed.totals.bytes).toBeGreaterThan(40_000_000);
    expect(changed.totals.read).toBeLessThan(full.totals.read / 2);
    await expectSame(changed);
  });

  test('a page that has not changed is the blob that it was', async () => {
    const [{ file, size }] = (await sql(
      running.url,
      `select pg_relation_filepath('large') as file, pg_relation_size('large')::int as size`,
    )) as [{ file: string; size: number }];
    const blobsIn = async ({ root, content }: CapturedServer): Promise<string[]> => {
      let { entries } = await content.tree(root);
      let entry = entries.find(({ name }) => name === 'data')!;
      for (const part of file.split('/')) {
        ({ entries } = await content.tree(entry.tree!));
        entry = entries.find(({ name }) => name === part)!;
      }
      const all: string[] = [];
      for await (const ids of content.blobsOf(entry)) all.push(...ids);
      return all;
    };
    const [before, after] = [await blobsIn(full), await blobsIn(changed)];
    expect(after.length).toBe(size / 8192);
    const same = before.filter((id, at) => after[at] === id).length;
    expect(same).toBeGreaterThan(before.length - 40);
    expect(same).toBeLessThan(before.length);
  });

  test('is taken again and again, each time of the snapshot before', async () => {
    let last = changed;
    for (const round of [1, 2]) {
      await sql(
        running.url,
        `insert into growing select g, 'round ${round}' from generate_series(1, 3000) g; delete from large where g % 7 = ${round}`,
      );
      last = await captureServer(source, { cadence: 'incremental', previous: previousOf(last) }, last.content);
      expect(last.details.sent).toBe('changes');
    }
    await expectSame(last);
    // nobody has read all of a file of which pages came, and its checksum is not made up
    const entry = (await last.content.tree(last.root)).entries.find(({ name }) => name === 'backup_manifest')!;
    const { files } = readBackupManifest(await readWhole(last.content, entry));
    expect(files.some(({ path }) => path.includes('INCREMENTAL'))).toBe(false);
    const without = files.filter(({ sha256 }) => sha256 === undefined);
    expect(without.length).toBeGreaterThan(1);
    expect(without.length).toBeLessThan(60);
  });

  test('pages that the vault does not vouch for any more are stored again', async () => {
    const content = pages();
    const reader = full.content;
    const previous = { ...previousOf(full), reader };
    const moved = await captureServer(source, { cadence: 'incremental', previous }, content);
    expect(moved.details.sent).toBe('changes');
    expect(content.blobs.size).toBeGreaterThan(2000);
    expect((await source.validate(await restoreServer(source, moved))).problems).toEqual([]);
  });

  test('all is sent where it has to be', async () => {
    const previous = previousOf(full);
    const asked = await captureServer(source, { cadence: 'full', previous }, full.content);
    expect(asked.details.sent).toBe('all');
    const details = { ...full.details, systemIdentifier: '1' };
    const ofAnother = { ...previous, details };
    const other = await captureServer(source, { cadence: 'incremental', previous: ofAnother }, full.content);
    expect(other.details.sent).toBe('all');
  });

  test('a server that has lost its summary sends all, and says why', async () => {
    const summarize = async (value: 'on' | 'off') => {
      await sql(running.url, `alter system set summarize_wal = ${value}`);
      await sql(running.url, 'select pg_reload_conf()');
      const known = async () => (await sql(running.url, 'show summarize_wal'))[0]!.summarize_wal;
      for (let tries = 0; (await known()) !== value && tries < 200; tries += 1)
        await sql(running.url, 'select pg_sleep(0.02)');
    };
    await summarize('off');
    lines.length = 0;
    const captured = await captureServer(
      source,
      { cadence: 'incremental', previous: previousOf(changed) },
      full.content,
    );
    expect(captured.details.sent).toBe('all');
    expect(lines.join('\n')).toContain('ALTER SYSTEM SET summarize_wal = on');

    // and when it keeps one again, with a gap in it
    const summaries = join(dataDirectory, 'pg_wal/summaries');
    for (const name of readdirSync(summaries)) rmSync(join(summaries, name));
    await sql(running.url, 'create table unseen as select g from generate_series(1, 1000) g; select pg_switch_wal()');
    await summarize('on');
    lines.length = 0;
    const again = await captureServer(source, { cadence: 'incremental', previous: previousOf(changed) }, full.content);
    expect(again.details.sent).toBe('all');
    expect(lines.join('\n')).toMatch(/all-is-sent.*summar/);
  });
});

describe('a file of changes', () => {
  const page = 8192;
  function file(numbers: number[], shortest: number, bodies = numbers.length): Buffer {
    const length = 12 + 4 * numbers.length;
    const head = Buffer.alloc(numbers.length === 0 ? 12 : Math.ceil(length / page) * page);
    [0xd3ae1f0d, numbers.length, shortest, ...numbers].forEach((value, at) => {
      head.writeUInt32LE(value, at * 4);
    });
    return Buffer.concat([head, ...Array.from({ length: bodies }, (_, at) => Buffer.alloc(page, at + 1))]);
  }

  test.each([1, 100, 8191, 8192, 100_000])('is read in pieces of %i', (step) => {
    const content = pages();
    const changes = new Changes(content, page, 'x');
    const bytes = file([2, 5, 9], 7);
    const from = step === 1 ? bytes.length - 1 : 0;
    if (from > 0) changes.write(bytes.subarray(0, from));
    for (let at = from; at < bytes.length; at += step) changes.write(bytes.subarray(at, at + step));
    const { blobs, pages: length } = changes.end();
    expect([...blobs.keys()]).toEqual([2, 5, 9]);
    expect(content.blobs.get(blobs.get(5)!)).toEqual(Buffer.alloc(page, 2));
    expect(length).toBe(10);
  });

  test('without a page says how long the file is', () => {
    const changes = new Changes(pages(), page, 'x');
    changes.write(file([], 7));
    expect(changes.end()).toEqual({ blobs: new Map(), pages: 7, page });
  });

  test.each([
    ['that is none', Buffer.alloc(page * 2, 1)],
    ['that ends in its head', file([1, 2], 3).subarray(0, 100)],
    ['that lacks a page', file([1, 2], 3, 1)],
    ['that has a page too many', file([1], 3, 2)],
    ['that ends in a page', file([1], 3).subarray(0, page + 100)],
  ])('%s is refused', async (_, bytes) => {
    const read = async () => {
      const changes = new Changes(pages(), page, 'x');
      changes.write(bytes);
      changes.end();
    };
    await failure(read(), 'DumpFailed');
  });
});

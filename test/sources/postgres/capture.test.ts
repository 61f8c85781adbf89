import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fillNodeNetwork } from '../../../local/postgres/node-network.ts';
import type { RunningPostgres } from '../../../local/postgres/server.ts';
import type { Source } from '../../../src/sources/port.ts';
import { postgresSource } from '../../../src/sources/postgres/index.ts';
import { MemoryContent } from '../memory-content.ts';
import {
  type Captured,
  capture,
  cleanUp,
  failure,
  fileOf,
  folder,
  lines,
  noPostgres,
  server,
  shortDeadline,
  sql,
  toolsWith,
  use,
} from './trial.ts';

let running: RunningPostgres;
let url: string;

beforeAll(async () => {
  if (noPostgres) return;
  running = await server({ password: 'p@ss/word:1' });
  await sql(running.url, 'create database network');
  url = running.urlOf('network');
  await fillNodeNetwork(url, { megabytes: 8 });
});
afterAll(cleanUp);

const tools = () => [running.tools.folder];
const source = (more: object = {}): Source => postgresSource({ connection: url, tools: tools(), ...more });

/** A sink that calls `once` when the first bytes have arrived. */
function interrupted(once: () => Promise<void>): MemoryContent {
  const content = new MemoryContent();
  let called: Promise<void> | undefined;
  content.drain = () => {
    called ??= once();
    return called;
  };
  return content;
}

describe.skipIf(noPostgres)('a snapshot of a database', () => {
  let captured: Captured;
  beforeAll(async () => {
    captured = await capture(source());
  });

  test('is three files: dump, roles and manifest', () => {
    const tree = JSON.parse(captured.content.blobs.get(captured.root)!.toString());
    expect(
      tree.entries.map((entry: { name: string; mode: number; mtime: string }) => [entry.name, entry.mode, entry.mtime]),
    ).toEqual([
      ['database.dump', 0o600, '1773576000000000000'],
      ['globals.sql', 0o600, '1773576000000000000'],
      ['manifest.json', 0o600, '1773576000000000000'],
    ]);
    const sizes = ['database.dump', 'globals.sql', 'manifest.json'].map(
      (name) => fileOf(captured.content, captured, name).length,
    );
    expect(captured.totals.bytes).toBe(sizes.reduce((sum, size) => sum + size));
    expect(captured.totals.files).toBe(3);
    expect(captured.problems).toEqual([]);
  });

  test('says what it was taken of, and how', () => {
    const { manifest } = captured;
    expect(manifest).toMatchObject({
      capturedAt: '2026-03-15T12:00:00.000Z',
      consistency: 'one transaction snapshot',
      server: { version: running.tools.version },
      tool: { version: running.tools.version },
      database: { name: 'network', owner: 'postgres', encoding: 'UTF8', collate: 'C.UTF-8', localeProvider: 'libc' },
      rolePasswords: 'included',
      warnings: [],
    });
    expect(manifest.database.bytes).toBeGreaterThan(8_000_000);
    expect(manifest.extensions.map((extension) => extension.name)).toEqual(['pg_trgm', 'plpgsql']);
    expect(manifest.roles).toEqual(['node_network_app', 'node_network_owner', 'node_network_reader', 'postgres']);
  });

  test('holds as many rows of each table as the server counts', async () => {
    const { manifest } = captured;
    expect(manifest.tables.map((table) => table.name)).toContain('measurements_2026_01');
    for (const { schema, name, rows, counted } of manifest.tables) {
      const [found] = await sql<{ rows: string }>(url, `select count(*) as rows from only "${schema}"."${name}"`);
      expect([name, rows, counted]).toEqual([name, Number(found!.rows), 'server']);
    }
    expect(captured.details).toMatchObject({ tables: manifest.tables.length, database: 'network' });
  });

  test('counts large tables in the dump, so that the server does not read them twice', async () => {
    const { manifest } = await capture(source({ countUpTo: 1_000_000 }));
    expect(manifest.tables.find((table) => table.name === 'events')?.counted).toBe('dump');
    expect(manifest.tables.find((table) => table.name === 'snippets')?.counted).toBe('server');
    const rows = (tables: Captured['manifest']['tables']) => tables.map((table) => [table.name, table.rows]);
    expect(rows(manifest.tables)).toEqual(rows(captured.manifest.tables));
  });

  test('brings the roles, with the hashes of their passwords', () => {
    const globals = fileOf(captured.content, captured, 'globals.sql').toString();
    expect(globals).toContain('CREATE ROLE node_network_app;');
    expect(globals).toMatch(/ALTER ROLE node_network_app WITH .* PASSWORD 'SCRAM-SHA-256\$/);
  });

  test('changes little when little has changed', async () => {
    await sql(running.url, 'create database twice template network');
    const twice = postgresSource({ connection: running.urlOf('twice'), tools: tools() });
    const content = new MemoryContent({ piece: 4096 });
    const first = await capture(twice, {}, content);
    const before = content.stored;
    await sql(running.urlOf('twice'), `update network.snippets set title = 'changed' where id = 2000`);
    await capture(twice, {}, content);
    // The memory content cuts at fixed lengths; only what lies behind the change is new, and it is at the end of its table.
    expect(content.stored - before).toBeLessThan(first.totals.bytes / 2);
  });

  test('is of one moment, whatever is written meanwhile', async () => {
    await sql(running.url, 'create database busy template network');
    const busy = running.urlOf('busy');
    await sql(
      busy,
      'create table network.zz_pairs as select 0 as sum; create table network.aa_pairs as select 0 as sum',
    );
    const content = interrupted(async () => {
      // The dump has begun. What happens now must be in no table of it.
      await sql(
        busy,
        'insert into network.aa_pairs values (1); insert into network.zz_pairs values (1); delete from network.events',
      );
    });
    const before = await sql<{ rows: string }>(busy, 'select count(*) as rows from network.events');
    const { manifest } = await capture(postgresSource({ connection: busy, tools: tools() }), {}, content);
    const rows = Object.fromEntries(manifest.tables.map((table) => [table.name, table.rows]));
    expect(rows).toMatchObject({ aa_pairs: 1, zz_pairs: 1, events: Number(before[0]!.rows) });
  });

  test('is of the moment at which its transaction began, also when pg_dump begins later', async () => {
    await sql(running.url, 'create database later template network');
    const [begun, go] = [join(folder(), 'begun'), join(folder(), 'go')];
    const waiting = toolsWith(running.tools, {
      pg_dump: `touch ${begun}; while [ ! -e ${go} ]; do sleep 0.02; done; exec "$real" "$@"`,
    });
    const work = capture(postgresSource({ connection: running.urlOf('later'), tools: [waiting] }));
    await expect.poll(() => existsSync(begun), { timeout: 10_000 }).toBe(true);
    await sql(running.urlOf('later'), 'delete from network.snippets where id < 100');
    writeFileSync(go, '');
    expect((await work).manifest.tables.find((table) => table.name === 'snippets')?.rows).toBe(2000);
  });

  test('waits for the sink when it is told to', async () => {
    const content = new MemoryContent();
    let waits = 0;
    content.drain = () => {
      waits += 1;
      return waits % 10 === 0 ? new Promise((resolve) => setTimeout(resolve, 1)) : undefined;
    };
    const slow = await capture(source(), {}, content);
    expect(waits).toBeGreaterThan(20);
    expect(fileOf(content, slow, 'database.dump').length).toBe(
      fileOf(captured.content, captured, 'database.dump').length,
    );
  });

  test('an empty database has a snapshot too', async () => {
    await sql(running.url, 'create database nothing');
    const empty = await capture(postgresSource({ connection: running.urlOf('nothing'), tools: tools() }));
    expect(empty.manifest.tables).toEqual([]);
    expect(empty.totals.files).toBe(3);
  });

  test('odd names are no trouble', async () => {
    const name = `it's = "odd" \\ näme`;
    await use(running.url, (client) => client.query(`create database ${client.escapeIdentifier(name)}`));
    const odd = running.urlOf(name);
    await sql(
      odd,
      `create table "a b.c" ("x y" int); insert into "a b.c" values (1), (2); create schema "Ünï"; create table "Ünï"."T" ()`,
    );
    const { manifest } = await capture(postgresSource({ connection: odd, tools: tools() }));
    expect(manifest.database.name).toBe(name);
    expect(manifest.tables.map(({ schema, name: table, rows }) => [schema, table, rows])).toEqual([
      ['public', 'a b.c', 2],
      ['Ünï', 'T', 0],
    ]);
  });
});

describe.skipIf(noPostgres)('the password', () => {
  test('is in no argument, no log line and no error', async () => {
    const seen = join(folder(), 'seen');
    const spying = toolsWith(running.tools, {
      pg_dump: `echo "$0 $@" >> ${seen}; exec "$real" "$@"`,
      pg_dumpall: `echo "$0 $@" >> ${seen}; echo "password is $PGPASSWORD" >&2; exit 3`,
    });
    const error = await failure(capture(source({ tools: [spying] })), 'DumpFailed');
    const everything = [readFileSync(seen, 'utf8'), lines.join('\n'), JSON.stringify(error), error.message].join('\n');
    expect(everything).toContain('--format=custom');
    expect(everything).toContain('password is ***');
    for (const form of ['p@ss/word:1', encodeURIComponent('p@ss/word:1')]) expect(everything).not.toContain(form);
  });
});

describe.skipIf(noPostgres)('A1: a dump that fails is a failure, and nothing is published', () => {
  test('A1: pg_dump is killed half way', async () => {
    const pid = join(folder(), 'pid');
    const named = toolsWith(running.tools, { pg_dump: `echo $$ > ${pid}; exec "$real" "$@"` });
    const content = interrupted(async () => {
      process.kill(Number(readFileSync(pid, 'utf8')), 'SIGKILL');
    });
    const error = await failure(capture(source({ tools: [named] }), {}, content), 'DumpFailed');
    expect(error.message).toContain('pg_dump was killed by SIGKILL');
    expect(error.context).toMatchObject({ signal: 'SIGKILL' });
  });

  test('A1: pg_dump ends with an error', async () => {
    const failing = toolsWith(running.tools, {
      pg_dump: `"$real" "$@" | head -c 300000; echo "pg_dump: error: out of luck" >&2; exit 1`,
    });
    const error = await failure(capture(source({ tools: [failing] })), 'DumpFailed');
    expect(error.message).toBe('pg_dump ended with exit code 1: pg_dump: error: out of luck');
    expect(error.context.stderr).toContain('out of luck');
  });

  test('A1: pg_dumpall ends with an error, or without its last line', async () => {
    const failing = toolsWith(running.tools, { pg_dumpall: `"$real" "$@"; exit 2` });
    await failure(capture(source({ tools: [failing] })), 'DumpFailed');
    const cut = toolsWith(running.tools, { pg_dumpall: `"$real" "$@" | head -c 400` });
    expect((await failure(capture(source({ tools: [cut] })), 'DumpFailed')).message).toContain(
      '400 bytes lack their last line',
    );
  });

  test('A1: the server is stopped during the dump', async () => {
    const doomed = await server();
    await sql(doomed.url, 'create table t as select i, md5(i::text) as x from generate_series(1, 200000) i');
    const content = interrupted(() => doomed.stop('immediate'));
    const work = capture(postgresSource({ connection: doomed.url, tools: tools() }), {}, content);
    const error = await work.then(
      () => undefined,
      (thrown) => thrown,
    );
    expect(['DumpFailed', 'DatabaseUnreachable']).toContain(error?.name);
  });

  test('A1: nobody listens', async () => {
    const away = postgresSource({ connection: 'postgres://somebody:secret@127.0.0.1:1/network', tools: tools() });
    const error = await failure(capture(away), 'DatabaseUnreachable');
    expect(error.message).toContain('127.0.0.1:1');
    expect(error.hint).toContain('Check host and port');
    expect(error.retry).toBe('later');
    const nowhere = postgresSource({ connection: 'postgres://somebody@nowhere.invalid/network', tools: tools() });
    await failure(capture(nowhere), 'DatabaseUnreachable');
  });

  test('A1: the password is wrong', async () => {
    const wrong = postgresSource({
      connection: `postgres://postgres:wrong@127.0.0.1:${running.port}/network`,
      tools: tools(),
    });
    const error = await failure(capture(wrong), 'DatabaseRefused');
    expect(error.message).toBe(`127.0.0.1:${running.port} does not accept the password of postgres`);
    expect(error.retry).toBe('never');
    const none = postgresSource({
      connection: `postgres://postgres@127.0.0.1:${running.port}/network`,
      tools: tools(),
    });
    await failure(capture(none), 'DatabaseRefused');
    const nobody = postgresSource({
      connection: `postgres://nobody_here:x@127.0.0.1:${running.port}/network`,
      tools: tools(),
    });
    await failure(capture(nobody), 'DatabaseRefused');
  });

  test('A1: there is no such database', async () => {
    const missing = postgresSource({ connection: running.urlOf('netwrok'), tools: tools() });
    const error = await failure(capture(missing), 'SourceMissing');
    expect(error.message).toContain('netwrok');
    expect(error.hint).toContain('network');
  });

  test('A1: the user may not read one of the tables', async () => {
    await sql(running.url, 'create database rights template network');
    await sql(
      running.urlOf('rights'),
      `create role dumper login password 'dump-it'; grant pg_read_all_data to dumper; grant connect on database rights to dumper;
       create table public.open (x int); create table public.closed (x int); insert into closed values (1);
       revoke pg_read_all_data from dumper; grant usage on schema network to dumper;
       grant select on all tables in schema network to dumper; grant select on all sequences in schema network to dumper;
       grant select on public.open to dumper`,
    );
    const as = postgresSource({
      connection: `postgres://dumper:dump-it@127.0.0.1:${running.port}/rights`,
      tools: tools(),
    });
    const error = await failure(capture(as), 'DatabaseRefused');
    expect(error.message).toContain('public.closed (no right to read)');
    expect(error.message).not.toContain('public.open');
    expect(error.hint).toContain('GRANT pg_read_all_data TO "dumper"');

    await sql(
      running.urlOf('rights'),
      'grant select on public.closed to dumper; alter table public.closed enable row level security',
    );
    expect((await failure(capture(as), 'DatabaseRefused')).message).toContain('row security hides rows');

    await sql(running.urlOf('rights'), 'drop table public.closed');
    const { manifest } = await capture(as);
    expect(manifest.rolePasswords).toBe('left out');
  });

  test('A1: a right is missing that only pg_dump needs', async () => {
    await sql(running.url, 'create database large');
    await sql(
      running.urlOf('large'),
      `select lo_from_bytea(0, 'content'); create role lo_dumper login password 'dump-it'`,
    );
    const as = postgresSource({
      connection: `postgres://lo_dumper:dump-it@127.0.0.1:${running.port}/large`,
      tools: tools(),
    });
    const error = await failure(capture(as), 'DumpFailed');
    expect(error.context.stderr).toMatch(/permission denied/);
  });
});

describe.skipIf(noPostgres)('A2: an ending that looks good is not believed', () => {
  test('A2: no bytes at all', async () => {
    const silent = toolsWith(running.tools, { pg_dump: 'exit 0' });
    expect((await failure(capture(source({ tools: [silent] })), 'DumpFailed')).message).toContain('it is empty');
  });

  test('A2: something that is no dump', async () => {
    const chatty = toolsWith(running.tools, { pg_dump: 'echo "pg_dump: everything is fine"' });
    expect((await failure(capture(source({ tools: [chatty] })), 'DumpFailed')).message).toContain(
      'not a dump in custom format',
    );
  });

  test('A2: a dump of another format', async () => {
    const plain = toolsWith(running.tools, { pg_dump: 'exec "$real" --format=tar' });
    await failure(capture(source({ tools: [plain] })), 'DumpFailed');
  });
});

describe.skipIf(noPostgres)('A3: a dump that was cut is refused although every exit code is 0', () => {
  test.each([500, 20_000, 300_000, 2_000_000])('A3: after %i bytes', async (bytes) => {
    const cutting = toolsWith(running.tools, { pg_dump: `"$real" "$@" 2>/dev/null | head -c ${bytes}; exit 0` });
    expect((await failure(capture(source({ tools: [cutting] })), 'DumpFailed')).message).toContain(
      'the dump is not whole',
    );
  });

  test('A3: rows are missing from a dump that is whole', async () => {
    // Another table of the same name with fewer rows stands for a dump that lost some.
    await sql(running.url, 'create database fewer template network');
    await sql(running.urlOf('fewer'), 'delete from network.snippets where id = 1');
    const fewer = toolsWith(running.tools, { pg_dump: 'PGDATABASE=fewer exec "$real" --format=custom --compress=0' });
    const error = await failure(capture(source({ tools: [fewer] })), 'DumpFailed');
    expect(error.message).toBe('the dump holds 1999 rows of network.snippets, the database 2000 at the same moment');
  });

  test('A3: a table is missing from a dump that is whole', async () => {
    await sql(running.url, 'create database without template network');
    await sql(running.urlOf('without'), 'drop table network.snippets');
    const without = toolsWith(running.tools, {
      pg_dump: 'PGDATABASE=without exec "$real" --format=custom --compress=0',
    });
    const captured = await capture(source({ tools: [without] }));
    expect(captured.problems).toEqual([{ path: 'network.snippets', what: 'is in the database and not in the dump' }]);
  });
});

describe.skipIf(noPostgres)('time and locks', () => {
  test('a deadline that passes during the dump ends it, and says what to raise', async () => {
    const content = new MemoryContent();
    content.drain = () => new Promise((resolve) => setTimeout(resolve, 20));
    const error = await failure(capture(source(), { deadline: shortDeadline(600) }, content), 'DeadlineExceeded');
    expect(error.hint).toContain('Give the function more time or memory');
    const sessions = async () =>
      sql(running.url, `select pid from pg_stat_activity where datname = 'network' and pid <> pg_backend_pid()`);
    await expect.poll(sessions, { timeout: 5000 }).toEqual([]);
  });

  test('a table that somebody has locked is waited for, and not for ever', async () => {
    await use(url, async (client) => {
      await client.query('begin; lock table network.snippets in access exclusive mode');
      const error = await failure(capture(source(), { deadline: shortDeadline(1500) }), 'DumpFailed');
      expect(error.hint).toContain('keeps a table locked');
      await client.query('rollback');
    });
  });
});

test.skipIf(noPostgres)('a server that cannot be encrypted to is refused when encryption is asked for', async () => {
  const demanding = postgresSource({ connection: `${url}?sslmode=require`, tools: tools() });
  const error = await failure(capture(demanding), 'DatabaseRefused');
  expect(error.message).toContain('SSL');
});

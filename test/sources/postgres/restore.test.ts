import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fingerprintDatabase, fingerprintDifferences } from '../../../local/postgres/fingerprint.ts';
import { fillNodeNetwork } from '../../../local/postgres/node-network.ts';
import type { RunningPostgres } from '../../../local/postgres/server.ts';
import { encodeTree, type TreeEntry } from '../../../src/format/tree.ts';
import type { Source } from '../../../src/sources/port.ts';
import { postgresSource } from '../../../src/sources/postgres/index.ts';
import {
  type Captured,
  capture,
  cleanUp,
  failure,
  fileOf,
  folder,
  lines,
  noPostgres,
  restore,
  restoreContext,
  server,
  shortDeadline,
  sql,
  toolsWith,
} from './trial.ts';

let running: RunningPostgres;
let source: Source;
let captured: Captured;
let original: Awaited<ReturnType<typeof fingerprintDatabase>>;
let names = 0;

beforeAll(async () => {
  if (noPostgres) return;
  running = await server();
  await sql(running.url, 'create database network');
  await fillNodeNetwork(running.urlOf('network'), { megabytes: 1 });
  await sql(
    running.urlOf('network'),
    `create table network.papers (id int, body bytea); insert into network.papers select i, decode(md5(i::text), 'hex') from generate_series(1, 50) i;
     alter table network.papers enable row level security; create policy mine on network.papers using (id < 10);
     create statistics network.papers_statistics on id, body from network.papers;
     create function public."odd name"(a network.node_kind, b text[]) returns int language sql as 'select 1';
     select lo_from_bytea(0, 'a large object');`,
  );
  for (const statement of [
    `alter database network set search_path = network, "$user", public`,
    `alter database network set application_name = 'it''s \\ odd'`,
    `alter role node_network_app in database network set work_mem = '8MB'`,
    `grant create on database network to node_network_app with grant option`,
    `revoke connect on database network from public`,
    `comment on database network is 'the network''s own'`,
    `alter database network connection limit 50`,
    `alter database network owner to node_network_owner`,
  ]) {
    await sql(running.url, statement);
  }
  source = postgresSource({ connection: running.urlOf('network'), tools: [running.tools.folder] });
  captured = await capture(source);
  original = await fingerprintDatabase(running.urlOf('network'));
});
afterAll(cleanUp);

const fresh = () => {
  names += 1;
  return running.urlOf(`again_${names}`);
};
/** The snapshot with one of its files replaced. */
async function altered(name: string, text: string, from = captured): Promise<Captured> {
  const bytes = Buffer.from(text);
  const { entries } = await from.content.tree(from.root);
  const blob = from.content.put(bytes, 'data');
  const changed = entries.map((entry) =>
    entry.name === name ? { ...entry, size: bytes.length, blobs: [blob], lists: undefined } : entry,
  );
  return { ...from, root: from.content.put(encodeTree({ entries: changed as TreeEntry[] }), 'tree') };
}
const databases = async (on = running) =>
  (await sql<{ name: string }>(on.url, 'select datname as name from pg_database order by 1')).map((row) => row.name);
const about = (url: string) =>
  sql(
    url,
    `select d.datdba::regrole::text as owner, (select array_agg(a order by a) from unnest(d.datacl::text[]) a) as rights, d.datconnlimit as sessions, d.datcollate as locale,
            shobj_description(d.oid, 'pg_database') as comment,
            (select array_agg(coalesce(nullif(s.setrole, 0)::regrole::text, '') || ' ' || o order by o)
             from pg_db_role_setting s, unnest(s.setconfig) o where s.setdatabase = d.oid and o not like 'application_name=tidemark-%') as settings
     from pg_database d where datname = current_database()`,
  );

describe.skipIf(noPostgres)('a whole database', () => {
  test('comes back with every row, index, constraint, view, function, comment and right', async () => {
    const target = fresh();
    const context = restoreContext(captured, target);
    const outcome = await restore(source, context);
    expect(outcome).toEqual({ done: true, problems: [], restored: { files: 3, bytes: captured.totals.bytes } });
    expect(fingerprintDifferences(original, await fingerprintDatabase(target))).toEqual([]);
    expect(await about(target)).toEqual(await about(running.urlOf('network')));
    expect(await databases()).not.toContainEqual(expect.stringContaining('tidemark_restoring'));

    const report = await source.validate(context);
    expect(report.problems).toEqual([]);
    const rows = captured.manifest.tables.reduce((sum, table) => sum + table.rows, 0);
    expect(report.checked).toMatchObject({ tables: captured.manifest.tables.length, rows, sequences: 4 });
    expect(report.checked.objects).toBeGreaterThan(40);
  });

  test('comes back into an empty database that is there', async () => {
    await sql(running.url, 'create database waiting');
    const context = restoreContext(captured, running.urlOf('waiting'));
    expect((await restore(source, context)).problems).toEqual([]);
    expect(fingerprintDifferences(original, await fingerprintDatabase(running.urlOf('waiting')))).toEqual([]);
    expect((await source.validate(context)).problems).toEqual([]);
  });

  test('F2: comes back into an empty cluster whose superuser has another name', async () => {
    const other = await server({ superuser: 'chief' });
    const target = other.urlOf('network');
    const context = restoreContext(captured, target);
    expect((await restore(source, context)).problems).toEqual([]);
    expect(fingerprintDifferences(original, await fingerprintDatabase(target))).toEqual([]);
    expect((await source.validate(context)).problems).toEqual([]);
    const [role] = await sql(
      other.url,
      `select rolcanlogin, rolconnlimit, rolpassword, shobj_description('node_network_owner'::regrole, 'pg_authid') as comment,
      pg_has_role('node_network_app', 'node_network_reader', 'member') as member, rolconfig from pg_roles join pg_authid using (rolname) where rolname = 'node_network_app'`
        .replace('rolpassword', 'pg_authid.rolpassword')
        .replace('rolcanlogin, rolconnlimit', 'pg_authid.rolcanlogin, pg_authid.rolconnlimit'),
    );
    expect(role).toMatchObject({
      rolcanlogin: true,
      rolconnlimit: 20,
      member: true,
      rolconfig: ['statement_timeout=30s'],
      comment: 'Owns the schema of the node network',
    });
    const [there] = await sql<{ hash: string }>(
      running.url,
      `select rolpassword as hash from pg_authid where rolname = 'node_network_app'`,
    );
    expect(role!.rolpassword).toBe(there!.hash);
    // The password works: it is the very hash.
    await sql(`postgres://node_network_app:not-a-secret@127.0.0.1:${other.port}/postgres`, 'select 1');
    await other.stop('immediate');
  });

  test('F2: roles that exist are left as they are', async () => {
    const other = await server();
    await sql(other.url, `create role node_network_app login password 'of today' connection limit 3`);
    const context = restoreContext(captured, other.urlOf('network'));
    expect((await restore(source, context)).problems).toEqual([]);
    const [role] = await sql(
      other.url,
      `select rolconnlimit, rolconfig, pg_has_role('node_network_app', 'node_network_reader', 'member') as member from pg_roles where rolname = 'node_network_app'`,
    );
    // A role that is new here gets its members back, as the snapshot gives them no more than it did.
    expect(role).toEqual({ rolconnlimit: 3, rolconfig: null, member: true });
    await sql(
      `postgres://node_network_app:${encodeURIComponent('of today')}@127.0.0.1:${other.port}/postgres`,
      'select 1',
    );
    await other.stop('immediate');
  });

  test('F2: a user who is no superuser, as on managed databases, brings back all but the power of superusers', async () => {
    const other = await server({ superuser: 'chief' });
    await sql(other.url, `create role builder login createdb createrole password 'build-it'`);
    const target = `postgres://builder:build-it@127.0.0.1:${other.port}/network`;
    const context = restoreContext(captured, target);
    const { problems } = await restore(source, context);
    expect(problems[0]).toEqual({
      path: 'role postgres',
      what: 'was made without SUPERUSER, REPLICATION, BYPASSRLS, which only a superuser can give',
    });
    // Robbed of its power, that role may not even own what it owned; all else is as it was.
    for (const { what } of problems.slice(1)) expect(what).toMatch(/^permission denied .* OWNER TO postgres;\)$/);
    const differences = fingerprintDifferences(original, await fingerprintDatabase(other.urlOf('network')));
    expect(differences.filter((line) => !/owner (builder|postgres)|right on network.papers/.test(line))).toEqual([]);
    expect((await source.validate({ ...context, target: other.urlOf('network') })).problems).toEqual([]);
    // What it had to be a member of for that, it is no more.
    expect(await sql(other.url, `select * from pg_auth_members where member = 'builder'::regrole`)).toEqual([]);
    await source.discard(context);
    expect(await databases(other)).not.toContain('network');
    await other.stop('immediate');
  });

  test('nothing is overwritten without being told to', async () => {
    await sql(running.url, 'create database taken');
    await sql(running.urlOf('taken'), 'create table mine (x int); insert into mine values (1)');
    const context = restoreContext(captured, running.urlOf('taken'));
    const error = await failure(source.checkTarget(context), 'TargetNotEmpty');
    expect(error.message).toContain('public.mine');
    await failure(source.restore(undefined, context), 'TargetNotEmpty');
    expect(await sql(running.urlOf('taken'), 'select x from mine')).toEqual([{ x: 1 }]);
  });

  test.each([
    ['a function', 'create function f() returns int language sql as $$ select 1 $$'],
    ['a type', `create type t as enum ('a')`],
    ['a schema', 'create schema s'],
    ['a large object', 'select lo_from_bytea(0, $$x$$)'],
    ['a view', 'create view v as select 1'],
  ])('a database with %s is not empty', async (_what, statement) => {
    const url = fresh();
    await sql(running.url, `create database "${new URL(url).pathname.slice(1)}"`);
    await sql(url, statement);
    await failure(source.checkTarget(restoreContext(captured, url)), 'TargetNotEmpty');
  });

  test('told to overwrite, it keeps what was there under another name', async () => {
    await sql(running.url, 'create database replaced');
    await sql(running.urlOf('replaced'), 'create table mine (x int); insert into mine values (7)');
    const context = restoreContext(captured, running.urlOf('replaced'), { overwrite: true });
    expect((await restore(source, context)).problems).toEqual([]);
    expect(fingerprintDifferences(original, await fingerprintDatabase(running.urlOf('replaced')))).toEqual([]);
    expect(await sql(running.urlOf('replaced_before_20260316t083000z'), 'select x from mine')).toEqual([{ x: 7 }]);
    expect(lines.some((line) => line.includes('database-moved-aside') && line.includes('replaced_before_'))).toBe(true);
  });

  test('a failed restore leaves nothing behind, and what was there as it was', async () => {
    await sql(running.url, 'create database kept');
    await sql(running.urlOf('kept'), 'create table mine (x int)');
    const before = await databases();
    const killing = toolsWith(running.tools, { pg_restore: `head -c 2000000 | "$real" "$@" & sleep 0.3; kill -9 $$` });
    const failing = postgresSource({ connection: running.urlOf('network'), tools: [killing] });
    const error = await failure(
      restore(failing, restoreContext(captured, running.urlOf('kept'), { overwrite: true })),
      'RestoreFailed',
    );
    expect(error.message).toContain('pg_restore was killed by SIGKILL');
    expect(await databases()).toEqual(before);
    expect(await sql(running.urlOf('kept'), 'select * from mine')).toEqual([]);
  });

  test('a deadline that passes ends it, and leaves nothing behind', async () => {
    const before = await databases();
    const slow = toolsWith(running.tools, { pg_restore: `cat | "$real" "$@"; exec sleep 5` });
    const late = postgresSource({ connection: running.urlOf('network'), tools: [slow] });
    const context = restoreContext(captured, fresh(), { deadline: shortDeadline(400) });
    await failure(restore(late, context), 'DeadlineExceeded');
    expect(await databases()).toEqual(before);
  });

  test('a dump that is damaged in the vault is not restored', async () => {
    const blobs = new Map(captured.content.blobs);
    const tree = await captured.content.tree(captured.root);
    const [list] = tree.entries[0]!.lists ?? [];
    const ids =
      list === undefined
        ? tree.entries[0]!.blobs!
        : (JSON.parse(blobs.get(list)!.toString()) as { blobs: string[] }).blobs;
    const lost = ids[Math.floor(ids.length / 2)]!;
    captured.content.blobs.delete(lost);
    const before = await databases();
    await expect(restore(source, restoreContext(captured, fresh()))).rejects.toThrow();
    captured.content.blobs.set(lost, blobs.get(lost)!);
    expect(await databases()).toEqual(before);
  });
});

describe.skipIf(noPostgres)('F3: what pg_restore complains about', () => {
  test('F3: is reported line by line, and the rest is restored', async () => {
    const target = fresh();
    // The first statement that makes a view fails, as it would when an extension is of another version.
    const breaking = toolsWith(running.tools, {
      pg_restore: `"$real" "$@" 2>&1 | cat >&2; echo 'pg_restore: from TOC entry 228; 1259 16 VIEW busy_nodes node_network_owner' >&2
        echo 'pg_restore: error: could not execute query: ERROR:  function nowhere() does not exist' >&2
        echo 'Command was: CREATE VIEW network.busy_nodes AS' >&2; echo 'pg_restore: warning: errors ignored on restore: 1' >&2; exit 1`,
    });
    const complaining = postgresSource({ connection: running.urlOf('network'), tools: [breaking] });
    const outcome = await restore(complaining, restoreContext(captured, target));
    expect(outcome.problems).toEqual([
      {
        path: 'VIEW busy_nodes node_network_owner',
        what: 'function nowhere() does not exist (CREATE VIEW network.busy_nodes AS)',
      },
    ]);
  });

  test('F3: when nothing at all can be made, that is what is said', async () => {
    const url = fresh();
    const name = new URL(url).pathname.slice(1);
    await sql(running.url, `create database ${name}`);
    await sql(running.url, `alter database ${name} set default_transaction_read_only = on`);
    const { problems } = await restore(source, restoreContext(captured, url));
    expect(problems.length).toBeGreaterThan(40);
    expect(problems).toContainEqual({
      path: 'TABLE nodes node_network_owner',
      what: 'cannot execute CREATE TABLE in a read-only transaction (CREATE TABLE network.nodes ()',
    });
    const report = await source.validate(restoreContext(captured, url));
    expect(report.problems.some((problem) => problem.path === 'network.nodes')).toBe(true);
  });

  test('F3: roles that the dump names and the globals do not are made, so that nothing fails for lack of them', async () => {
    const other = await server({ superuser: 'chief' });
    const globals = fileOf(captured.content, captured, 'globals.sql').toString();
    const without = globals.replace(/^.*node_network_reader.*$/gm, '').replace(/^.*ROLE postgres\b.*$/gm, '');
    const outcome = await restore(
      source,
      restoreContext(await altered('globals.sql', without), other.urlOf('network')),
    );
    expect(outcome.problems).toEqual([]);
    const roles = await sql(
      other.url,
      `select rolname as role, rolcanlogin as login from pg_roles where rolname in ('node_network_reader', 'postgres') order by 1`,
    );
    expect(roles).toEqual([
      { role: 'node_network_reader', login: false },
      { role: 'postgres', login: false },
    ]);
    await other.stop('immediate');
  });

  test("F2: a provider's own roles are not brought to other servers, except by name where the dump needs them", async () => {
    const other = await server({ superuser: 'chief' });
    const globals = `${fileOf(captured.content, captured, 'globals.sql')}
      CREATE ROLE rdsadmin; ALTER ROLE rdsadmin WITH SUPERUSER LOGIN; CREATE ROLE rds_superuser; ALTER ROLE rds_superuser WITH CREATEROLE;
      GRANT rdsadmin TO rds_superuser;`;
    const changed = await altered('globals.sql', globals);
    const manifest = { ...captured.manifest, roles: [...captured.manifest.roles, 'rds_superuser'] };
    const both = await altered('manifest.json', JSON.stringify(manifest), changed);
    expect((await restore(source, restoreContext(both, other.urlOf('network')))).problems).toEqual([]);
    expect(
      await sql(
        other.url,
        `select rolname as role, rolsuper or rolcreaterole or rolcanlogin as power from pg_roles where rolname like 'rds%'`,
      ),
    ).toEqual([{ role: 'rds_superuser', power: false }]);
    await other.stop('immediate');
  });
});

describe.skipIf(noPostgres)('single tables', () => {
  const withTables = async (...tables: string[]) => {
    const url = fresh();
    const outcome = await restore(source, restoreContext(captured, url, { paths: tables }));
    return { url, outcome };
  };
  const count = async (url: string, table: string) =>
    Number((await sql<{ rows: string }>(url, `select count(*) as rows from ${table}`))[0]!.rows);

  test('one comes with its rows, indexes, constraints, trigger, comments and rights', async () => {
    const { url, outcome } = await withTables('network.nodes');
    expect(outcome.problems).toEqual([]);
    const print = await fingerprintDatabase(url);
    expect(print.tables).toEqual({ 'network.nodes': original.tables['network.nodes'] });
    const lines = original.objects.filter(
      (line) => /network\.nodes\b/.test(line) && !/busy_nodes|kinds|links|events|measure|snippets|papers/.test(line),
    );
    expect(lines.length).toBeGreaterThan(15);
    for (const line of lines) expect(print.objects).toContain(line);
    expect(print.sequences['network.nodes_id_seq']).toBe(original.sequences['network.nodes_id_seq']);
    expect((await source.validate(restoreContext(captured, url, { paths: ['network.nodes'] }))).problems).toEqual([]);
  });

  test('a name without its schema is enough when there is only one', async () => {
    const { url } = await withTables('snippets', 'papers');
    expect(await count(url, 'network.snippets')).toBe(2000);
    const print = await fingerprintDatabase(url);
    expect(print.tables['network.papers']).toBe(original.tables['network.papers']);
    const [row] = await sql(
      url,
      `select relrowsecurity, (select count(*) from pg_policy)::int as policies, (select count(*) from pg_statistic_ext)::int as statistics from pg_class where relname = 'papers'`,
    );
    expect(row).toEqual({ relrowsecurity: true, policies: 1, statistics: 1 });
  });

  test('a partitioned table comes with its partitions', async () => {
    const { url, outcome } = await withTables('network.measurements');
    expect(outcome.problems).toEqual([]);
    expect(await count(url, 'network.measurements')).toBe(28_000);
    expect(
      (await source.validate(restoreContext(captured, url, { paths: ['network.measurements'] }))).checked.tables,
    ).toBe(3);
  });

  test('a foreign key to a table that is not there is left out, and said so', async () => {
    const { url, outcome } = await withTables('network.links');
    expect(outcome.problems).toEqual([]);
    expect(await sql(url, `select conname from pg_constraint where contype = 'f'`)).toEqual([]);
    expect(lines.some((line) => line.includes('foreign-keys-left-out') && line.includes('links_from_fkey'))).toBe(true);
    const both = await withTables('network.links', 'network.nodes');
    expect(await sql(both.url, `select conname from pg_constraint where contype = 'f' order by 1`)).toEqual([
      { conname: 'links_from_fkey' },
      { conname: 'links_to_fkey' },
    ]);
  });

  test('one that was dropped comes back into its database, where the others go on', async () => {
    await sql(running.url, 'create database living template network');
    const url = running.urlOf('living');
    await sql(url, `drop table network.links cascade; insert into network.snippets (id) values (999999)`);
    const context = restoreContext(captured, url, { paths: ['network.links'] });
    expect((await restore(source, context)).problems).toEqual([]);
    expect((await source.validate(context)).problems).toEqual([]);
    const print = await fingerprintDatabase(url);
    expect(print.tables['network.links']).toBe(original.tables['network.links']);
    expect(await count(url, 'network.snippets')).toBe(2001);
    expect(
      await sql(
        url,
        `select conname from pg_constraint where contype = 'f' and conrelid = 'network.links'::regclass order by 1`,
      ),
    ).toHaveLength(2);
  });

  test('one that is there is not replaced without being told to; then the old one is kept', async () => {
    await sql(running.url, 'create database spoilt template network');
    const url = running.urlOf('spoilt');
    await sql(url, `update network.snippets set title = 'spoilt'`);
    const context = restoreContext(captured, url, { paths: ['network.snippets'] });
    expect((await failure(source.checkTarget(context), 'TargetNotEmpty')).message).toContain('network.snippets');
    const told = { ...context, overwrite: true };
    expect((await restore(source, told)).problems).toEqual([]);
    expect((await fingerprintDatabase(url)).tables['network.snippets']).toBe(original.tables['network.snippets']);
    expect(await sql(url, `select distinct title from tidemark_before_20260316t083000z.snippets`)).toEqual([
      { title: 'spoilt' },
    ]);
  });

  test('one that others hold on to is not replaced', async () => {
    const url = running.urlOf('network');
    const error = await failure(
      source.checkTarget(restoreContext(captured, url, { paths: ['network.nodes'], overwrite: true })),
      'TargetUnusable',
    );
    expect(error.message).toMatch(/foreign key links_from_fkey of network.links/);
    expect(error.message).toMatch(/view network.busy_nodes/);
    const partition = restoreContext(captured, url, { paths: ['network.measurements_rest'], overwrite: true });
    expect((await failure(source.checkTarget(partition), 'TargetUnusable')).message).toContain(
      'partitioned table network.measurements',
    );
  });

  test('one that the snapshot does not hold is refused with those that it does', async () => {
    const error = await failure(
      source.checkTarget(restoreContext(captured, fresh(), { paths: ['network.nods'] })),
      'InputInvalid',
    );
    expect(error.hint).toContain('network.nodes');
  });
});

describe.skipIf(noPostgres)('validation', () => {
  let url: string;
  const problems = async () =>
    (await source.validate(restoreContext(captured, url))).problems.map(({ path, what }) => `${path}: ${what}`);
  beforeAll(async () => {
    url = running.urlOf('checked');
    await restore(source, restoreContext(captured, url));
    await sql(running.url, 'alter database checked rename to sound');
  });

  test('finds all that is missing, changed or moved, and nothing else', async () => {
    const damages: readonly (readonly [change: string, found: string])[] = [
      ['delete from network.events where id = 17', 'network.events: holds 2799 rows, the snapshot 2800'],
      [`update network.nodes set name = name || 'x' where id = 3`, 'network.nodes: holds other rows than the snapshot'],
      ['update network.snippets set title = null where id = 1', 'network.snippets: holds other rows than the snapshot'],
      [
        'update network.links set weight = 1 - weight where id in (1, 2)',
        'network.links: holds other rows than the snapshot',
      ],
      [
        'drop table network.measurements_rest',
        'network.measurements_rest: cannot be read: relation "network.measurements_rest" does not exist',
      ],
      ['drop index network.links_to', 'INDEX network.links_to: is missing'],
      [
        'alter table network.links drop constraint links_to_fkey',
        'FK CONSTRAINT network.links links_to_fkey: is missing',
      ],
      [
        'alter table network.snippets drop constraint snippets_pkey',
        'CONSTRAINT network.snippets snippets_pkey: is missing',
      ],
      ['drop trigger nodes_touch on network.nodes', 'TRIGGER network.nodes nodes_touch: is missing'],
      ['drop view network.busy_nodes', 'VIEW network.busy_nodes: is missing'],
      ['drop function public."odd name"', 'FUNCTION public.odd name(network.node_kind, text[]): is missing'],
      ['drop extension pg_trgm cascade', 'EXTENSION pg_trgm: is missing'],
      [
        `select nextval('network.ticket_number')`,
        'SEQUENCE SET network.ticket_number: stands at 15000, and should stand at 14993',
      ],
    ];
    await sql(running.url, 'create database checked template sound');
    for (const [change] of damages) await sql(url, change);
    const found = await problems();
    const also = [
      'INDEX network.nodes_by_name: is missing',
      'TABLE network.measurements_rest: is missing',
      'CONSTRAINT network.measurements_rest measurements_rest_pkey: is missing',
    ];
    expect(found.sort()).toEqual([...damages.map(([, what]) => what), ...also].sort());
    await sql(running.url, 'drop database checked with (force)');
  });

  test('finds nothing where nothing is wrong, and takes rows in any order', async () => {
    await sql(running.url, 'create database checked template sound');
    await sql(
      url,
      'create table network.turned as select * from network.snippets order by id desc; truncate network.snippets; insert into network.snippets select * from network.turned; drop table network.turned',
    );
    expect(await problems()).toEqual([]);
    await sql(running.url, 'drop database checked with (force)');
  });

  test('fails when the database is not there', async () => {
    await failure(source.validate(restoreContext(captured, running.urlOf('not_there'))), 'SourceMissing');
  });
});

describe.skipIf(noPostgres)('a rehearsal is cleaned up', () => {
  test('its database is dropped, once and again', async () => {
    const url = fresh();
    const context = restoreContext(captured, url);
    await restore(source, context);
    await source.discard(context);
    expect(await databases()).not.toContain(new URL(url).pathname.slice(1));
    await source.discard(context);
  });

  test('nothing else ever is', async () => {
    await failure(source.discard(restoreContext(captured, running.urlOf('network'))), 'TargetUnusable');
    await sql(running.url, 'create database somebodys');
    await failure(source.discard(restoreContext(captured, running.urlOf('somebodys'))), 'TargetUnusable');
    const url = fresh();
    await restore(source, restoreContext(captured, url));
    const other = { ...captured, root: 'f'.repeat(64) };
    await failure(source.discard(restoreContext(other, url)), 'TargetUnusable');
    expect(await databases()).toEqual(expect.arrayContaining(['network', 'somebodys', new URL(url).pathname.slice(1)]));
  });
});

describe.skipIf(noPostgres)('a directory', () => {
  test('gets the three files, byte for byte', async () => {
    const target = join(folder(), 'files');
    const context = restoreContext(captured, target);
    const outcome = await restore(source, context);
    expect(outcome).toMatchObject({ problems: [], restored: { files: 3, bytes: captured.totals.bytes } });
    for (const name of ['database.dump', 'globals.sql', 'manifest.json']) {
      expect(readFileSync(join(target, name)).equals(fileOf(captured.content, captured, name))).toBe(true);
    }
    expect(await source.validate(context)).toEqual({ checked: expect.objectContaining({ files: 3 }), problems: [] });
    await failure(source.checkTarget(context), 'TargetNotEmpty');
    await source.discard(context);
    expect(() => readFileSync(join(target, 'manifest.json'))).toThrow(/ENOENT/);
  });

  test('A3: is read to its end: a dump that was cut there is found', async () => {
    const target = join(folder(), 'files');
    const context = restoreContext(captured, target);
    await restore(source, context);
    const file = join(target, 'database.dump');
    const bytes = readFileSync(file);
    writeFileSync(file, bytes.subarray(0, bytes.length / 2));
    const { problems } = await source.validate(context);
    expect(problems.some((problem) => problem.what.startsWith('cannot be read to its end'))).toBe(true);
    expect(problems.length).toBeGreaterThan(1);
    rmSync(target, { recursive: true });
  });
});

describe.skipIf(noPostgres)('a target that cannot be used', () => {
  test.each([
    ['no URL', 'postgres://'.concat('a b'), 'TargetUnusable'],
    ['a parameter that nobody knows', 'postgres://127.0.0.1/x?sslmod=disable', 'TargetUnusable'],
    ['nobody listens', 'postgres://x@127.0.0.1:1/x', 'DatabaseUnreachable'],
  ] as const)('%s', async (_what, target, name) => {
    await failure(source.checkTarget(restoreContext(captured, target)), name);
  });

  test('a user who may not make databases', async () => {
    await sql(running.url, `create role humble login password 'humble'`);
    const error = await failure(
      source.checkTarget(restoreContext(captured, `postgres://humble:humble@127.0.0.1:${running.port}/humble`)),
      'TargetUnusable',
    );
    expect(error.hint).toContain('CREATEDB');
  });

  test('a manifest of a version to come, and one that is damaged', async () => {
    const newer = await altered('manifest.json', JSON.stringify({ ...captured.manifest, version: 2 }));
    await failure(source.checkTarget(restoreContext(newer, fresh())), 'VaultFormatUnknown');
    const damaged = await altered('manifest.json', JSON.stringify({ ...captured.manifest, tables: 7 }));
    await failure(source.checkTarget(restoreContext(damaged, fresh())), 'VaultDamaged');
    await failure(source.checkTarget(restoreContext(await altered('manifest.json', '{'), fresh())), 'VaultDamaged');
  });

  test('a server that lacks an extension', async () => {
    const manifest = { ...captured.manifest, extensions: [{ name: 'postgis', version: '3', schema: 'public' }] };
    const without = await altered('manifest.json', JSON.stringify(manifest));
    const error = await failure(source.checkTarget(restoreContext(without, fresh())), 'TargetUnusable');
    expect(error.message).toContain('postgis');
  });
});

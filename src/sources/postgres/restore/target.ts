/**
 * The database that is restored to: whether it is there, whether it may be used, and how. Nothing is changed here. A target
 * that exists and holds something is refused unless overwriting was asked for, and even then it is moved aside, not dropped.
 */
import { fail, isTidemarkError } from '../../../core/errors.ts';
import type { RestoreContext } from '../../port.ts';
import type { ArchiveEntry } from '../archive/contents.ts';
import { type ServerVersion, serverVersion } from '../capture/preflight.ts';
import { type Client, connect, withClient } from '../client.ts';
import { type Connection, parseConnection, placeOf, serverOf } from '../connection.ts';
import type { Manifest } from '../manifest.ts';
import { nameOfTable, type Selection, selectTables } from './selection.ts';
import type { StoredDump } from './stored.ts';

export interface DatabaseTarget {
  readonly connection: Connection;
  /** The same server, in a database that is neither made nor moved: for creating, renaming and dropping others. */
  readonly manage: Connection;
  readonly server: ServerVersion;
  readonly superuser: boolean;
  /**
   * `new`: there is none of this name. `empty`: it is there, and holds nothing. `replace`: it holds something that is moved
   * aside. `tables`: it stays, and single tables are added to it.
   */
  readonly mode: 'new' | 'empty' | 'replace' | 'tables';
  /** Tables asked for; undefined for the whole database. */
  readonly selection: Selection | undefined;
}

/** Errors: `TargetNotEmpty`, `TargetUnusable`, `InputInvalid`, `DatabaseUnreachable`, `DatabaseRefused`. */
export async function inspectTarget(stored: StoredDump, context: RestoreContext): Promise<DatabaseTarget> {
  const connection = parseConnection(context.target, 'TargetUnusable');
  const selection = context.paths.length === 0 ? undefined : selectTables(stored.contents, context.paths);
  const there = await openIfThere(connection);
  const manage = there === undefined ? await maintenance(connection) : connection;
  if (there === undefined) {
    return withClient(manage, async (client) => {
      const about = await aboutServer(client, stored.manifest, connection);
      if (!about.mayCreate) cannotCreate(connection);
      return { connection, manage, ...about, mode: 'new', selection };
    });
  }
  try {
    await there.query(`set search_path = ''`); // so that every name in a message has its schema
    const about = await aboutServer(there, stored.manifest, connection);
    if (selection !== undefined) {
      await checkTables(there, selection, connection, context.overwrite);
      return { connection, manage, ...about, mode: 'tables', selection };
    }
    const content = await whatIsIn(there);
    if (content.length === 0) return { connection, manage, ...about, mode: 'empty', selection };
    if (!context.overwrite) {
      fail('TargetNotEmpty', `the database ${placeOf(connection)} is not empty: it holds ${content.join(', ')}`, {
        hint: 'Name a database that does not exist yet, or ask for overwriting: it is then renamed, and kept.',
        context: { target: placeOf(connection) },
      });
    }
    if (!about.mayCreate) cannotCreate(connection);
    return { connection, manage: await maintenance(connection), ...about, mode: 'replace', selection };
  } finally {
    await there.end().catch(() => {});
  }
}

/** Undefined when the server has no database of this name. */
export async function openIfThere(connection: Connection): Promise<Client | undefined> {
  return connect(connection).catch((error) => {
    if (isTidemarkError(error, 'SourceMissing')) return undefined;
    throw error;
  });
}

/** Errors: what kept us out of the last of the databases that every server has. */
export async function maintenance(connection: Connection): Promise<Connection> {
  let last: unknown;
  for (const database of ['postgres', 'template1']) {
    if (database === connection.database) continue;
    try {
      await withClient({ ...connection, database }, (client) => client.query('select 1'));
      return { ...connection, database };
    } catch (error) {
      last = error;
    }
  }
  throw last;
}

async function aboutServer(
  client: Client,
  manifest: Manifest,
  connection: Connection,
): Promise<{ server: ServerVersion; superuser: boolean; mayCreate: boolean }> {
  const server = await serverVersion(client);
  if (server.major < manifest.server.major) {
    fail(
      'TargetUnusable',
      `${serverOf(connection)} is PostgreSQL ${server.version}; the snapshot is of ${manifest.server.version}`,
      {
        hint: `Restore to a server of version ${manifest.server.major} or newer, or to a directory.`,
      },
    );
  }
  const { rows: available } = await client.query<{ name: string }>(
    'select name from pg_catalog.pg_available_extensions',
  );
  const names = new Set(available.map((row) => row.name));
  const lacking = manifest.extensions
    .filter((extension) => !names.has(extension.name))
    .map((extension) => extension.name);
  if (lacking.length > 0) {
    fail('TargetUnusable', `${serverOf(connection)} lacks extensions that the database needs: ${lacking.join(', ')}`, {
      hint: 'Install them on the server (their packages, not CREATE EXTENSION), then restore again.',
    });
  }
  const { rows } = await client.query<{ superuser: boolean; may: boolean }>(
    'select rolsuper as superuser, rolsuper or rolcreatedb as may from pg_catalog.pg_roles where rolname = current_user',
  );
  return { server, superuser: rows[0]?.superuser === true, mayCreate: rows[0]?.may === true };
}

function cannotCreate(connection: Connection): never {
  return fail('TargetUnusable', `${connection.user} may not create databases at ${serverOf(connection)}`, {
    hint: `Give it the right (ALTER ROLE "${connection.user}" CREATEDB), or name an empty database that is there.`,
  });
}

/** A few of the things that a database holds beyond what a new one has. */
async function whatIsIn(client: Client): Promise<string[]> {
  const own = (catalog: string, oid: string): string =>
    `not exists (select from pg_catalog.pg_depend d where d.classid = 'pg_catalog.${catalog}'::regclass and d.objid = ${oid} and d.deptype = 'e')`;
  const schemas = `n.nspname !~ '^pg_' and n.nspname <> 'information_schema'`;
  const { rows } = await client.query<{ what: string }>(
    `(select pg_catalog.format('%I.%I', n.nspname, c.relname) as what from pg_catalog.pg_class c
        join pg_catalog.pg_namespace n on n.oid = c.relnamespace
        where ${schemas} and c.relkind in ('r', 'p', 'v', 'm', 'S', 'f') and ${own('pg_class', 'c.oid')} order by 1 limit 4)
     union all
     (select pg_catalog.format('function %I.%I', n.nspname, p.proname) from pg_catalog.pg_proc p
        join pg_catalog.pg_namespace n on n.oid = p.pronamespace where ${schemas} and ${own('pg_proc', 'p.oid')} order by 1 limit 2)
     union all
     (select pg_catalog.format('type %I.%I', n.nspname, t.typname) from pg_catalog.pg_type t
        join pg_catalog.pg_namespace n on n.oid = t.typnamespace
        where ${schemas} and t.typtype in ('e', 'd', 'r') and ${own('pg_type', 't.oid')} order by 1 limit 2)
     union all
     (select pg_catalog.format('schema %I', n.nspname) from pg_catalog.pg_namespace n
        where ${schemas} and n.nspname <> 'public' and ${own('pg_namespace', 'n.oid')} order by 1 limit 2)
     union all
     (select 'large objects' from pg_catalog.pg_largeobject_metadata limit 1)`,
  );
  return rows.map((row) => row.what);
}

/** May these tables be put into a database that others use? */
async function checkTables(
  client: Client,
  selection: Selection,
  connection: Connection,
  overwrite: boolean,
): Promise<void> {
  const taken = await tablesThere(client, selection.tables);
  if (taken.length === 0) return;
  const names = taken.map(nameOfTable);
  if (!overwrite) {
    fail('TargetNotEmpty', `${placeOf(connection)} has ${names.join(', ')} already`, {
      hint: 'Restore to another database, or ask for overwriting: the old table is then moved to a schema of its own, and kept.',
      context: { tables: names },
    });
  }
  const clinging = await dependentsOf(client, taken);
  if (clinging.length === 0) return;
  fail(
    'TargetUnusable',
    `${names.join(', ')} cannot be replaced while others hold on to it: ${clinging.slice(0, 10).join(', ')}`,
    {
      hint: 'Restore the table to another database and copy its rows from there, or restore the whole database.',
      context: { dependents: clinging },
    },
  );
}

/** Those of the tables that the database has. */
export async function tablesThere(client: Client, tables: readonly ArchiveEntry[]): Promise<ArchiveEntry[]> {
  const { rows } = await client.query<{ schema: string; name: string }>(
    `select n.nspname as schema, c.relname as name from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
     where c.relkind in ('r', 'p', 'f', 'v', 'm')`,
  );
  const there = new Set(rows.map(({ schema, name }) => `${schema}.${name}`));
  return tables.filter((table) => there.has(nameOfTable(table)));
}

/** Views of the tables, foreign keys of other tables to them, and partitioned tables that they are part of. */
async function dependentsOf(client: Client, tables: readonly ArchiveEntry[]): Promise<string[]> {
  const { rows } = await client.query<{ what: string }>(
    `with mine as (
       select c.oid from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
       join unnest($1::text[], $2::text[]) as t (schema, name) on t.schema = n.nspname and t.name = c.relname)
     select distinct pg_catalog.format('view %s', r.ev_class::pg_catalog.regclass) as what
       from pg_catalog.pg_depend d join pg_catalog.pg_rewrite r on r.oid = d.objid
       where d.classid = 'pg_catalog.pg_rewrite'::regclass and d.refobjid in (select oid from mine) and r.ev_class not in (select oid from mine)
     union all
     select pg_catalog.format('foreign key %I of %s', k.conname, k.conrelid::pg_catalog.regclass) from pg_catalog.pg_constraint k
       where k.contype = 'f' and k.confrelid in (select oid from mine) and k.conrelid not in (select oid from mine)
     union all
     select pg_catalog.format('partitioned table %s', i.inhparent::pg_catalog.regclass) from pg_catalog.pg_inherits i
       where i.inhrelid in (select oid from mine) and i.inhparent not in (select oid from mine)`,
    [tables.map((table) => table.schema), tables.map((table) => table.tag)],
  );
  return rows.map((row) => row.what);
}

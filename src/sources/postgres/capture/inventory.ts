/** What is in the database, asked for inside the transaction whose snapshot is being dumped: facts, and rows by table. */
import type { Client } from '../client.ts';
import { type DatabaseFacts, type Manifest, markSetting } from '../manifest.ts';
import { dumpedRelations } from './preflight.ts';

export type Inventory = Pick<Manifest, 'database' | 'extensions' | 'roles'> & {
  readonly tables: readonly CountedTable[];
};

export interface CountedTable {
  readonly schema: string;
  readonly name: string;
  readonly bytes: number;
  /** Undefined for a table that is too large to be read twice. */
  readonly rows: number | undefined;
}

/** Opens the transaction and returns the name by which pg_dump can see exactly what it sees. */
export async function exportSnapshot(client: Client): Promise<string> {
  // However long the dump takes, this session must not be ended for standing idle.
  await client.query(`set statement_timeout = 0; set lock_timeout = 0; set idle_in_transaction_session_timeout = 0`);
  await client.query('set transaction_timeout = 0').catch(() => {}); // since PostgreSQL 17
  await client.query(`set search_path = ''`);
  await client.query('begin isolation level repeatable read, read only');
  const { rows } = await client.query<{ name: string }>('select pg_catalog.pg_export_snapshot() as name');
  return rows[0]!.name;
}

export interface CountingLimits {
  /** Tables with more bytes are not counted here. */
  readonly bytes: number;
  /** Time is running out: the rest is not counted either. */
  hurry(): boolean;
  /** Nobody wants to know any more. */
  stopped(): boolean;
}

export async function takeInventory(client: Client, limits: CountingLimits): Promise<Inventory> {
  const database = await databaseFacts(client);
  const { rows: extensions } = await client.query<Manifest['extensions'][number]>(
    `select e.extname as name, e.extversion as version, n.nspname as schema
     from pg_catalog.pg_extension e join pg_catalog.pg_namespace n on n.oid = e.extnamespace order by 1`,
  );
  const { rows: roles } = await client.query<{ role: string }>(
    `select distinct pg_catalog.pg_get_userbyid(s.refobjid) as role from pg_catalog.pg_shdepend s, pg_catalog.pg_database d
     where d.datname = pg_catalog.current_database() and s.refclassid = 'pg_catalog.pg_authid'::regclass
       and (s.dbid = d.oid or (s.classid = 'pg_catalog.pg_database'::regclass and s.objid = d.oid)) order by 1`,
  );
  const { rows: found } = await client.query<{ schema: string; name: string; bytes: string; quoted: string }>(
    `select n.nspname as schema, c.relname as name, pg_catalog.pg_table_size(c.oid) as bytes,
            pg_catalog.format('%I.%I', n.nspname, c.relname) as quoted
     ${dumpedRelations} and c.relkind = 'r' order by 1, 2`,
  );
  const tables: CountedTable[] = [];
  for (const { schema, name, bytes, quoted } of found) {
    if (limits.stopped()) break;
    const rows = Number(bytes) > limits.bytes || limits.hurry() ? undefined : await countRows(client, quoted);
    tables.push({ schema, name, bytes: Number(bytes), rows });
  }
  return { database, extensions, roles: roles.map((row) => row.role), tables };
}

/** `quoted` as SQL wants it. */
export async function countRows(client: Client, quoted: string): Promise<number> {
  const { rows } = await client.query<{ rows: string }>(`select pg_catalog.count(*) as rows from only ${quoted}`);
  return Number(rows[0]?.rows);
}

const providers: Readonly<Record<string, string>> = { c: 'libc', i: 'icu', b: 'builtin' };

async function databaseFacts(client: Client): Promise<DatabaseFacts> {
  // As JSON, since the columns of the locale have changed their names from version to version.
  const { rows } = await client.query<{ facts: Record<string, unknown>; more: Record<string, unknown> }>(
    `select pg_catalog.to_jsonb(d) as facts,
            pg_catalog.jsonb_build_object(
              'owner', pg_catalog.pg_get_userbyid(d.datdba), 'bytes', pg_catalog.pg_database_size(d.oid),
              'encoding', pg_catalog.pg_encoding_to_char(d.encoding), 'bytea', pg_catalog.current_setting('bytea_output'),
              'comment', pg_catalog.shobj_description(d.oid, 'pg_database')) as more
     from pg_catalog.pg_database d where d.datname = pg_catalog.current_database()`,
  );
  const { facts, more } = rows[0]!;
  const { rows: settings } = await client.query<{ role: string | null; setting: string }>(
    `select r.rolname as role, unnest(s.setconfig) as setting
     from pg_catalog.pg_db_role_setting s left join pg_catalog.pg_roles r on r.oid = s.setrole
     where s.setdatabase = (select oid from pg_catalog.pg_database where datname = pg_catalog.current_database()) order by 1, 2`,
  );
  const { rows: rights } = await client.query<{ grantee: string | null; right: string; grantable: boolean }>(
    `select r.rolname as grantee, a.privilege_type as right, a.is_grantable as grantable
     from pg_catalog.pg_database d, pg_catalog.aclexplode(coalesce(d.datacl, pg_catalog.acldefault('d', d.datdba))) a
     left join pg_catalog.pg_roles r on r.oid = a.grantee
     where d.datname = pg_catalog.current_database() order by 1, 2`,
  );
  const locale = facts.datlocale ?? facts.daticulocale;
  return {
    name: String(facts.datname),
    owner: String(more.owner),
    bytes: Number(more.bytes),
    encoding: String(more.encoding),
    collate: String(facts.datcollate),
    characterType: String(facts.datctype),
    localeProvider: providers[String(facts.datlocprovider ?? 'c')] ?? 'libc',
    ...(typeof locale === 'string' && { locale }),
    ...(typeof more.comment === 'string' && { comment: more.comment }),
    connectionLimit: Number(facts.datconnlimit),
    settings: settings
      .filter(({ setting }) => !setting.startsWith(markSetting))
      .map(({ role, setting }) => (role === null ? { setting } : { role, setting })),
    rights: rights.map(({ grantee, right, grantable }) => ({ ...(grantee !== null && { grantee }), right, grantable })),
    byteaOutput: String(more.bytea),
  };
}

/** Before anything is dumped: may we read all of it? pg_dump would fail too, but at the first table and in its own words. */
import { fail } from '../../../core/errors.ts';
import type { Client } from '../client.ts';
import { type Connection, placeOf } from '../connection.ts';

export interface ServerVersion {
  readonly version: string;
  readonly major: number;
}

const oldestServer = 12;

/** Errors: `SourceMissing` for a server that is too old to be dumped in a known format. */
export async function serverVersion(client: Client): Promise<ServerVersion> {
  const { rows } = await client.query<{ number: string; version: string }>(
    `select current_setting('server_version_num') as number, current_setting('server_version') as version`,
  );
  const major = Math.trunc(Number(rows[0]?.number) / 10_000);
  const version = rows[0]?.version.split(' ')[0] ?? '';
  if (major < oldestServer) {
    fail('SourceMissing', `the server is PostgreSQL ${version}; ${oldestServer} is the oldest that is known here`, {
      hint: `Upgrade it: PostgreSQL ${major || version} gets no corrections any more.`,
    });
  }
  return { version, major };
}

/** What pg_dump reads: tables and sequences that belong to the database itself and not to an extension. */
export const dumpedRelations = `
  from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  where n.nspname !~ '^pg_' and n.nspname <> 'information_schema' and c.relpersistence <> 't'
    and not exists (select from pg_catalog.pg_depend d
                    where d.classid = 'pg_catalog.pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')`;

/** Errors: `DatabaseRefused` naming what may not be read, or not wholly. */
export async function checkRights(client: Client, connection: Connection): Promise<void> {
  const { rows } = await client.query<{ name: string; trouble: string }>(
    `select * from (
       select pg_catalog.format('%I.%I', n.nspname, c.relname) as name,
              case when not pg_catalog.has_schema_privilege(n.oid, 'usage') then 'no right to use the schema'
                   when c.relkind = 'S' then case when not pg_catalog.has_sequence_privilege(c.oid, 'select') then 'no right to read' end
                   when not pg_catalog.has_table_privilege(c.oid, 'select') then 'no right to read'
                   when pg_catalog.row_security_active(c.oid) then 'row security hides rows' end as trouble
       ${dumpedRelations} and c.relkind in ('r', 'p', 'S')) all_of_them
     where trouble is not null order by name`,
  );
  if (rows.length === 0) return;
  const shown = rows.slice(0, 5).map(({ name, trouble }) => `${name} (${trouble})`);
  const more = rows.length > shown.length ? ` and ${rows.length - shown.length} more` : '';
  fail('DatabaseRefused', `${connection.user} may not read all of ${placeOf(connection)}: ${shown.join(', ')}${more}`, {
    hint: `Give it the rights: GRANT pg_read_all_data TO "${connection.user}"; and, where rows are hidden, ALTER ROLE "${connection.user}" BYPASSRLS;`,
    context: { relations: rows.slice(0, 100).map((row) => row.name) },
  });
}

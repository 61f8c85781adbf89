/** Single tables into a database that is there already: what it has is used, what is in the way is moved aside. */
import { compactTime } from '../../../core/ids.ts';
import type { RestoreContext } from '../../port.ts';
import type { ArchiveContents, ArchiveEntry } from '../archive/contents.ts';
import type { Client } from '../client.ts';
import { entriesOf, nameOfTable, type Selection } from './selection.ts';
import { quotedName } from './sql.ts';
import { tablesThere } from './target.ts';

/** What to restore into the database of `client`; says in the log what is left out. */
export async function entriesFor(
  client: Client,
  contents: ArchiveContents,
  selection: Selection,
  context: Pick<RestoreContext, 'log'>,
): Promise<ArchiveEntry[]> {
  const without = await foreignKeysToNowhere(client, selection);
  if (without.size > 0) {
    context.log.warn('foreign-keys-left-out', {
      foreignKeys: [...without].map((entry) => entry.tag),
      reason: 'the tables that they point to are not there',
    });
  }
  return entriesOf(contents, selection, await presentPrerequisites(client, selection), without);
}

/** Foreign keys to tables that are neither restored nor there. */
export async function foreignKeysToNowhere(client: Client, selection: Selection): Promise<Set<ArchiveEntry>> {
  const outside = [...new Set([...selection.foreignKeys.values()].flat())];
  const there = new Set(await tablesThere(client, outside));
  const toNowhere = [...selection.foreignKeys].filter(([, tables]) => tables.some((table) => !there.has(table)));
  return new Set(toNowhere.map(([entry]) => entry));
}

async function presentPrerequisites(client: Client, selection: Selection): Promise<Set<ArchiveEntry>> {
  const { rows } = await client.query<{ key: string }>(
    `select 'SCHEMA ' || nspname as key from pg_catalog.pg_namespace
     union all select 'EXTENSION ' || extname from pg_catalog.pg_extension
     union all select 'TYPE ' || n.nspname || '.' || t.typname from pg_catalog.pg_type t join pg_catalog.pg_namespace n on n.oid = t.typnamespace
     union all select 'SEQUENCE ' || n.nspname || '.' || c.relname from pg_catalog.pg_class c
       join pg_catalog.pg_namespace n on n.oid = c.relnamespace where c.relkind = 'S'
     union all select 'COLLATION ' || n.nspname || '.' || c.collname from pg_catalog.pg_collation c
       join pg_catalog.pg_namespace n on n.oid = c.collnamespace
     union all select 'FUNCTION ' || n.nspname || '.' || p.proname || '(' || pg_catalog.oidvectortypes(p.proargtypes) || ')'
       from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace`,
  );
  const there = new Set(rows.map((row) => row.key));
  const keyOf = (entry: ArchiveEntry): string => {
    const kind = ['DOMAIN', 'SHELL TYPE'].includes(entry.kind) ? 'TYPE' : entry.kind;
    return `${kind} ${entry.schema === undefined ? '' : `${entry.schema}.`}${entry.tag}`;
  };
  return new Set([...selection.prerequisites.keys()].filter((entry) => there.has(keyOf(entry))));
}

/** Moves the tables of these names, with their indexes and sequences, to a schema of their own, and returns its name. */
export async function moveAside(
  client: Client,
  tables: readonly ArchiveEntry[],
  context: RestoreContext,
): Promise<string | undefined> {
  const taken = await tablesThere(client, tables);
  if (taken.length === 0) return undefined;
  const schema = `tidemark_before_${compactTime(context.clock.now()).toLowerCase()}`;
  await client.query('begin');
  await client.query(`create schema ${quotedName(schema)}`);
  for (const table of taken) {
    await client.query(
      `alter table ${quotedName(table.schema ?? 'public')}.${quotedName(table.tag)} set schema ${quotedName(schema)}`,
    );
  }
  await client.query('commit');
  context.log.warn('tables-moved-aside', { tables: taken.map(nameOfTable), schema });
  return schema;
}

/** What the dump says a restored database holds, beside rows: relations, constraints, functions, positions of sequences. */
import type { Problem } from '../../../format/snapshot.ts';
import type { ArchiveEntry } from '../archive/contents.ts';
import { nameOfEntry } from '../archive/walker.ts';
import type { Client } from '../client.ts';

const relations = ['TABLE', 'VIEW', 'MATERIALIZED VIEW', 'SEQUENCE', 'INDEX', 'FOREIGN TABLE'];
const families: Readonly<Record<string, string>> = {
  ...Object.fromEntries(relations.map((kind) => [kind, 'relation'])),
  ...Object.fromEntries(['CONSTRAINT', 'FK CONSTRAINT', 'CHECK CONSTRAINT'].map((kind) => [kind, 'constraint'])),
  ...Object.fromEntries(['TYPE', 'DOMAIN'].map((kind) => [kind, 'type'])),
  ...Object.fromEntries(['FUNCTION', 'PROCEDURE'].map((kind) => [kind, 'function'])),
  TRIGGER: 'trigger',
  SCHEMA: 'schema',
  EXTENSION: 'extension',
};

/** `key` as {@link keyOf} makes it. Signatures of functions are written as in a dump when no schema is searched. */
const everything = `
  select 'relation ' || n.nspname || '.' || c.relname as key from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  union all select 'constraint ' || n.nspname || '.' || c.relname || ' ' || k.conname from pg_catalog.pg_constraint k
    join pg_catalog.pg_class c on c.oid = k.conrelid join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  union all select 'trigger ' || n.nspname || '.' || c.relname || ' ' || t.tgname from pg_catalog.pg_trigger t
    join pg_catalog.pg_class c on c.oid = t.tgrelid join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  union all select 'type ' || n.nspname || '.' || t.typname from pg_catalog.pg_type t join pg_catalog.pg_namespace n on n.oid = t.typnamespace
  union all select 'function ' || n.nspname || '.' || p.proname || '(' || pg_catalog.oidvectortypes(p.proargtypes) || ')'
    from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace
  union all select 'schema ' || nspname from pg_catalog.pg_namespace
  union all select 'extension ' || extname from pg_catalog.pg_extension
  union all select 'role ' || rolname from pg_catalog.pg_roles`;

export interface Checked {
  readonly count: number;
  readonly problems: readonly Problem[];
}

/** `roles`: those that must exist. The session must search no schema. */
export async function checkObjects(
  client: Client,
  entries: readonly ArchiveEntry[],
  roles: readonly string[],
): Promise<Checked> {
  const { rows } = await client.query<{ key: string }>(everything);
  const there = new Set(rows.map((row) => row.key));
  const wanted = entries.filter((entry) => entry.kind in families);
  const problems = [
    ...wanted
      .filter((entry) => !there.has(keyOf(entry)))
      .map((entry) => ({ path: nameOfEntry(entry), what: 'is missing' })),
    ...roles.filter((role) => !there.has(`role ${role}`)).map((role) => ({ path: `role ${role}`, what: 'is missing' })),
  ];
  return { count: wanted.length + roles.length, problems };
}

function keyOf({ kind, schema, tag }: ArchiveEntry): string {
  return `${families[kind]} ${schema === undefined ? '' : `${schema}.`}${tag}`;
}

export async function checkSequences(client: Client, entries: readonly ArchiveEntry[]): Promise<Checked> {
  const problems: Problem[] = [];
  let count = 0;
  for (const entry of entries) {
    const [, name, position, called] = /setval\('((?:[^']|'')*)', (-?\d+), (true|false)\)/.exec(entry.definition) ?? [];
    if (entry.kind !== 'SEQUENCE SET' || name === undefined) continue;
    count += 1;
    try {
      const { rows } = await client.query<{ position: string; called: boolean }>(
        `select last_value as position, is_called as called from ${name.replaceAll("''", "'")}`,
      );
      const [row] = rows;
      if (String(row?.position) !== position || String(row?.called) !== called) {
        problems.push({
          path: nameOfEntry(entry),
          what: `stands at ${row?.position}, and should stand at ${position}`,
        });
      }
    } catch (error) {
      problems.push({ path: nameOfEntry(entry), what: (error as Error).message });
    }
  }
  return { count, problems };
}

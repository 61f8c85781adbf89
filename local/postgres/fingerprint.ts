/**
 * What is in a database, in a form that two databases can be compared by: rows and an order-independent hash of every
 * table, the position of every sequence, and every index, constraint, view, function, type, comment and right in words.
 */
import { type Client, withClient } from '../../src/sources/postgres/client.ts';
import { parseConnection } from '../../src/sources/postgres/connection.ts';

export interface DatabaseFingerprint {
  /** By `schema.table`: `rows:hash`. */
  readonly tables: Readonly<Record<string, string>>;
  readonly sequences: Readonly<Record<string, string>>;
  /** One line each: what it is, its name, its definition. */
  readonly objects: readonly string[];
}

const ours = `n.nspname !~ '^pg_' and n.nspname <> 'information_schema'`;
const notOfExtension = (oid: string, catalog: string): string =>
  `not exists (select from pg_depend d where d.objid = ${oid} and d.classid = '${catalog}'::regclass and d.deptype = 'e')`;

/** Each yields the column `line`. */
const objectQueries: readonly string[] = [
  `select format('schema %s owner %s', nspname, nspowner::regrole) as line from pg_namespace n where ${ours}`,
  `select format('extension %s in %s', extname, nspname) as line from pg_extension e join pg_namespace n on n.oid = extnamespace`,
  `select format('relation %s %s owner %s %s', c.relkind, c.oid::regclass, c.relowner::regrole, c.reloptions) as line
     from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where ${ours} and c.relkind in ('r', 'p', 'v', 'm', 'S', 'f') and ${notOfExtension('c.oid', 'pg_class')}`,
  `select format('column %s.%s %s null=%s default=%s identity=%s', a.attrelid::regclass, a.attname,
                 format_type(a.atttypid, a.atttypmod), not a.attnotnull, pg_get_expr(ad.adbin, ad.adrelid), a.attidentity) as line
     from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
     left join pg_attrdef ad on ad.adrelid = a.attrelid and ad.adnum = a.attnum
     where ${ours} and a.attnum > 0 and not a.attisdropped and c.relkind in ('r', 'p', 'v', 'm') and ${notOfExtension('c.oid', 'pg_class')}`,
  `select pg_get_indexdef(i.indexrelid) as line
     from pg_index i join pg_class c on c.oid = i.indrelid join pg_namespace n on n.oid = c.relnamespace
     where ${ours} and i.indisvalid`,
  `select format('constraint %s on %s: %s', conname, conrelid::regclass, pg_get_constraintdef(o.oid)) as line
     from pg_constraint o join pg_namespace n on n.oid = o.connamespace where ${ours} and conrelid <> 0 and contype <> 'n'`,
  `select format('view %s: %s', c.oid::regclass, pg_get_viewdef(c.oid)) as line
     from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where ${ours} and c.relkind in ('v', 'm') and ${notOfExtension('c.oid', 'pg_class')}`,
  `select format('owner %s: %s', p.proowner::regrole, pg_get_functiondef(p.oid)) as line
     from pg_proc p join pg_namespace n on n.oid = p.pronamespace
     where ${ours} and p.prokind <> 'a' and ${notOfExtension('p.oid', 'pg_proc')}`,
  `select pg_get_triggerdef(t.oid) as line from pg_trigger t where not t.tgisinternal`,
  `select format('enum %s: %s', e.enumtypid::regtype, string_agg(quote_literal(e.enumlabel), ',' order by e.enumsortorder)) as line
     from pg_enum e group by e.enumtypid`,
  `select format('comment on %s: %s', pg_describe_object(d.classoid, d.objoid, d.objsubid), d.description) as line
     from pg_description d where d.objoid >= 16384 and d.classoid in ('pg_class'::regclass, 'pg_namespace'::regclass)`,
  `select format('right on %s: %s may %s%s', c.oid::regclass,
                 case a.grantee when 0 then 'public' else a.grantee::regrole::text end, a.privilege_type,
                 case when a.is_grantable then ' and pass on' else '' end) as line
     from pg_class c join pg_namespace n on n.oid = c.relnamespace,
          aclexplode(coalesce(c.relacl, acldefault(case c.relkind when 'S' then 's' else 'r' end::"char", c.relowner))) a
     where ${ours} and c.relkind in ('r', 'p', 'v', 'm', 'S') and ${notOfExtension('c.oid', 'pg_class')}`,
  `select format('right on column %s.%s: %s may %s', t.attrelid::regclass, t.attname, a.grantee::regrole, a.privilege_type) as line
     from pg_attribute t join pg_class c on c.oid = t.attrelid join pg_namespace n on n.oid = c.relnamespace, aclexplode(t.attacl) a where ${ours}`,
  `select format('right on schema %s: %s may %s', n.nspname,
                 case a.grantee when 0 then 'public' else a.grantee::regrole::text end, a.privilege_type) as line
     from pg_namespace n, aclexplode(n.nspacl) a where ${ours} and n.nspname <> 'public'`,
  `select format('default rights of %s in %s: %s may %s', f.defaclrole::regrole, f.defaclnamespace::regnamespace,
                 a.grantee::regrole, a.privilege_type) as line
     from pg_default_acl f, aclexplode(f.defaclacl) a`,
];

/** The database as it is now; change nothing in it meanwhile. */
export async function fingerprintDatabase(url: string): Promise<DatabaseFingerprint> {
  return withClient(parseConnection(url), async (client) => {
    await client.query(
      `set search_path = pg_catalog; set timezone = 'UTC'; set datestyle = 'ISO'; set bytea_output = 'hex'`,
    );
    const objects: string[] = [];
    for (const query of objectQueries) {
      const { rows } = await client.query<{ line: string }>(query);
      objects.push(...rows.map((row) => row.line));
    }
    return { tables: await tablesOf(client), sequences: await sequencesOf(client), objects: objects.sort() };
  });
}

async function tablesOf(client: Client): Promise<Record<string, string>> {
  const { rows } = await client.query<{ name: string }>(
    `select c.oid::regclass::text as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where ${ours} and c.relkind in ('r', 'm') and c.relpersistence <> 't' order by 1`,
  );
  const tables: Record<string, string> = {};
  for (const { name } of rows) {
    const content = await client.query<{ content: string }>(
      `select count(*) || ':' || coalesce(sum(hashtextextended(t::text, 0)), 0) as content from only ${name} t`,
    );
    tables[name] = content.rows[0]?.content ?? '';
  }
  return tables;
}

async function sequencesOf(client: Client): Promise<Record<string, string>> {
  const { rows } = await client.query<{ name: string; position: string }>(
    `select format('%I.%I', schemaname, sequencename) as name,
            format('%s from %s by %s, owner %s', last_value, start_value, increment_by, sequenceowner) as position
     from pg_sequences order by 1`,
  );
  return Object.fromEntries(rows.map((row) => [row.name, row.position]));
}

/** One line for each difference; none when the databases hold the same. */
export function fingerprintDifferences(before: DatabaseFingerprint, after: DatabaseFingerprint): string[] {
  const lines: string[] = [];
  for (const part of ['tables', 'sequences'] as const) {
    const what = part === 'tables' ? 'table' : 'sequence';
    for (const name of new Set([...Object.keys(before[part]), ...Object.keys(after[part])])) {
      const [was, is] = [before[part][name], after[part][name]];
      if (was !== is) lines.push(`${what} ${name}: ${was ?? 'not there'} before, ${is ?? 'not there'} after`);
    }
  }
  const [had, has] = [new Set(before.objects), new Set(after.objects)];
  lines.push(...before.objects.filter((line) => !has.has(line)).map((line) => `only before: ${line}`));
  lines.push(...after.objects.filter((line) => !had.has(line)).map((line) => `only after: ${line}`));
  return lines;
}

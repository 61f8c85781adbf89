/**
 * Single tables out of a dump: which entries belong to them. `pg_restore --table` brings the bare table and its rows; here
 * come with it its sequences, defaults, indexes, constraints, triggers, policies, comments and rights, and beforehand the
 * schemas, types and functions that it needs. Views of it, and foreign keys of other tables to it, are not part of it.
 */
import { fail } from '../../../core/errors.ts';
import type { ArchiveContents, ArchiveEntry } from '../archive/contents.ts';

export interface Selection {
  readonly tables: readonly ArchiveEntry[];
  /** The tables and all that is theirs. */
  readonly chosen: ReadonlySet<ArchiveEntry>;
  /** What the chosen need to exist, and a database may have already, each with its comment and rights. */
  readonly prerequisites: ReadonlyMap<ArchiveEntry, readonly ArchiveEntry[]>;
  /** Foreign keys, with the tables outside of the selection that they point to. */
  readonly foreignKeys: ReadonlyMap<ArchiveEntry, readonly ArchiveEntry[]>;
}

/** Named `table name` in the dump: the table is told by the tag, as they need the table at the other end too. */
const namedAfterTable = new Set([
  ...['DEFAULT', 'CONSTRAINT', 'CHECK CONSTRAINT', 'FK CONSTRAINT', 'TRIGGER', 'RULE', 'POLICY'],
]);
const belongings = new Set([
  ...[
    'TABLE DATA',
    'INDEX',
    'INDEX ATTACH',
    'TABLE ATTACH',
    'ROW SECURITY',
    'STATISTICS',
    'ACL',
    'COMMENT',
    'SECURITY LABEL',
  ],
  ...['SEQUENCE', 'SEQUENCE OWNED BY', 'SEQUENCE SET'],
]);
const needable = new Set([
  ...[
    'SCHEMA',
    'EXTENSION',
    'TYPE',
    'SHELL TYPE',
    'DOMAIN',
    'FUNCTION',
    'COLLATION',
    'SEQUENCE',
    'ACCESS METHOD',
    'OPERATOR',
  ],
  ...[
    'OPERATOR CLASS',
    'OPERATOR FAMILY',
    'PROCEDURAL LANGUAGE',
    'TEXT SEARCH CONFIGURATION',
    'TEXT SEARCH DICTIONARY',
    'CAST',
  ],
]);

/** Errors: `InputInvalid` for a table that the dump does not hold, or whose name fits several. */
export function selectTables(contents: ArchiveContents, paths: readonly string[]): Selection {
  const byId = new Map(contents.entries.map((entry) => [entry.id, entry]));
  const needsOf = (entry: ArchiveEntry): ArchiveEntry[] => entry.needs.flatMap((id) => byId.get(id) ?? []);
  const tables = withPartitions(
    contents,
    needsOf,
    paths.flatMap((path) => tableNamed(contents, path)),
  );
  const chosen = new Set<ArchiveEntry>(tables);
  // What belongs to the tables, and to what belongs to them (the comment on an index), until nothing is added.
  for (let before = 0; before !== chosen.size; ) {
    before = chosen.size;
    for (const entry of contents.entries) if (belongs(entry, needsOf(entry), chosen)) chosen.add(entry);
  }
  const prerequisites = new Map<ArchiveEntry, ArchiveEntry[]>();
  const include = (entry: ArchiveEntry): void => {
    for (const need of needsOf(entry)) {
      if (chosen.has(need) || prerequisites.has(need) || !needable.has(need.kind)) continue;
      const kinds = ['COMMENT', 'ACL', 'SECURITY LABEL', 'SEQUENCE SET'];
      prerequisites.set(
        need,
        contents.entries.filter((one) => kinds.includes(one.kind) && one.needs[0] === need.id),
      );
      include(need);
    }
  };
  for (const entry of chosen) include(entry);
  const foreignKeys = new Map<ArchiveEntry, ArchiveEntry[]>();
  for (const entry of chosen) {
    if (entry.kind !== 'FK CONSTRAINT') continue;
    foreignKeys.set(
      entry,
      needsOf(entry).filter((need) => need.kind === 'TABLE' && !chosen.has(need)),
    );
  }
  return { tables, chosen, prerequisites, foreignKeys };
}

/**
 * What to hand to pg_restore, in the order of the dump: the chosen entries without the foreign keys given in `without`, and
 * the prerequisites that are not in `present`.
 */
export function entriesOf(
  contents: ArchiveContents,
  selection: Selection,
  present: ReadonlySet<ArchiveEntry>,
  without: ReadonlySet<ArchiveEntry>,
): ArchiveEntry[] {
  const wanted = new Set(selection.chosen);
  for (const [entry, attached] of selection.prerequisites) {
    if (!present.has(entry)) for (const one of [entry, ...attached]) wanted.add(one);
  }
  // Encoding, string syntax and search path come first: without them the rest is misread.
  const preamble = new Set(['ENCODING', 'STDSTRINGS', 'SEARCHPATH']);
  return contents.entries.filter((entry) => preamble.has(entry.kind) || (wanted.has(entry) && !without.has(entry)));
}

export function nameOfTable(entry: ArchiveEntry): string {
  return `${entry.schema}.${entry.tag}`;
}

function belongs(entry: ArchiveEntry, needs: readonly ArchiveEntry[], chosen: ReadonlySet<ArchiveEntry>): boolean {
  if (chosen.has(entry)) return false;
  const near = needs.filter((need) => chosen.has(need));
  if (namedAfterTable.has(entry.kind)) {
    return near.some(
      (need) => need.kind === 'TABLE' && need.schema === entry.schema && entry.tag.startsWith(`${need.tag} `),
    );
  }
  if (!belongings.has(entry.kind)) return false;
  if (entry.kind === 'TABLE DATA') return near.some((need) => need.tag === entry.tag && need.schema === entry.schema);
  // Attaching takes both sides.
  return entry.kind.endsWith(' ATTACH') ? near.length === needs.length : near.length > 0;
}

function tableNamed(contents: ArchiveContents, path: string): ArchiveEntry[] {
  const tables = contents.entries.filter((entry) => entry.kind === 'TABLE');
  const exact = tables.filter((entry) => nameOfTable(entry) === path);
  const found = exact.length > 0 ? exact : tables.filter((entry) => entry.tag === path);
  if (found.length === 1) return found;
  const names = (found.length > 0 ? found : tables).map(nameOfTable);
  return fail(
    'InputInvalid',
    `the snapshot holds ${found.length > 0 ? 'more than one' : 'no'} table named ${JSON.stringify(path)}`,
    {
      hint: `Tables are named schema.table; it holds ${names.slice(0, 20).join(', ')}${names.length > 20 ? ', ...' : ''}.`,
      context: { path },
    },
  );
}

/** A partitioned table keeps its rows in its partitions, so they come along. A partition that is asked for comes alone. */
function withPartitions(
  contents: ArchiveContents,
  needsOf: (entry: ArchiveEntry) => ArchiveEntry[],
  tables: readonly ArchiveEntry[],
): ArchiveEntry[] {
  const all = new Set(tables);
  for (const table of all) {
    for (const attachment of contents.entries) {
      // It is named after the partition; the other table that it needs is the parent.
      if (attachment.kind !== 'TABLE ATTACH' || !attachment.needs.includes(table.id)) continue;
      const partition = needsOf(attachment).find(
        (need) => need.tag === attachment.tag && need.schema === attachment.schema,
      );
      if (partition !== undefined && partition !== table) all.add(partition);
    }
  }
  return [...all];
}

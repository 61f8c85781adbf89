/**
 * One snapshot of one database: a transaction is opened and its view of the data given to pg_dump, so that the dump, the
 * row counts and the list of what is there are of the same moment. Three files come of it: the dump, the roles, and the
 * manifest. Nothing is handed on unless the dump is whole and holds every row that the server counted.
 */
import { fail, isTidemarkError } from '../../../core/errors.ts';
import type { Json } from '../../../core/json.ts';
import type { Problem } from '../../../format/snapshot.ts';
import { type Content, encodeTree, type TreeEntry } from '../../../format/tree.ts';
import type { CaptureContext, CapturedContent, CaptureOutcome, ContentSink } from '../../port.ts';
import { type Client, withClient } from '../client.ts';
import type { Connection } from '../connection.ts';
import { encodeManifest, fileNames, type Manifest } from '../manifest.ts';
import { chooseTools, type PostgresTools } from '../tools.ts';
import { type Dumped, dumpGlobals, startDump } from './dump.ts';
import { exportSnapshot, type Inventory, takeInventory } from './inventory.ts';
import { checkRights, type ServerVersion, serverVersion } from './preflight.ts';

export interface CaptureOptions {
  readonly connection: Connection;
  readonly folders: readonly string[];
  /** Tables with more bytes than this are counted in the dump only, so that the server does not read them twice. */
  readonly countUpTo: number;
}

const longestLockWait = 10 * 60_000;

/** Everything that can be known to be wrong before the dump. */
export async function preflight(
  client: Client,
  { connection, folders }: CaptureOptions,
): Promise<{ server: ServerVersion; tools: PostgresTools }> {
  const server = await serverVersion(client);
  const tools = await chooseTools(folders, server.major, `for a server of version ${server.version}`);
  await checkRights(client, connection);
  return { server, tools };
}

export async function capture(options: CaptureOptions, context: CaptureContext): Promise<CaptureOutcome> {
  const { connection } = options;
  const time = context.clock.now();
  return withClient(connection, async (client) => {
    const { server, tools } = await preflight(client, options);
    const rolePasswords = await mayReadPasswords(client);
    if (!rolePasswords) context.log.warn('role-passwords-left-out', { user: connection.user });
    const snapshot = await exportSnapshot(client);
    const lockMilliseconds = Math.max(1, Math.min(longestLockWait, Math.trunc(context.deadline.remaining() * 0.8)));
    const dump = startDump({ connection, tools, snapshot, lockMilliseconds }, context);
    const [dumped, inventory] = await together(client, options, dump, context);
    await client.query('commit');
    const globals = await dumpGlobals({ connection, tools }, rolePasswords, context);
    for (const warning of dumped.warnings) context.log.warn('pg-dump-warned', { warning });

    const { tables, problems } = compare(dumped, inventory);
    const manifest: Manifest = {
      format: 'tidemark-postgres',
      version: 1,
      capturedAt: time.toISOString(),
      consistency: 'one transaction snapshot',
      server,
      tool: { version: tools.version, major: tools.major },
      archive: dumped.contents.version,
      database: inventory.database,
      extensions: inventory.extensions,
      roles: rolesOf(dumped, inventory),
      rolePasswords: rolePasswords ? 'included' : 'left out',
      tablespaces: [...new Set(dumped.contents.entries.flatMap((entry) => entry.tablespace ?? []))].sort(),
      tables,
      warnings: [...dumped.warnings],
    };
    const result = store(manifest, dumped.content, globals, problems, time, context.sink);
    return {
      done: true,
      result: result as unknown as Json,
      progress: { files: result.totals.files, bytes: result.totals.bytes },
    };
  });
}

/** The dump and the counting side by side; when one fails, the other is ended and the cause of the trouble thrown. */
async function together(
  client: Client,
  options: CaptureOptions,
  dump: ReturnType<typeof startDump>,
  { deadline }: CaptureContext,
): Promise<[Dumped, Inventory]> {
  let failed = false;
  const limits = { bytes: options.countUpTo, hurry: () => deadline.passed(), stopped: () => failed };
  const counting = takeInventory(client, limits).catch((error) => {
    const first = !failed;
    failed = true;
    dump.stop();
    return { error, first };
  });
  const dumped = await dump.done.catch((error) => {
    const first = !failed;
    failed = true;
    // A dump that ends because counting failed is not the cause; one that lost its server is, whoever noticed first.
    if (first || !isTidemarkError(error, 'DumpFailed')) throw error;
    return undefined;
  });
  const counted = await counting;
  if ('error' in counted) throw counted.error;
  return [dumped!, counted];
}

async function mayReadPasswords(client: Client): Promise<boolean> {
  const { rows } = await client.query<{ may: boolean }>(
    `select pg_catalog.has_table_privilege('pg_catalog.pg_authid', 'select') as may`,
  );
  return rows[0]?.may === true;
}

/** Holds the dump against what the server says. Errors: `DumpFailed` where rows are missing or too many. */
function compare(dumped: Dumped, inventory: Inventory): { tables: Manifest['tables']; problems: Problem[] } {
  const problems: Problem[] = [];
  const tables: Manifest['tables'] = [];
  const left = new Map(dumped.rows);
  for (const { schema, name, bytes, rows } of inventory.tables) {
    const key = `${schema}.${name}`;
    const inDump = left.get(key);
    left.delete(key);
    if (inDump === undefined) {
      problems.push({ path: key, what: 'is in the database and not in the dump' });
    } else if (rows !== undefined && rows !== inDump) {
      fail('DumpFailed', `the dump holds ${inDump} rows of ${key}, the database ${rows} at the same moment`, {
        hint: 'Check this table for corruption (pg_amcheck), and take the snapshot again.',
      });
    } else {
      tables.push({ schema, name, rows: inDump, bytes, counted: rows === undefined ? 'dump' : 'server' });
    }
  }
  // What is left are tables of extensions whose rows belong to the user.
  for (const [key, rows] of left) {
    const entry = dumped.contents.entries.find((one) => one.copy !== undefined && `${one.schema}.${one.tag}` === key);
    tables.push({ schema: entry?.schema ?? '', name: entry?.tag ?? key, rows, bytes: 0, counted: 'dump' });
  }
  return { tables, problems };
}

/** Owners and grantees; the server does not list what belongs to its first superuser, so owners are read off the dump. */
function rolesOf(dumped: Dumped, inventory: Inventory): string[] {
  const owners = dumped.contents.entries.map((entry) => entry.owner).filter((owner) => owner !== '');
  return [...new Set([...owners, ...inventory.roles, inventory.database.owner])].sort();
}

function store(
  manifest: Manifest,
  dump: Content,
  globals: Buffer,
  problems: Problem[],
  time: Date,
  sink: ContentSink,
): CapturedContent {
  const attributes = {
    type: 'file',
    mode: 0o600,
    uid: 0,
    gid: 0,
    mtime: `${BigInt(time.getTime()) * 1_000_000n}`,
  } as const;
  const entries: TreeEntry[] = [
    { name: fileNames.dump, ...attributes, ...dump },
    { name: fileNames.globals, ...attributes, ...storeBytes(globals, sink) },
    { name: fileNames.manifest, ...attributes, ...storeBytes(encodeManifest(manifest), sink) },
  ];
  const root = sink.put(encodeTree({ entries }), 'tree');
  const bytes = entries.reduce((sum, entry) => sum + (entry.size ?? 0), 0);
  return {
    root,
    totals: { files: entries.length, directories: 0, others: 0, bytes, read: bytes },
    problems,
    details: {
      database: manifest.database.name,
      server: manifest.server.version,
      tool: manifest.tool.version,
      consistency: manifest.consistency,
      tables: manifest.tables.length,
      rows: manifest.tables.reduce((sum, table) => sum + table.rows, 0),
      databaseBytes: manifest.database.bytes,
      largest: largestTables(manifest.tables),
      rolePasswords: manifest.rolePasswords,
      ...(manifest.warnings.length > 0 && { warnings: manifest.warnings }),
    },
  };
}

/** Names and rows, to be held against those of the next snapshot: a table that is gone is then missed. */
function largestTables(tables: Manifest['tables']): { readonly [table: string]: number } {
  const sorted = tables.toSorted((a, b) => b.rows - a.rows).slice(0, tablesTold);
  return Object.fromEntries(sorted.map(({ schema, name, rows }) => [`${schema}.${name}`, rows]));
}

const tablesTold = 100;

function storeBytes(bytes: Buffer, sink: ContentSink): Content {
  if (bytes.length <= sink.smallFile)
    return { size: bytes.length, blobs: bytes.length === 0 ? [] : [sink.put(bytes, 'data')] };
  const stream = sink.stream();
  stream.write(bytes);
  return stream.end();
}

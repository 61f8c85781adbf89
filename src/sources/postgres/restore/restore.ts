/**
 * Brings a database back: roles first, then the dump into a database of its own, then its settings, then its name. What
 * pg_restore could not do is reported line by line; nothing is taken for harmless that is not known to be.
 */
import type { Problem } from '../../../format/snapshot.ts';
import type { RestoreContext, RestoreOutcome } from '../../port.ts';
import type { ArchiveEntry } from '../archive/contents.ts';
import { type Client, withClient } from '../client.ts';
import type { Connection } from '../connection.ts';
import { chooseTools, type PostgresTools } from '../tools.ts';
import { asMember } from './borrowed.ts';
import { createWork, dropMarked, giveName, settle } from './database.ts';
import { runRestore } from './program.ts';
import { restoreRoles } from './roles.ts';
import { quotedName } from './sql.ts';
import { openStored, readWhole, type StoredDump } from './stored.ts';
import { entriesFor, moveAside } from './tables.ts';
import { type DatabaseTarget, inspectTarget } from './target.ts';

const analyzeAtMost = 5 * 60_000;

export async function toolsFor(stored: StoredDump, folders: readonly string[]): Promise<PostgresTools> {
  const { tool } = stored.manifest;
  return chooseTools(folders, tool.major, `to read what pg_dump ${tool.version} wrote`);
}

export async function checkDatabaseTarget(folders: readonly string[], context: RestoreContext): Promise<void> {
  const stored = await openStored(context);
  await toolsFor(stored, folders);
  await inspectTarget(stored, context);
}

export async function restoreDatabase(folders: readonly string[], context: RestoreContext): Promise<RestoreOutcome> {
  const stored = await openStored(context);
  const tools = await toolsFor(stored, folders);
  const target = await inspectTarget(stored, context);
  const globals = (await readWhole(context.reader, stored.globals)).toString('utf8');
  const [problems, found] = await withClient(target.manage, async (client) => {
    const { roles } = stored.manifest;
    const made = await restoreRoles(client, globals, roles, context.log);
    const beside = target.mode === 'new' || target.mode === 'replace';
    const work = () => (beside ? fillBeside : fillInPlace)(tools, target, stored, context);
    return [made.problems, await asMember(client, roles, context.log, work)];
  });
  const used = target.selection === undefined ? [stored.dump, stored.globals, stored.about] : [stored.dump];
  const bytes = used.reduce((sum, entry) => sum + (entry.size ?? 0), 0);
  return { done: true, restored: { files: used.length, bytes }, problems: [...problems, ...found] };
}

async function fillInPlace(
  tools: PostgresTools,
  target: DatabaseTarget,
  stored: StoredDump,
  context: RestoreContext,
): Promise<Problem[]> {
  const { connection, selection } = target;
  if (selection !== undefined) await withClient(connection, (client) => moveAside(client, selection.tables, context));
  const problems = await fill(tools, target, connection, stored, context);
  if (selection !== undefined) return problems;
  const settled = await withClient(connection, (client) =>
    settle(client, connection.database, stored.manifest.database, false),
  );
  return [...problems, ...settled];
}

async function fillBeside(
  tools: PostgresTools,
  target: DatabaseTarget,
  stored: StoredDump,
  context: RestoreContext,
): Promise<Problem[]> {
  const { root } = context;
  const work = await createWork(target, stored.manifest.database, context);
  try {
    const problems = await fill(tools, target, work, stored, context);
    await giveName(target, work.database, context);
    const { database } = target.connection;
    const settled = await withClient(target.manage, (client) =>
      settle(client, database, stored.manifest.database, true),
    );
    return [...problems, ...settled];
  } catch (error) {
    // Half a database is worse than none; one that has its name already is whole, and stays.
    await withClient(target.manage, (client) => dropMarked(client, work.database, root, context.log)).catch((cause) => {
      context.log.warn('unfinished-database-left', { database: work.database, reason: String(cause) });
    });
    throw error;
  }
}

async function fill(
  tools: PostgresTools,
  target: DatabaseTarget,
  connection: Connection,
  stored: StoredDump,
  context: RestoreContext,
): Promise<Problem[]> {
  const { contents } = stored;
  const { entries, tablespaces } = await withClient(connection, async (client) => ({
    entries: target.selection === undefined ? undefined : await entriesFor(client, contents, target.selection, context),
    tablespaces: await hasTablespaces(client, stored, context),
  }));
  // Comments on extensions belong to whoever owns the extension, which is a superuser.
  const chosen = (entries ?? contents.entries).filter(
    (entry) => target.superuser || entry.kind !== 'COMMENT' || !entry.tag.startsWith('EXTENSION '),
  );
  const whole = chosen.length === contents.entries.length;
  const problems = await runRestore(
    { tools, connection, stored, entries: whole ? undefined : chosen, tablespaces },
    context,
  );
  await withClient(connection, (client) => analyze(client, target.selection?.tables ?? [], context));
  return problems;
}

async function hasTablespaces(client: Client, { manifest }: StoredDump, context: RestoreContext): Promise<boolean> {
  const { rows } = await client.query<{ name: string }>('select spcname as name from pg_catalog.pg_tablespace');
  const lacking = manifest.tablespaces.filter((name) => !rows.some((row) => row.name === name));
  if (lacking.length > 0) context.log.warn('tablespaces-left-out', { tablespaces: lacking });
  return lacking.length === 0;
}

/** A dump brings no statistics, and without them the first queries are slow. No reason to fail a restore. */
async function analyze(client: Client, tables: readonly ArchiveEntry[], context: RestoreContext): Promise<void> {
  const milliseconds = Math.trunc(Math.max(1, Math.min(analyzeAtMost, context.deadline.remaining() / 2)));
  try {
    await client.query(`set statement_timeout = ${milliseconds}`);
    const names = tables.map((table) => `${quotedName(table.schema ?? 'public')}.${quotedName(table.tag)}`);
    await client.query(`analyze ${names.join(', ')}`);
  } catch (error) {
    context.log.warn('not-analyzed', { reason: (error as Error).message });
  }
}

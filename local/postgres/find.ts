/** Finds a PostgreSQL that can run a server on this machine: named, installed, or out of an npm package, in this order. */
import { execFile } from 'node:child_process';
import { access, constants } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { fail } from '../../src/core/errors.ts';
import { type PostgresTools, toolsIn, usualFolders } from '../../src/sources/postgres/tools.ts';
import { embeddedPostgres } from './embedded.ts';

export type { PostgresTools };

export interface FindOptions {
  /** The folder that holds `postgres`, `initdb`, `pg_dump`, ...; nothing else is looked at then. */
  readonly folder?: string;
  /** Where `TIDEMARK_PG_BIN` and `PATH` are read from. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

const serverPrograms = ['postgres', 'initdb', 'pg_ctl'];
const install = 'Install it: apt-get install postgresql, or name the folder of its programs in TIDEMARK_PG_BIN.';

/** The best one there is. Errors: `ToolMissing`. */
export async function findPostgres(options: FindOptions = {}): Promise<PostgresTools> {
  const [first] = await everyPostgres(options);
  return first ?? fail('ToolMissing', 'no PostgreSQL server can be found on this machine', { hint: install });
}

/** Folders in which programs may lie, for `postgresSource({ tools })`: so that sources find what the server was found by. */
export async function postgresFolders(options: FindOptions = {}): Promise<readonly string[]> {
  const { folder, environment = process.env } = options;
  const named = folder ?? environment.TIDEMARK_PG_BIN;
  if (named !== undefined && named !== '') return [named];
  const embedded = await embeddedPostgres();
  const path = (environment.PATH ?? '').split(delimiter).filter((part) => part.startsWith('/'));
  const [usual, single] = [await usualFolders(), embedded === undefined ? [] : [embedded]];
  return [...new Set([...path, ...usual, ...single])];
}

/** Every one that runs here: the newest installed one first, the one out of the npm package last. */
export async function everyPostgres(options: FindOptions = {}): Promise<readonly PostgresTools[]> {
  const { folder, environment = process.env } = options;
  const named = folder ?? environment.TIDEMARK_PG_BIN;
  if (named !== undefined && named !== '') return [(await serverIn(named)) ?? (await sayWhy(named))];
  const embedded = await embeddedPostgres();
  const found: PostgresTools[] = [];
  for (const place of await postgresFolders(options)) {
    const server = place === embedded ? undefined : await serverIn(place);
    if (server !== undefined) found.push(server);
  }
  found.sort((a, b) => b.major - a.major);
  if (embedded === undefined) return found;
  const last = await serverIn(embedded);
  // Only worth an error when there is nothing else: this package is the last resort.
  if (last === undefined && found.length === 0) await sayWhy(embedded);
  return last === undefined ? found : [...found, last];
}

async function serverIn(folder: string): Promise<PostgresTools | undefined> {
  const tools = await toolsIn(folder);
  if (tools === undefined) return undefined;
  return (await troubleWith(folder)) === undefined ? tools : undefined;
}

async function sayWhy(folder: string): Promise<never> {
  const trouble = (await troubleWith(folder)) ?? 'pg_dump, pg_dumpall or pg_restore is missing there or does not run';
  return fail('ToolMissing', `the PostgreSQL in ${folder} cannot be used: ${trouble}`, { hint: install });
}

/** Why no server can be started with what is in a folder; a missing shared library shows only when it is run. */
async function troubleWith(folder: string): Promise<string | undefined> {
  try {
    for (const name of serverPrograms) await access(join(folder, name), constants.X_OK);
    await promisify(execFile)(join(folder, 'postgres'), ['--version']);
    return undefined;
  } catch (error) {
    const { stderr, message } = error as { stderr?: string; message: string };
    return (stderr || message).trim().split('\n').at(-1);
  }
}

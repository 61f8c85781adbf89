/**
 * PostgreSQL's own programs (pg_dump, pg_dumpall, pg_restore): where they are, and which of several versions to use. A
 * program reads servers up to its own major version, and pg_restore reads what a pg_dump up to its own version wrote.
 */
import { execFile } from 'node:child_process';
import { access, constants, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { fail } from '../../core/errors.ts';

export interface PostgresTools {
  readonly folder: string;
  /** `15.18` */
  readonly version: string;
  readonly major: number;
}

export type ToolName = 'pg_dump' | 'pg_dumpall' | 'pg_restore';

/** Folders with a version in their name, then those without: Debian, Red Hat, a Lambda layer, built by hand. */
const families: readonly (readonly [parent: string, child: RegExp, rest: string])[] = [
  ['/usr/lib/postgresql', /^\d+$/, 'bin'],
  ['/usr', /^pgsql-\d+$/, 'bin'],
];
const single = ['/opt/postgresql/bin', '/opt/bin', '/usr/local/pgsql/bin', '/usr/local/bin', '/usr/bin'];

export async function usualFolders(): Promise<readonly string[]> {
  const found: string[] = [];
  for (const [parent, child, rest] of families) {
    const names = await readdir(parent).catch(() => []);
    found.push(...names.filter((name) => child.test(name)).map((name) => join(parent, name, rest)));
  }
  return [...found, ...single];
}

export function toolPath(tools: PostgresTools, name: ToolName): string {
  return join(tools.folder, name);
}

const execute = promisify(execFile);
const known = new Map<string, Promise<PostgresTools | undefined>>();

/** The tools of a folder, or undefined when one of them is missing or does not run. */
export function toolsIn(folder: string): Promise<PostgresTools | undefined> {
  const before = known.get(folder);
  if (before !== undefined) return before;
  const found = inspect(folder);
  known.set(folder, found);
  void found.then((tools) => tools ?? known.delete(folder));
  return found;
}

async function inspect(folder: string): Promise<PostgresTools | undefined> {
  try {
    const names: readonly ToolName[] = ['pg_dump', 'pg_dumpall', 'pg_restore'];
    for (const name of names) await access(join(folder, name), constants.X_OK);
    const { stdout } = await execute(join(folder, 'pg_dump'), ['--version'], {
      env: { PATH: '/usr/bin:/bin', LC_ALL: 'C' },
    });
    const version = /\(PostgreSQL\) (\d+(?:\.\d+)?)/.exec(stdout)?.[1];
    return version === undefined ? undefined : { folder, version, major: Number.parseInt(version, 10) };
  } catch {
    return undefined;
  }
}

/**
 * The oldest tools of the folders whose major version is at least `atLeast`: newer ones write what older servers and
 * tools do not read. Errors: `ToolMissing`.
 */
export async function chooseTools(
  folders: readonly string[],
  atLeast: number,
  purpose: string,
): Promise<PostgresTools> {
  const all = (await Promise.all(folders.map(toolsIn))).filter((tools) => tools !== undefined);
  const fit = all.filter((tools) => tools.major >= atLeast).sort((a, b) => a.major - b.major);
  const [first] = fit;
  if (first !== undefined) return first;
  const install = `Install them: apt-get install postgresql-client-${atLeast} (or newer), or name their folder.`;
  if (all.length === 0) {
    return fail(
      'ToolMissing',
      `pg_dump, pg_dumpall and pg_restore are nowhere to be found, and are needed ${purpose}`,
      {
        hint: install,
        context: { folders },
      },
    );
  }
  const versions = [...new Set(all.map((tools) => tools.version))].join(', ');
  return fail(
    'ToolMissing',
    `PostgreSQL programs of version ${atLeast} or newer are needed ${purpose}; here is only ${versions}`,
    {
      hint: install,
      context: { needed: atLeast, found: all.map((tools) => tools.folder) },
    },
  );
}

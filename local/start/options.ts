/** What `npm start` can be told, and how it answers `--help`. */
import { existsSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { fail } from '../../src/core/errors.ts';
import { parseConnection } from '../../src/sources/postgres/connection.ts';

/** Somebody's own data: read, never written to. */
export interface OwnData {
  readonly files?: string;
  readonly postgres?: string;
  readonly git?: string;
}

export interface Options {
  readonly help: boolean;
  /** The workspace stays, with both vaults and everything that was restored. */
  readonly keep: boolean;
  /** Little data and two weeks, for a first look and for tests. */
  readonly quick: boolean;
  /** Undefined: with sample data, made in the workspace. */
  readonly own: OwnData | undefined;
}

export const help = `Tidemark from the first backup to the proven restore, on this machine, without an account.

  npm start                              a month of a sample network on a virtual clock, in under two minutes
  npm start -- --quick                   the same with little data and two weeks
  npm start -- --files ~/documents       your own files: backed up, replicated, verified, restored elsewhere, compared
  npm start -- --postgres postgres://me@localhost/shop
  npm start -- --git ~/projects/shop     any of the three, alone or together

  --files DIR      a folder; it is read and never written to
  --postgres URL   a database; it is read. What is restored goes to a new database tidemark_restored_... on the same
                   server, which is dropped at the end (the login needs the right to create databases)
  --git DIR        a repository; the tree of its HEAD is taken
  --keep           leave the workspace, with the vaults and what was restored, and say where it is
  --quick          little data (sample only)
  --help           this

Everything happens in a folder of its own under the system's temporary folder (TMPDIR chooses another). The exit code is 0
only when everything came back as it was.
`;

/** Errors: `UsageInvalid`, `SourceMissing`. */
export function readOptions(given: readonly string[]): Options {
  const { help: wanted, keep, quick, files, postgres, git } = parse(given);
  const own: OwnData = {
    ...(files !== undefined && { files: folder('--files', files) }),
    ...(postgres !== undefined && { postgres: database(postgres) }),
    ...(git !== undefined && { git: folder('--git', git) }),
  };
  const isOwn = Object.keys(own).length > 0;
  if (isOwn && quick) {
    fail('UsageInvalid', '--quick makes less sample data; with your own data there is none to make', {
      hint: 'Leave --quick out.',
    });
  }
  return { help: wanted, keep, quick, own: isOwn ? own : undefined };
}

function parse(given: readonly string[]) {
  try {
    const { values } = parseArgs({
      args: [...given],
      strict: true,
      options: {
        help: { type: 'boolean', short: 'h', default: false },
        keep: { type: 'boolean', default: false },
        quick: { type: 'boolean', default: false },
        files: { type: 'string' },
        postgres: { type: 'string' },
        git: { type: 'string' },
      },
    });
    return values;
  } catch (error) {
    const [first = 'an option is wrong'] = (error as Error).message.split(/(?<=')\. |\n/);
    return fail('UsageInvalid', first.replace(/\.$/, ''), { hint: 'See what there is: npm start -- --help' });
  }
}

function folder(option: string, given: string): string {
  if (given === '') fail('UsageInvalid', `${option} names no folder`, { hint: `Write ${option} DIR.` });
  const path = resolve(given);
  if (!existsSync(path)) {
    fail('SourceMissing', `${option}: there is no ${path}`, { hint: 'Check the spelling; relative paths start here.' });
  }
  if (!statSync(path).isDirectory()) {
    fail('UsageInvalid', `${option}: ${path} is no folder`, { hint: 'Name the folder that it is in.' });
  }
  return path;
}

function database(url: string): string {
  parseConnection(url, 'UsageInvalid');
  return url;
}

/** The source's root as it is found: a directory, or one file in the directory that holds it. */
import { type BigIntStats, opendirSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { errnoOf, fail } from '../../../core/errors.ts';

export interface Root {
  /** With a slash at its end. */
  readonly prefix: string;
  readonly stat: BigIntStats;
  /** The only name that is captured, when the source is a file. */
  readonly only: string | undefined;
}

/** A symbolic link that is the root itself is followed. Errors: `SourceMissing`. */
export function openRoot(path: string): Root {
  try {
    const real = realpathSync(path);
    const stat = statSync(real, { bigint: true });
    if (stat.isFile()) return { prefix: withSlash(dirname(real)), stat, only: basename(real) };
    if (!stat.isDirectory()) return notCapturable(path);
    const prefix = withSlash(real);
    // A root that cannot be listed is told from the rest here, before anything else is done.
    opendirSync(real).closeSync();
    return { prefix, stat, only: undefined };
  } catch (cause) {
    const code = errnoOf(cause);
    if (code === undefined) throw cause;
    const context = { path, code };
    if (code === 'ENOENT' || code === 'ENOTDIR') {
      const hint = 'Look whether the disk is mounted, or correct the path in the plan.';
      return fail('SourceMissing', `${path} is not there`, { hint, context, cause });
    }
    const hint = 'Run as a user who may read it, or correct its permissions.';
    return fail('SourceMissing', `${path} cannot be read (${code})`, { hint, context, cause });
  }
}

/** A file system begins at this directory: it is where something is mounted. */
export function isMountPoint({ prefix, stat, only }: Root): boolean {
  if (only !== undefined || prefix === '/') return false;
  try {
    return statSync(dirname(prefix), { bigint: true }).dev !== stat.dev;
  } catch {
    return false;
  }
}

function notCapturable(path: string): never {
  return fail('SourceMissing', `${path} is neither a directory nor a file`, {
    hint: 'Name the directory that is to be protected.',
    context: { path },
  });
}

function withSlash(path: string): string {
  return path.endsWith('/') ? path : `${path}/`;
}

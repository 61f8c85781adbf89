/**
 * The kind `git`: the files of one commit, out of a repository on this machine or behind an https URL, without Git itself.
 * A commit is a version: the same one is captured once, and is the same tree every time. Restored, it is a plain directory.
 */
import { fail } from '../../core/errors.ts';
import type { Json } from '../../core/json.ts';
import { filesSource } from '../files/index.ts';
import type { CaptureContext, CapturedContent, Source } from '../port.ts';
import { captureCommit } from './capture.ts';
import { openLocal, resolveLocal } from './local.ts';
import { GitObjects } from './objects.ts';
import { type Credentials, fetchCommit, type RemoteRepository, remoteAt, remoteName, resolveRemote } from './remote.ts';

export type { Credentials };

export interface GitOptions {
  /** A folder, or an http(s) URL. */
  readonly repository: string;
  /** Branch, tag or commit; what an event names goes before it. */
  readonly ref: string;
  /** For a repository behind a URL that is not open to everybody. */
  readonly credentials?: Credentials;
}

/** Errors: `PlanInvalid` for a URL of another kind than http(s). */
export function gitSource({ repository, ref, credentials }: GitOptions): Source {
  const remote = remoteOf(repository, credentials);
  const wanted = ({ revision }: CaptureContext): string => revision ?? ref;
  const resolve = async (context: CaptureContext): Promise<string> =>
    remote === undefined
      ? resolveLocal(await openLocal(repository), wanted(context))
      : resolveRemote(remote, wanted(context), context.deadline);
  // Restoring knows nothing of Git: a tree is a tree.
  const { checkTarget, restore, validate, discard } = filesSource({
    path: remote === undefined ? repository : '/',
    exclude: [],
    allowEmpty: true,
  });

  return {
    kind: 'git',
    revision: resolve,
    split: async (context) => [{ commit: await resolve(context) }],
    async capture(shard, state, context) {
      const commit = String(shard.commit);
      const about = { ref, repository: remote === undefined ? (await openLocal(repository)).name : remoteName(remote) };
      if (remote === undefined) {
        const { gitdir, name } = await openLocal(repository);
        return captureCommit(new GitObjects(gitdir, name), commit, about, state, context);
      }
      const { gitdir, dispose } = await fetchCommit(remote, commit, context.deadline);
      try {
        return await captureCommit(new GitObjects(gitdir, about.repository), commit, about, state, context);
      } finally {
        await dispose();
      }
    },
    combine: async (results: readonly Json[]) => results[0] as unknown as CapturedContent,
    checkTarget,
    restore,
    validate,
    discard,
  };
}

function remoteOf(repository: string, credentials: Credentials | undefined): RemoteRepository | undefined {
  if (/^https?:\/\//i.test(repository)) return remoteAt(repository, credentials);
  const [scheme] = /^[a-z][a-z0-9+.-]*:\/\/|^[\w.-]+@[\w.-]+:/i.exec(repository) ?? [];
  if (scheme === undefined) return undefined;
  return fail('PlanInvalid', `the repository ${JSON.stringify(scheme)}... is neither a folder nor an https URL`, {
    hint: 'Name a folder on this machine, or the https URL of the repository.',
  });
}

/** A repository behind an http or https URL: which commit a name stands for, and that one commit fetched into a scratch folder. */

import { promises } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AuthCallback } from 'isomorphic-git';
import * as git from 'isomorphic-git';
import type { Deadline } from '../../core/deadline.ts';
import { fail, isTidemarkError } from '../../core/errors.ts';
import { redact } from '../../core/log.ts';
import { GitObjects, isObjectId } from './objects.ts';
import { refMissing } from './refs.ts';

export interface Credentials {
  /** `x-access-token` when not given, as for tokens the name does not matter. */
  readonly username?: string;
  /** A password or an access token. */
  readonly password: string;
}

export interface RemoteRepository {
  readonly url: string;
  readonly credentials: Credentials | undefined;
}

/** The longest that a server may take for an answer. */
const patience = 10 * 60_000;

export function remoteName({ url }: RemoteRepository): string {
  return url;
}

/** Takes credentials that stand in the URL out of it, so that it can be shown. */
export function remoteAt(text: string, credentials: Credentials | undefined): RemoteRepository {
  if (!URL.canParse(text)) fail('PlanInvalid', `the repository ${String(redact(text))} is no URL`);
  const url = new URL(text);
  const { username, password } = url;
  if (username === '' && password === '') return { url: text, credentials };
  url.username = '';
  url.password = '';
  const inUrl = { username: decodeURIComponent(username), password: decodeURIComponent(password) };
  return { url: url.href, credentials: credentials ?? inUrl };
}

/** Full ids are taken at their word; fetching finds out. Errors: `SourceMissing`. */
export async function resolveRemote(remote: RemoteRepository, ref: string, deadline: Deadline): Promise<string> {
  if (isObjectId(ref)) return ref;
  const refs = await inTime(remote, deadline, async (client) =>
    git.listServerRefs({ ...client, url: remote.url, symrefs: true, peelTags: true }),
  );
  for (const candidate of [ref, `refs/${ref}`, `refs/tags/${ref}`, `refs/heads/${ref}`]) {
    const found = refs.find((one) => one.ref === candidate);
    if (found !== undefined) return found.peeled ?? found.oid;
  }
  const names = refs
    .map((one) => one.ref.replace(/^refs\/(?:heads|tags)\//, ''))
    .filter((name) => !name.endsWith('^{}'));
  return refMissing(remoteName(remote), ref, names);
}

/** The commit with its files and nothing older. `dispose` removes the folder. Errors: `SourceMissing`. */
export async function fetchCommit(
  remote: RemoteRepository,
  commit: string,
  deadline: Deadline,
): Promise<{ gitdir: string; dispose(): Promise<void> }> {
  const gitdir = await mkdtemp(join(tmpdir(), 'tidemark-git-'));
  const dispose = (): Promise<void> => rm(gitdir, { recursive: true, force: true });
  try {
    const fs = { promises };
    await git.init({ fs, gitdir, bare: true });
    await git.setConfig({ fs, gitdir, path: 'remote.origin.fetch', value: '+refs/heads/*:refs/remotes/origin/*' });
    await inTime(remote, deadline, async (client) =>
      git.fetch({
        ...client,
        ...{ fs, gitdir, url: remote.url, ref: commit, remoteRef: commit, depth: 1, singleBranch: true, tags: false },
      }),
    );
    // A server that refuses sends no pack, and isomorphic-git takes that for an empty one.
    const found = await new GitObjects(gitdir, remoteName(remote)).find(commit);
    return found === undefined ? notHandedOut(remote, commit) : { gitdir, dispose };
  } catch (error) {
    await dispose();
    throw error;
  }
}

type GitHttp = { http: Parameters<typeof git.listServerRefs>[0]['http']; onAuth?: AuthCallback };

/** Ends the waiting, and the connection, when the deadline passes or the server has gone silent for too long. */
async function inTime<Result>(
  remote: RemoteRepository,
  deadline: Deadline,
  work: (client: GitHttp) => Promise<Result>,
): Promise<Result> {
  const { default: http } = await import('isomorphic-git/http/node');
  const milliseconds = Math.max(1, Math.ceil(Math.min(patience, deadline.remaining())));
  const signal = AbortSignal.timeout(milliseconds);
  const late = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () =>
      reject(Object.assign(new Error('no answer in time'), { code: 'ETIMEDOUT' })),
    );
  });
  late.catch(() => {});
  const { credentials } = remote;
  try {
    return await Promise.race([
      late,
      work({
        http: { request: (request) => http.request({ ...request, signal }) },
        ...(credentials !== undefined && {
          onAuth: () => ({ username: credentials.username ?? 'x-access-token', password: credentials.password }),
          // Asked again with the same answer, the server would refuse again.
          onAuthFailure: () => ({ cancel: true }),
        }),
      }),
    ]);
  } catch (error) {
    if (isTidemarkError(error)) throw error;
    if (deadline.passed()) {
      fail('DeadlineExceeded', `${remoteName(remote)} was not fetched in time`, {
        hint: 'Give the function more time, or clone the repository to this machine and protect the clone.',
        cause: error,
      });
    }
    return unreachable(remote, error);
  }
}

function unreachable(remote: RemoteRepository, error: unknown): never {
  const name = remoteName(remote);
  const { code, data, message } = error as { code?: string; data?: { statusCode?: number }; message: string };
  const status = data?.statusCode;
  const details = { cause: error, context: { repository: name, ...(status !== undefined && { status }) } };
  if (status === 401 || status === 403 || code === 'UserCanceledError') {
    return fail(
      'SourceMissing',
      `${name} wants to know who asks, and ${remote.credentials ? 'refused the credentials' : 'was given no credentials'}`,
      {
        ...details,
        hint: 'Give the source credentials that may read it: a user and password, or an access token.',
      },
    );
  }
  if (status !== undefined) {
    return fail('SourceMissing', `${name} answered with HTTP status ${status}`, {
      ...details,
      hint: 'Check the URL. Servers answer 404 for private repositories too: give the source credentials.',
    });
  }
  return fail(
    'SourceMissing',
    `${name} cannot be read: ${String(redact(message))}${code === undefined ? '' : ` (${code})`}`,
    {
      ...details,
      hint: 'Check the URL, and that this machine can reach it.',
    },
  );
}

function notHandedOut(remote: RemoteRepository, commit: string): never {
  return fail('SourceMissing', `${remoteName(remote)} does not hand out the commit ${commit}`, {
    hint: 'It may not be there (any more), or the server hands out only the heads of branches and tags.',
    context: { repository: remoteName(remote), commit },
  });
}

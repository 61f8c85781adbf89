import { readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { TidemarkError } from '../../../src/core/errors.ts';
import { type GitOptions, gitSource } from '../../../src/sources/git/index.ts';
import { MemoryContent } from '../memory-content.ts';
import {
  capture,
  captureContext,
  cleanUp,
  commit,
  folder,
  git,
  gitServer,
  noGit,
  repository,
  textOf,
} from './trial.ts';

afterAll(cleanUp);

const failure = async (work: Promise<unknown>): Promise<TidemarkError> => {
  const error = await work.then(
    (value) => new Error(`no error, but ${JSON.stringify(value)}`),
    (thrown) => thrown,
  );
  expect(error).toBeInstanceOf(TidemarkError);
  return error;
};
const revision = (options: GitOptions, named?: string) =>
  gitSource(options).revision!(captureContext(new MemoryContent(), { revision: named }));
const leftovers = () => readdirSync(tmpdir()).filter((name) => /^tidemark-git-[^t]/.test(name));

describe.skipIf(noGit)('a repository behind a URL', () => {
  const work = noGit ? '' : repository({ 'a.txt': 'first', 'deep/b.txt': 'b' });
  const first = noGit ? '' : git(work, 'rev-parse', 'HEAD');
  const second = noGit ? '' : commit(work, { 'a.txt': 'second' }, 'Second');
  const root = noGit ? '' : folder();
  if (!noGit) {
    git(work, 'tag', '-a', '-m', 'One', 'v1', first);
    git(work, 'branch', 'old', first);
    git(root, 'clone', '-q', '--bare', work, 'network.git');
    git(join(root, 'network.git'), 'config', 'uploadpack.allowAnySHA1InWant', 'true');
    git(root, 'clone', '-q', '--bare', work, 'strict.git');
  }

  test('is the same tree as on this machine', async () => {
    const url = await gitServer(root);
    const before = leftovers();
    const remote = await capture(gitSource({ repository: `${url}/network.git`, ref: 'main' }));
    const local = await capture(gitSource({ repository: work, ref: 'main' }));
    expect(remote.root).toBe(local.root);
    expect(textOf(remote, 'a.txt')).toBe('second');
    expect(remote.details).toMatchObject({ commit: second, repository: `${url}/network.git` });
    expect(leftovers()).toEqual(before);
  });

  test.each([
    ['main', second],
    ['HEAD', second],
    ['refs/heads/main', second],
    ['old', first],
    ['v1', first],
    ['refs/tags/v1', first],
    [first, first],
  ])('resolves %s', async (ref, id) => {
    const url = await gitServer(root);
    expect(await revision({ repository: `${url}/network.git`, ref })).toBe(id);
  });

  test('hands out the commit that an event names, also when no branch is there any more', async () => {
    const url = await gitServer(root);
    const captured = await capture(gitSource({ repository: `${url}/network.git`, ref: 'main' }), { revision: first });
    expect(textOf(captured, 'a.txt')).toBe('first');
    expect(captured.root).toBe((await capture(gitSource({ repository: work, ref: 'old' }))).root);
  });

  test('that hands out no such commit says so', async () => {
    const url = await gitServer(root);
    const error = await failure(
      capture(gitSource({ repository: `${url}/strict.git`, ref: 'main' }), { revision: '1'.repeat(40) }),
    );
    expect(error.name).toBe('SourceMissing');
    expect(error.message).toContain('does not hand out the commit 1111');
  });

  test('without the branch says which there are', async () => {
    const url = await gitServer(root);
    const error = await failure(revision({ repository: `${url}/network.git`, ref: 'mian' }));
    expect(error.name).toBe('SourceMissing');
    expect(error.hint).toMatch(/There are main, /);
  });

  test('that is not there is missing', async () => {
    const url = await gitServer(root);
    const error = await failure(revision({ repository: `${url}/nothing.git`, ref: 'main' }));
    expect([error.name, error.context.status]).toEqual(['SourceMissing', 404]);
  });

  test('that wants credentials gets them, and never tells them', async () => {
    const url = await gitServer(root, { user: 'keeper', password: 'geheim' });
    const repositoryUrl = `${url}/network.git`;
    const none = await failure(revision({ repository: repositoryUrl, ref: 'main' }));
    expect(none.message).toContain('was given no credentials');
    expect(none.hint).toContain('Give the source credentials');
    const wrong = await failure(
      revision({ repository: repositoryUrl, ref: 'main', credentials: { username: 'keeper', password: 'falsch' } }),
    );
    expect(wrong.message).toContain('refused the credentials');
    expect(JSON.stringify({ ...wrong, message: wrong.message })).not.toContain('falsch');
    const credentials = { username: 'keeper', password: 'geheim' };
    expect(await revision({ repository: repositoryUrl, ref: 'main', credentials })).toBe(second);
    expect((await capture(gitSource({ repository: repositoryUrl, ref: 'main', credentials }))).totals.files).toBe(2);
    const inUrl = repositoryUrl.replace('://', '://keeper:geheim@');
    const captured = await capture(gitSource({ repository: inUrl, ref: 'main' }));
    expect(JSON.stringify(captured.details)).not.toContain('geheim');
  });

  test('a token needs no name', async () => {
    const url = await gitServer(root, { user: 'x-access-token', password: 'token' });
    expect(await revision({ repository: `${url}/network.git`, ref: 'main', credentials: { password: 'token' } })).toBe(
      second,
    );
  });

  test('that breaks off, says nonsense or says nothing is an error in time', async () => {
    const torn = await gitServer(root, {
      instead: (request, response) => {
        if (request.method !== 'POST') return false;
        response.writeHead(200, { 'content-type': 'application/x-git-upload-pack-result' });
        response.write('0008NAK\n0020');
        setTimeout(() => response.destroy(), 50);
        return true;
      },
    });
    const before = leftovers();
    const deadline = { remaining: () => 3000, passed: () => false };
    expect(
      (await failure(capture(gitSource({ repository: `${torn}/network.git`, ref: second }), { deadline }))).name,
    ).toBe('SourceMissing');
    const nonsense = await gitServer(root, {
      instead: (_request, response) => Boolean(response.end('<html>Welcome</html>')),
    });
    expect((await failure(revision({ repository: `${nonsense}/network.git`, ref: 'main' }))).name).toBe(
      'SourceMissing',
    );
    const silent = await gitServer(root, { instead: () => true });
    const short = { remaining: () => 200, passed: () => true };
    const context = captureContext(new MemoryContent(), { deadline: short });
    expect(
      (await failure(gitSource({ repository: `${silent}/network.git`, ref: 'main' }).revision!(context))).name,
    ).toBe('DeadlineExceeded');
    expect(leftovers()).toEqual(before);
  });
});

test('nobody listens', async () => {
  const error = await failure(revision({ repository: 'http://127.0.0.1:1/network.git', ref: 'main' }));
  expect([error.name, error.retry]).toEqual(['SourceMissing', 'maybe']);
  expect(error.message).toContain('ECONNREFUSED');
  const nowhere = await failure(revision({ repository: 'https://nowhere.invalid/network.git', ref: 'main' }));
  expect(nowhere.message).toMatch(/ENOTFOUND|EAI_AGAIN/);
});

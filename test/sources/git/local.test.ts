import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { TidemarkError } from '../../../src/core/errors.ts';
import { gitSource } from '../../../src/sources/git/index.ts';
import { MemoryContent } from '../memory-content.ts';
import {
  capture,
  captureContext,
  cleanUp,
  commit,
  entriesOf,
  folder,
  git,
  lines,
  noGit,
  previousOf,
  repository,
  repositoryWithoutGit,
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
const revision = (directory: string, ref: string, named?: string) =>
  gitSource({ repository: directory, ref }).revision!(captureContext(new MemoryContent(), { revision: named }));

test('a repository is captured on a machine without Git', async () => {
  const { directory, commit: id } = await repositoryWithoutGit({ 'a.txt': 'alpha', 'sub/b.txt': 'beta' });
  const captured = await capture(gitSource({ repository: directory, ref: 'main' }));
  expect(captured.details).toMatchObject({
    commit: id,
    ref: 'main',
    message: 'First\n',
    author: { name: 'Ada', email: 'ada@example.org', time: '2026-03-15T11:34:56.000Z' },
  });
  expect(Object.keys(entriesOf(captured))).toEqual(['a.txt', 'sub', 'sub/b.txt']);
  expect(textOf(captured, 'sub/b.txt')).toBe('beta');
  expect(captured.totals).toMatchObject({ files: 2, directories: 1, others: 0, bytes: 9, read: 9 });
});

describe.skipIf(noGit)('the tree of a commit', () => {
  test('has all kinds of entries, with the time of the commit and owners that are nobody', async () => {
    const directory = repository({ 'plain.txt': 'plain', 'run.sh': '#!/bin/sh', empty: '', 'deep/er/still.txt': 'x' });
    chmodSync(join(directory, 'run.sh'), 0o755);
    symlinkSync('../plain.txt', join(directory, 'deep', 'link'));
    symlinkSync('plain.txt', join(directory, 'same'));
    writeFileSync(join(directory, 'looks-like-a-link'), 'plain.txt');
    commit(directory, {}, 'Kinds');
    const entries = entriesOf(await capture(gitSource({ repository: directory, ref: 'main' })));
    const common = { uid: 0, gid: 0, mtime: '1773574496000000000' };
    for (const entry of Object.values(entries)) expect(entry).toMatchObject(common);
    expect(entries['plain.txt']).toMatchObject({ type: 'file', mode: 0o644, size: 5 });
    expect(entries['run.sh']).toMatchObject({ type: 'file', mode: 0o755 });
    expect(entries.empty).toMatchObject({ type: 'file', size: 0, blobs: [] });
    expect(entries['deep/link']).toEqual({
      ...common,
      name: 'link',
      type: 'symlink',
      mode: 0o777,
      target: '../plain.txt',
    });
    // The same blob in Git, once as what a link says and once as what a file holds.
    expect(entries.same).toMatchObject({ type: 'symlink', target: 'plain.txt' });
    expect(entries['looks-like-a-link']).toMatchObject({ type: 'file', size: 9 });
    expect(entries.deep).toMatchObject({ type: 'directory', mode: 0o755, below: { files: 1, bytes: 1 } });
  });

  test('is the same tree whenever, wherever and from whatever clone it is captured', async () => {
    const directory = repository({ 'a.txt': 'a', 'b/c.txt': 'c' });
    const clone = join(folder(), 'clone');
    git(folder(), 'clone', '-q', '--bare', directory, clone);
    const [one, other] = [
      await capture(gitSource({ repository: directory, ref: 'main' })),
      await capture(gitSource({ repository: clone, ref: 'HEAD' })),
    ];
    expect(other.root).toBe(one.root);
    commit(directory, { 'a.txt': 'changed' }, 'Second');
    expect((await capture(gitSource({ repository: directory, ref: 'main' }))).root).not.toBe(one.root);
    expect(
      (
        await capture(gitSource({ repository: directory, ref: 'main' }), {
          revision: String(one.details.commit),
        })
      ).root,
    ).toBe(one.root);
  });

  test('is what git archive says it is', async () => {
    const files = Object.fromEntries(
      Array.from({ length: 60 }, (_, at) => [`d${at % 7}/f-${at}.txt`, `content ${at}\n`.repeat(at * 40)]),
    );
    const directory = repository(files);
    const captured = await capture(gitSource({ repository: directory, ref: 'HEAD' }));
    const target = join(folder(), 'restored');
    const context = {
      ...captureContext(captured.content),
      reader: captured.content,
      root: captured.root,
      details: captured.details,
      target,
      paths: [],
      overwrite: false,
    };
    const source = gitSource({ repository: directory, ref: 'HEAD' });
    await source.checkTarget(context);
    expect(await source.restore(undefined, context)).toMatchObject({
      done: true,
      problems: [],
      restored: { files: 60 },
    });
    expect((await source.validate(context)).problems).toEqual([]);
    const archive = folder();
    execFileSync('sh', ['-c', `git -C ${directory} archive HEAD | tar -x -C ${archive}`]);
    expect(execFileSync('diff', ['-r', archive, target], { encoding: 'utf8' })).toBe('');
    expect(statSync(join(target, 'd1', 'f-1.txt')).mtimeMs).toBe(1_773_574_496_000);
    await source.discard(context);
    expect(() => statSync(target)).toThrow(/ENOENT/);
  });

  test('keeps names that are not UTF-8, and sorts them as bytes', async () => {
    const directory = repository({ 'a-b/x': '1', 'a.txt': '2', 'a/y': '3' });
    const odd = Buffer.concat([Buffer.from(`${directory}/od`), Buffer.from([0xff]), Buffer.from('d')]);
    writeFileSync(odd, 'odd');
    commit(directory, {}, 'Odd');
    const entries = entriesOf(await capture(gitSource({ repository: directory, ref: 'main' })));
    const base64 = Buffer.from([0x6f, 0x64, 0xff, 0x64]).toString('base64');
    expect(Object.keys(entries)).toEqual(['a', 'a/y', 'a-b', 'a-b/x', 'a.txt', base64]);
    expect(entries[base64]).toMatchObject({ nameBase64: base64, size: 3 });
  });

  test('records submodules, and does not follow them', async () => {
    const inner = repository({ 'inner.txt': 'inner' });
    const outer = repository({ 'outer.txt': 'outer' });
    git(outer, 'submodule', '--quiet', 'add', inner, 'libraries/inner');
    commit(outer, {}, 'With a submodule');
    const captured = await capture(gitSource({ repository: outer, ref: 'main' }));
    expect(entriesOf(captured)['libraries/inner']).toMatchObject({ type: 'directory', below: { files: 0, bytes: 0 } });
    expect(captured.details.submodules).toEqual([{ path: 'libraries/inner', commit: git(inner, 'rev-parse', 'HEAD') }]);
    expect(captured.problems).toEqual([]);
    // The submodule's own folder has a file .git that leads to its repository.
    const own = await capture(gitSource({ repository: join(outer, 'libraries', 'inner'), ref: 'HEAD' }));
    expect(textOf(own, 'inner.txt')).toBe('inner');
  });

  test('notes what Git LFS keeps elsewhere', async () => {
    const pointer =
      'version https://git-lfs.github.com/spec/v1\noid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 12345\n';
    const directory = repository({ 'film.bin': pointer, 'a.txt': 'a' });
    const captured = await capture(gitSource({ repository: directory, ref: 'main' }));
    expect(captured.details.lfs).toEqual({ files: 1, paths: ['film.bin'] });
    expect(lines.some((line) => line.includes('git-lfs-pointers') && line.includes('film.bin'))).toBe(true);
  });

  test('an empty tree is a tree', async () => {
    const directory = folder();
    git(directory, 'init', '-q', '-b', 'main');
    git(directory, 'commit', '-q', '--allow-empty', '-m', 'Nothing');
    const captured = await capture(gitSource({ repository: directory, ref: 'main' }));
    expect(entriesOf(captured)).toEqual({});
    expect(captured.totals.files).toBe(0);
  });
});

describe.skipIf(noGit)('a commit is named by', () => {
  const directory = noGit ? '' : repository({ 'a.txt': 'a' });
  const first = noGit ? '' : git(directory, 'rev-parse', 'HEAD');
  const second = noGit ? '' : commit(directory, { 'a.txt': 'b' }, 'Second');
  if (!noGit) {
    git(directory, 'branch', 'feature/one', first);
    git(directory, 'tag', 'plain', first);
    git(directory, 'tag', '-a', '-m', 'Annotated', 'v1.0', first);
    git(directory, 'tag', '-a', '-m', 'A tag of a tag', 'v1.0-again', 'v1.0');
    git(directory, 'tag', 'a-tree', `${second}^{tree}`);
  }

  for (const packed of [false, true]) {
    test.each([
      ['HEAD', second],
      ['main', second],
      ['refs/heads/main', second],
      ['heads/main', second],
      ['feature/one', first],
      ['plain', first],
      ['v1.0', first],
      ['refs/tags/v1.0', first],
      ['v1.0-again', first],
      [first, first],
      [first.slice(0, 7), first],
    ])(`%s${packed ? ', in packed-refs' : ''}`, async (ref, id) => {
      if (packed) git(directory, 'pack-refs', '--all');
      expect(await revision(directory, ref)).toBe(id);
    });
  }

  test('an event, before what the plan says', async () => {
    expect(await revision(directory, 'main', first)).toBe(first);
    expect(await revision(directory, 'main', 'refs/heads/feature/one')).toBe(first);
  });

  test('a linked worktree has a HEAD of its own', async () => {
    const linked = join(folder(), 'linked');
    git(directory, 'worktree', 'add', '-q', '--detach', linked, first);
    expect(await revision(linked, 'HEAD')).toBe(first);
    expect(await revision(linked, 'main')).toBe(second);
    git(linked, 'checkout', '-q', 'feature/one');
    expect(await revision(linked, 'HEAD')).toBe(first);
    expect((await capture(gitSource({ repository: linked, ref: 'HEAD' }))).totals.files).toBe(1);
  });

  test('nothing that is not there; then the names that come close are told', async () => {
    const error = await failure(revision(directory, 'feature/onne'));
    expect(error.name).toBe('SourceMissing');
    expect(error.message).toContain('no branch, tag or commit "feature/onne"');
    expect(error.hint).toMatch(/^There are feature\/one, /);
    for (const ref of ['0'.repeat(40), 'abcdef', 'a-tree', '../../etc/passwd', '']) {
      expect((await failure(revision(directory, ref))).name).toBe('SourceMissing');
    }
  });

  test('a repository without commits has none', async () => {
    const empty = folder();
    git(empty, 'init', '-q', '-b', 'main');
    expect((await failure(revision(empty, 'main'))).hint).toBe('The repository has no branches and no tags.');
  });
});

describe('a repository that is not one', () => {
  test.each([
    ['a folder that is not there', () => join(folder(), 'none')],
    ['a folder without a repository', folder],
  ])('%s', async (_what, make) => {
    const error = await failure(revision(make(), 'main'));
    expect(error.name).toBe('SourceMissing');
    expect(error.message).toContain('no Git repository');
  });

  test.each([
    'git@example.org:network/configuration.git',
    'ssh://git@example.org/x.git',
    'git://example.org/x.git',
    'ftp://example.org/x',
  ])('%s', (repository) => {
    expect(() => gitSource({ repository, ref: 'main' })).toThrow(/neither a folder nor an https URL/);
  });

  test.skipIf(noGit)('one with SHA-256 objects is refused by name', async () => {
    const directory = folder();
    git(directory, 'init', '-q', '-b', 'main', '--object-format=sha256');
    const error = await failure(revision(directory, 'main'));
    expect(error.message).toContain('objectformat sha256');
  });
});

describe.skipIf(noGit)('a large and packed repository', () => {
  const count = 3000;
  const directory = noGit ? '' : folder();
  const make = () => {
    git(directory, 'init', '-q', '-b', 'main');
    for (let at = 0; at < count; at += 1) {
      const path = join(directory, `d${at % 50}`, `f${at}.txt`);
      if (at < 50) mkdirSync(join(directory, `d${at}`));
      writeFileSync(path, `file ${at}\n`.repeat(1 + (at % 200)));
    }
    const id = commit(directory, {}, 'Many');
    for (const at of [1, 2, 3]) appendFileSync(join(directory, `d${at}`, `f${at}.txt`), 'more\n');
    const next = commit(directory, {}, 'More');
    git(directory, 'gc', '-q', '--prune=now');
    return [id, next] as const;
  };
  const [first, second] = noGit ? ['', ''] : make();
  const source = gitSource({ repository: directory || '/nowhere', ref: 'main' });

  test('is read from its packs', async () => {
    expect(readdirSync(join(directory, '.git', 'objects')).filter((name) => name.length === 2)).toEqual([]);
    const captured = await capture(source, { revision: first });
    expect(captured.totals.files).toBe(count);
    expect(textOf(captured, 'd7/f57.txt')).toBe('file 57\n'.repeat(58));
  });

  test('is not read again where the snapshot before has it', async () => {
    const before = await capture(source, { revision: first });
    const after = await capture(source, { revision: second, previous: previousOf(before) }, before.content);
    expect(after.root).toBe((await capture(source, { revision: second })).root);
    expect(after.totals.read).toBeLessThan(before.totals.read / 2);
    // What the vault does not hold any more is read all the same.
    const lost = new MemoryContent();
    const again = await capture(source, { revision: second, previous: previousOf(before) }, lost);
    expect(again.totals.read).toBe(before.totals.read + 15);
  });

  test('goes on where it stopped, and is one tree in the end', async () => {
    const whole = await capture(source, { revision: first });
    let turn = 0;
    // Lets a few hundred files pass, then is over, in every invocation anew.
    const deadline = {
      remaining: () => 1,
      passed: () => {
        turn += 1;
        return turn % 400 === 0;
      },
    };
    const pieces = await capture(source, { revision: first, deadline });
    expect(pieces.calls).toBeGreaterThan(4);
    expect(pieces.root).toBe(whole.root);
    expect(pieces.totals).toEqual(whole.totals);
  });

  test('comes forward with a deadline that has passed already', async () => {
    const small = repository({ a: '1', b: '2', c: '3' });
    const captured = await capture(gitSource({ repository: small, ref: 'main' }), {
      deadline: { remaining: () => 0, passed: () => true },
    });
    expect(captured.calls).toBe(3);
  });

  test('with an object that is damaged is no snapshot', async () => {
    const damaged = repository({ 'a.txt': 'sound', 'b.txt': 'to be damaged' });
    const blob = git(damaged, 'rev-parse', 'HEAD:b.txt');
    const path = join(damaged, '.git', 'objects', blob.slice(0, 2), blob.slice(2));
    const other = git(damaged, 'rev-parse', 'HEAD:a.txt');
    chmodSync(path, 0o600);
    // A sound object under a wrong name: only hashing finds that.
    writeFileSync(path, readFileSync(join(damaged, '.git', 'objects', other.slice(0, 2), other.slice(2))));
    const error = await failure(capture(gitSource({ repository: damaged, ref: 'main' })));
    expect([error.name, error.context.object]).toEqual(['SourceIncomplete', blob]);
    rmSync(path);
    expect((await failure(capture(gitSource({ repository: damaged, ref: 'main' })))).message).toContain('is missing');
  });

  test('with a packed object that is damaged is no snapshot', async () => {
    const damaged = repository({ 'a.txt': 'a'.repeat(5000), 'b.txt': 'b' });
    git(damaged, 'gc', '-q');
    const folderOfPacks = join(damaged, '.git', 'objects', 'pack');
    const pack = join(folderOfPacks, readdirSync(folderOfPacks).find((name) => name.endsWith('.pack'))!);
    chmodSync(pack, 0o600);
    const bytes = readFileSync(pack);
    bytes[Math.floor(bytes.length / 2)]! ^= 0xff;
    writeFileSync(pack, bytes);
    expect((await failure(capture(gitSource({ repository: damaged, ref: 'main' })))).name).toMatch(
      /SourceIncomplete|SourceMissing/,
    );
  });

  test('with an index that leads to the wrong object is no snapshot', async () => {
    const swapped = repository({ 'a.txt': 'one content', 'b.txt': 'another one' });
    git(swapped, 'gc', '-q');
    const packs = join(swapped, '.git', 'objects', 'pack');
    const index = join(packs, readdirSync(packs).find((name) => name.endsWith('.idx'))!);
    const bytes = readFileSync(index);
    const count = bytes.readUInt32BE(8 + 255 * 4);
    const offsetOf = (path: string): number => {
      const id = git(swapped, 'rev-parse', `HEAD:${path}`);
      const at = Array.from({ length: count }, (_, row) =>
        bytes.toString('hex', 1032 + row * 20, 1052 + row * 20),
      ).indexOf(id);
      return 1032 + count * 24 + at * 4;
    };
    const [one, other] = [offsetOf('a.txt'), offsetOf('b.txt')];
    const [toOne, toOther] = [bytes.readUInt32BE(one), bytes.readUInt32BE(other)];
    bytes.writeUInt32BE(toOther, one);
    bytes.writeUInt32BE(toOne, other);
    chmodSync(index, 0o600);
    writeFileSync(index, bytes);
    const error = await failure(capture(gitSource({ repository: swapped, ref: 'main' })));
    expect([error.name, error.message]).toEqual([
      'SourceIncomplete',
      expect.stringContaining('has other bytes than its name says'),
    ]);
  });

  test('that borrows objects of another one says so', async () => {
    const shared = join(folder(), 'shared');
    git(folder(), 'clone', '-q', '--shared', repository({ 'a.txt': 'a' }), shared);
    expect((await failure(capture(gitSource({ repository: shared, ref: 'main' })))).hint).toMatch(
      /borrows|There is main/,
    );
  });
});

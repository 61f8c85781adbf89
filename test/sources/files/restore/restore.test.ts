/** What a restore puts back, where it refuses, and that it never leaves its target. */
import {
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { TidemarkError } from '../../../../src/core/errors.ts';
import type { Json } from '../../../../src/core/json.ts';
import { encodeTree, type TreeEntry } from '../../../../src/format/tree.ts';
import { native } from '../../../../src/sources/files/native.ts';
import { entryFault } from '../../../../src/sources/files/restore/fault.ts';
import type { CapturedContent } from '../../../../src/sources/port.ts';
import { MemoryContent } from '../../memory-content.ts';
import { fill, sparseSize } from '../menagerie.ts';
import { asNobody, deadlineAfter, isRoot, manifest, Trial, throughJson } from '../trial.ts';

function whole(): Trial {
  const trial = new Trial({}, new MemoryContent({ smallFile: 100_000, piece: 10_000 }));
  fill(trial.path);
  return trial;
}

function simple(files: Record<string, string>): Trial {
  const trial = new Trial();
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(trial.path, path)), { recursive: true });
    writeFileSync(join(trial.path, path), text);
  }
  return trial;
}

const read = (...path: string[]): string => readFileSync(join(...path), 'utf8');
const rootOf = (path: string): unknown[] => {
  const { mode, uid, gid, mtimeNs } = lstatSync(path, { bigint: true });
  return [mode, uid, gid, mtimeNs, native?.attributes(path)];
};

describe('everything comes back', () => {
  test('A15 all kinds of entries, by the look of another walker: types, modes, owners, times, links, bytes', async () => {
    const trial = whole();
    const captured = await trial.capture();
    expect(captured.problems).toEqual([]);
    const { problems, restored } = await trial.restore(captured);
    expect(problems).toEqual([]);
    expect(manifest(trial.target)).toEqual(manifest(trial.path));
    expect(rootOf(trial.target)).toEqual(rootOf(trial.path));
    expect(restored).toEqual({ files: captured.totals.files, bytes: captured.totals.bytes });
    expect(await trial.validate(captured)).toMatchObject({ problems: [], checked: { files: captured.totals.files } });
  });

  test('when every blob has to be waited for', async () => {
    const trial = whole();
    const captured = await trial.capture();
    trial.content.slow = true;
    expect((await trial.restore(captured)).problems).toEqual([]);
    expect(manifest(trial.target)).toEqual(manifest(trial.path));
    expect((await trial.validate(captured)).problems).toEqual([]);
  });

  test('holes are holes again', async () => {
    const trial = whole();
    await trial.restore(await trial.capture());
    const [before, after] = [trial.path, trial.target].map((path) => lstatSync(join(path, 'sparse')));
    expect(after!.size).toBe(sparseSize);
    expect(after!.blocks).toBe(before!.blocks);
  });

  test('a file that is all hole, and one that ends in one', async () => {
    const trial = simple({ hole: '', tail: 'x'.repeat(5000) });
    truncateSync(join(trial.path, 'hole'), 3_000_000);
    truncateSync(join(trial.path, 'tail'), 3_000_001);
    await trial.restore(await trial.capture());
    expect(lstatSync(join(trial.target, 'hole'))).toMatchObject({ size: 3_000_000, blocks: 0 });
    expect(read(trial.target, 'tail')).toBe(read(trial.path, 'tail'));
    expect(lstatSync(join(trial.target, 'tail')).blocks).toBeLessThan(100);
  });

  test.skipIf(!isRoot)('without being root: everything but the owners', async () => {
    const trial = new Trial();
    chmodSync(trial.folder, 0o777);
    writeFileSync(join(trial.path, 'file'), 'text', { mode: 0o604 });
    mkdirSync(join(trial.path, 'shut'));
    writeFileSync(join(trial.path, 'shut/in'), 'in');
    native?.setAttribute(join(trial.path, 'shut/in'), 'user.x', Buffer.from('1'));
    native?.setAttribute(join(trial.path, 'shut'), 'trusted.x', Buffer.from('1'));
    chmodSync(join(trial.path, 'shut/in'), 0o444);
    chmodSync(join(trial.path, 'shut'), 0o555);
    const captured = await trial.capture();
    await asNobody(async () => {
      expect((await trial.restore(captured)).problems).toEqual([]);
      expect((await trial.validate(captured)).problems).toEqual([]);
    });
    expect(lstatSync(join(trial.target, 'shut')).mode & 0o7777).toBe(0o555);
    expect(lstatSync(join(trial.target, 'file')).uid).toBe(65_534);
  });
});

describe('only some paths', () => {
  const files = { 'a/b/1': '1', 'a/b/2': '2', 'a/c': 'c', 'd/e': 'e', f: 'f' };

  test('a subtree, and a file', async () => {
    const trial = simple(files);
    chmodSync(join(trial.path, 'a'), 0o711);
    const captured = await trial.capture();
    const { restored } = await trial.restore(captured, { paths: ['a/b', './f/'] });
    expect(restored.files).toBe(3);
    expect(readdirSync(trial.target, { recursive: true }).sort()).toEqual(['a', 'a/b', 'a/b/1', 'a/b/2', 'f']);
    expect(lstatSync(join(trial.target, 'a')).mode & 0o777).toBe(0o711);
    expect((await trial.validate(captured, { paths: ['a/b', 'f'] })).problems).toEqual([]);
    expect((await trial.validate(captured, { paths: ['a/c'] })).problems).toEqual([
      { path: 'a/c', what: 'is missing' },
    ]);
  });

  test('over what is there: what only leads to them is not touched itself', async () => {
    const trial = simple(files);
    chmodSync(join(trial.path, 'a'), 0o711);
    chmodSync(join(trial.path, 'a/b'), 0o711);
    const captured = await trial.capture();
    mkdirSync(join(trial.target, 'a'), { recursive: true, mode: 0o770 });
    for (const directory of ['', 'a']) chmodSync(join(trial.target, directory), 0o770);
    expect((await trial.restore(captured, { paths: ['a/b/1'], overwrite: true })).problems).toEqual([]);
    const modes = ['', 'a', 'a/b'].map((path) => lstatSync(join(trial.target, path)).mode & 0o777);
    expect(modes).toEqual([0o770, 0o770, 0o711]);
  });

  test('again after a call that died', async () => {
    const trial = simple(files);
    for (const directory of ['a', 'a/b']) chmodSync(join(trial.path, directory), 0o711);
    const captured = await trial.capture();
    const context = trial.restoreContext(captured, { paths: ['a/b/1'], deadline: deadlineAfter(2) });
    expect((await trial.source.restore(undefined, context)).done).toBe(false);
    expect((await trial.restore(captured, { paths: ['a/b/1'] })).problems).toEqual([]);
    expect(lstatSync(join(trial.target, 'a')).mode & 0o777).toBe(0o711);
  });

  test('one inside another is the other', async () => {
    const trial = simple(files);
    const { restored } = await trial.restore(await trial.capture(), { paths: ['a', 'a/b/1'] });
    expect(restored.files).toBe(3);
  });

  test('A9 a path that the snapshot does not hold is an error, and nothing is written', async () => {
    const trial = simple(files);
    const captured = await trial.capture();
    for (const paths of [['a/nothing'], ['f', 'a/c/below-a-file'], ['../source']]) {
      const context = trial.restoreContext(captured, { paths });
      await expect(trial.source.checkTarget(context)).rejects.toMatchObject({ name: 'InputInvalid' });
      await expect(trial.restore(captured, { paths })).rejects.toMatchObject({ name: 'InputInvalid' });
    }
    expect(existsSync(trial.target)).toBe(false);
  });
});

describe('the target', () => {
  test('is made, with what leads to it', async () => {
    const trial = simple({ a: 'a' });
    const target = join(trial.folder, 'not/yet/there');
    const captured = await trial.capture();
    await trial.source.checkTarget(trial.restoreContext(captured, { target }));
    expect(existsSync(join(trial.folder, 'not'))).toBe(false);
    await trial.restore(captured, { target });
    expect(read(target, 'a')).toBe('a');
  });

  test('F7 that holds something is refused, and stays as it is', async () => {
    const trial = simple({ a: 'a' });
    const captured = await trial.capture();
    mkdirSync(trial.target);
    writeFileSync(join(trial.target, 'mine'), 'mine');
    const error = { name: 'TargetNotEmpty', hint: expect.any(String) };
    await expect(trial.source.checkTarget(trial.restoreContext(captured))).rejects.toMatchObject(error);
    await expect(trial.restore(captured)).rejects.toMatchObject(error);
    expect(readdirSync(trial.target)).toEqual(['mine']);
    await expect(trial.source.discard(trial.restoreContext(captured))).rejects.toMatchObject({
      name: 'TargetUnusable',
    });
    expect(read(trial.target, 'mine')).toBe('mine');
  });

  test('F7 that was restored to before is not empty either', async () => {
    const trial = simple({ a: 'a' });
    const captured = await trial.capture();
    await trial.restore(captured);
    await expect(trial.restore(captured)).rejects.toMatchObject({ name: 'TargetNotEmpty' });
  });

  test('that is a file, or in one, or nothing at all', async () => {
    const trial = simple({ a: 'a' });
    const captured = await trial.capture();
    for (const target of [join(trial.path, 'a'), join(trial.path, 'a/below'), '']) {
      const error = { name: 'TargetUnusable' };
      await expect(trial.source.checkTarget(trial.restoreContext(captured, { target }))).rejects.toMatchObject(error);
      await expect(trial.restore(captured, { target })).rejects.toMatchObject(error);
    }
  });

  test.skipIf(!isRoot)('that may not be written to', async () => {
    const trial = simple({ a: 'a' });
    const captured = await trial.capture();
    await asNobody(async () => {
      await expect(trial.restore(captured)).rejects.toMatchObject({
        name: 'TargetUnusable',
        message: expect.stringContaining('EACCES'),
      });
    });
  });

  test.each(['ENOSPC', 'EDQUOT', 'EROFS', 'EIO'])('that takes no more (%s) ends the restore', (code) => {
    const error = Object.assign(new Error(code), { code, syscall: 'write' });
    expect(() => entryFault(error, '/target')).toThrow(expect.objectContaining({ name: 'TargetUnusable' }));
  });
});

describe('overwriting', () => {
  test('replaces what the snapshot holds and leaves the rest alone', async () => {
    const trial = simple({ 'a/1': 'new', 'a/2': 'new', b: 'new', c: 'new' });
    symlinkSync('b', join(trial.path, 'link'));
    const captured = await trial.capture();
    mkdirSync(join(trial.target, 'a'), { recursive: true });
    for (const path of ['a/1', 'a/mine', 'mine', 'link', 'b'])
      writeFileSync(join(trial.target, path), 'old, and longer');
    linkSync(join(trial.target, 'b'), join(trial.folder, 'other name of b'));
    mkdirSync(join(trial.target, 'c'));
    const { problems } = await trial.restore(captured, { overwrite: true });
    expect(problems).toEqual([]);
    for (const path of ['a/1', 'a/2', 'b', 'c', 'link']) expect(read(trial.target, path)).toBe('new');
    for (const path of ['a/mine', 'mine']) expect(read(trial.target, path)).toBe('old, and longer');
    // The old file keeps its other names: the new one took its place, it was not written into.
    expect(read(trial.folder, 'other name of b')).toBe('old, and longer');
    expect(lstatSync(join(trial.target, 'link')).isSymbolicLink()).toBe(true);
    expect((await trial.validate(captured, { overwrite: true })).problems).toEqual([]);
    expect((await trial.validate(captured)).problems.map(({ path }) => path)).toEqual(['a/mine', 'mine']);
  });

  test('everything over everything', async () => {
    const trial = whole();
    const captured = await trial.capture();
    await trial.restore(captured);
    writeFileSync(join(trial.target, 'small'), 'changed');
    native?.setAttribute(join(trial.target, 'outer'), 'user.stray', Buffer.from('1'));
    expect((await trial.restore(captured, { overwrite: true })).problems).toEqual([]);
    expect(manifest(trial.target)).toEqual(manifest(trial.path));
    expect((await trial.validate(captured)).problems).toEqual([]);
  });

  test('a directory with something in it does not go for a file', async () => {
    const trial = simple({ a: 'a', b: 'b' });
    const captured = await trial.capture();
    mkdirSync(join(trial.target, 'a'), { recursive: true });
    writeFileSync(join(trial.target, 'a/precious'), 'precious');
    const { problems } = await trial.restore(captured, { overwrite: true });
    expect(problems).toEqual([{ path: 'a', what: expect.stringContaining('not empty') }]);
    expect(readdirSync(join(trial.target, 'a'))).toEqual(['precious']);
    expect(read(trial.target, 'b')).toBe('b');
    expect(readdirSync(trial.target)).toEqual(['a', 'b']);
  });

  test('a link that stands where the snapshot has a directory is replaced, not followed', async () => {
    const trial = simple({ 'a/1': 'new', 'b/c/2': 'new' });
    const captured = await trial.capture();
    const outside = join(trial.folder, 'outside');
    mkdirSync(join(outside, 'c'), { recursive: true });
    mkdirSync(join(trial.target, 'b'), { recursive: true });
    symlinkSync(outside, join(trial.target, 'a'));
    symlinkSync(join(outside, 'c'), join(trial.target, 'b/c'));
    writeFileSync(join(outside, '1'), 'outside');
    expect((await trial.restore(captured, { overwrite: true })).problems).toEqual([]);
    expect([read(outside, '1'), readdirSync(join(outside, 'c'))]).toEqual(['outside', []]);
    expect([read(trial.target, 'a/1'), read(trial.target, 'b/c/2')]).toEqual(['new', 'new']);
  });
});

describe('a snapshot that means harm stays in the target', () => {
  const attributes = { mode: 0o644, uid: 0, gid: 0, mtime: '1700000000000000000' };

  /** A listing as given, from a reader that has not looked at it as closely as `decodeTree` does. */
  function listing(trial: Trial, entries: readonly object[]): string {
    const id = trial.content.put(Buffer.from(JSON.stringify({ tree: 1, entries })), 'tree');
    const tree = trial.content.tree.bind(trial.content);
    trial.content.tree = async (wanted) =>
      wanted === id ? { entries: entries as readonly TreeEntry[] } : tree(wanted);
    return id;
  }

  function hostile(trial: Trial, make: (file: object, tree: (entries: readonly object[]) => string) => object[]) {
    const blob = trial.content.put(Buffer.from('harm'), 'data');
    const file = { ...attributes, type: 'file', size: 4, blobs: [blob] };
    const root = listing(
      trial,
      make(file, (entries) => listing(trial, entries)),
    );
    return { root, details: {}, problems: [], totals: {} } as unknown as CapturedContent;
  }

  test.each(['../harm', '..', '.', '', 'a/harm', '/harm', 'a\0b'])('a name like %j', async (name) => {
    const trial = new Trial();
    const captured = hostile(trial, (file) => [
      { ...file, name },
      { ...file, name: 'good' },
    ]);
    const { problems } = await trial.restore(captured);
    expect(problems).toEqual([{ path: name, what: expect.stringContaining('out of its directory') }]);
    expect(readdirSync(trial.target)).toEqual(['good']);
    expect(readdirSync(trial.folder).filter((found) => found.includes('harm'))).toEqual([]);
  });

  test.each([false, true])('a link and a directory of the same name (overwriting: %s)', async (overwrite) => {
    const trial = new Trial();
    const outside = join(trial.folder, 'outside');
    mkdirSync(outside);
    const captured = hostile(trial, (file, tree) => [
      { ...attributes, type: 'symlink', name: 'x', target: outside },
      { ...attributes, type: 'directory', name: 'x', mode: 0o755, tree: tree([{ ...file, name: 'harm' }]) },
    ]);
    const { problems } = await trial.restore(captured, { overwrite });
    expect(readdirSync(outside)).toEqual([]);
    expect(problems).toHaveLength(overwrite ? 0 : 1);
    expect(lstatSync(outside).mode & 0o777).toBe(0o755);
  });

  test('a link and a file of the same name', async () => {
    const trial = new Trial();
    writeFileSync(join(trial.folder, 'outside'), 'outside');
    const link = { ...attributes, type: 'symlink', name: 'x', target: join(trial.folder, 'outside') };
    for (const overwrite of [false, true]) {
      const captured = hostile(trial, (file) => [link, { ...file, name: 'x', mode: 0o777 }]);
      await trial.restore(captured, { overwrite, target: join(trial.folder, `target-${overwrite}`) });
      expect(read(trial.folder, 'outside')).toBe('outside');
      expect(lstatSync(join(trial.folder, 'outside')).mode & 0o777).toBe(0o644);
    }
  });

  test('a directory that somebody swaps for a link under way, in a target that others may write to', async () => {
    const trial = simple({ 'a/1': '1', 'a/2': '2', 'a/3': '3' });
    const captured = await trial.capture();
    const outside = join(trial.folder, 'outside');
    mkdirSync(outside);
    mkdirSync(trial.target);
    chmodSync(trial.target, 0o777);
    let looks = 0;
    const deadline = {
      remaining: () => 1,
      passed: () => {
        looks += 1;
        if (looks === 3) {
          renameSync(join(trial.target, 'a'), join(trial.folder, 'moved'));
          symlinkSync(outside, join(trial.target, 'a'));
        }
        return false;
      },
    };
    await trial.restore(captured, { deadline });
    expect(readdirSync(outside)).toEqual([]);
    expect(readdirSync(join(trial.folder, 'moved'))).toEqual(['1', '2', '3']);
  });
});

describe('put down and gone on with', () => {
  test.each([1, 2, 7])('after every %i looks at the deadline', async (looks) => {
    const trial = whole();
    const captured = await trial.capture();
    const { problems, restored, calls } = await trial.restore(captured, {}, () => deadlineAfter(looks));
    expect(problems).toEqual([]);
    expect(manifest(trial.target)).toEqual(manifest(trial.path));
    expect(rootOf(trial.target)).toEqual(rootOf(trial.path));
    expect(restored).toEqual({ files: captured.totals.files, bytes: captured.totals.bytes });
    expect(calls).toBeGreaterThan(60 / looks);
  });

  /** Restores until `stop`, does something, and goes on to the end. */
  async function interrupted(
    trial: Trial,
    captured: CapturedContent,
    stop: (state: Json) => boolean,
    then: () => void,
  ) {
    let state: Json | undefined;
    do {
      const context = trial.restoreContext(captured, { deadline: deadlineAfter(1) });
      const outcome = await trial.source.restore(state, context);
      if (outcome.done) throw new Error('it never stopped there');
      state = throughJson(outcome.state);
    } while (!stop(state));
    then();
    const outcome = await trial.source.restore(state, trial.restoreContext(captured));
    if (!outcome.done) throw new Error('it stopped again');
    return outcome;
  }
  const insideLarge = (state: Json): boolean => ((state as { file?: { bytes: number } }).file?.bytes ?? 0) > 2_000_000;

  test('F10 a half-restored file that was touched meanwhile is begun again', async () => {
    const trial = simple({ large: 'large '.repeat(600_000) });
    const captured = await trial.capture();
    const path = join(trial.target, 'large');
    const { restored } = await interrupted(trial, captured, insideLarge, () => {
      const { atime, mtime, size } = statSync(path);
      writeFileSync(path, Buffer.alloc(size, 'spoiled'));
      utimesSync(path, atime, mtime);
    });
    expect(restored).toEqual({ files: 1, bytes: 3_600_000 });
    expect(read(trial.target, 'large')).toBe(read(trial.path, 'large'));
    expect((await trial.validate(captured)).problems).toEqual([]);
  });

  test('an untouched one is gone on with', async () => {
    const trial = simple({ large: 'large '.repeat(600_000) });
    const captured = await trial.capture();
    const asked: string[] = [];
    const atHand = trial.content.blobAtHand.bind(trial.content);
    trial.content.blobAtHand = (id) => {
      asked.push(id);
      return atHand(id);
    };
    await interrupted(trial, captured, insideLarge, () => asked.push('stopped'));
    expect(asked.length - asked.indexOf('stopped')).toBeLessThan(100);
    expect(read(trial.target, 'large')).toBe(read(trial.path, 'large'));
  });

  test('a first call that died is made again over what it left', async () => {
    const trial = whole();
    const captured = await trial.capture();
    const context = trial.restoreContext(captured, { deadline: deadlineAfter(40) });
    expect((await trial.source.restore(undefined, context)).done).toBe(false);
    expect(readdirSync(trial.target).length).toBeGreaterThan(2);
    expect((await trial.restore(captured)).problems).toEqual([]);
    expect(manifest(trial.target)).toEqual(manifest(trial.path));
  });

  const lateDeaths = [3, 12, 30, 45, 60];
  async function diedLater(trial: Trial, captured: CapturedContent, looks: number): Promise<void> {
    const first = await trial.source.restore(
      undefined,
      trial.restoreContext(captured, { deadline: deadlineAfter(looks) }),
    );
    if (first.done) throw new Error('it never stopped');
    const state = throughJson(first.state);
    // This call gets further, and nobody ever hears of its state.
    await trial.source.restore(state, trial.restoreContext(captured, { deadline: deadlineAfter(20) }));
    const last = await trial.source.restore(state, trial.restoreContext(captured));
    expect(last).toMatchObject({ done: true, problems: [], restored: { files: captured.totals.files } });
    expect((await trial.validate(captured)).problems).toEqual([]);
  }

  test.each(lateDeaths)('a later call that died (%i) is made again from the state before', async (looks) => {
    const trial = whole();
    await diedLater(trial, await trial.capture(), looks);
    expect(manifest(trial.target)).toEqual(manifest(trial.path));
  });

  test.skipIf(!isRoot)('also by somebody who may not do everything', async () => {
    for (const looks of [2, 4, 6, 8]) {
      const trial = new Trial();
      chmodSync(trial.folder, 0o777);
      for (const directory of ['a', 'a/b', 'c']) {
        mkdirSync(join(trial.path, directory));
        for (const name of ['1', '2']) writeFileSync(join(trial.path, directory, name), name, { mode: 0o444 });
      }
      for (const directory of ['a/b', 'a', 'c', '']) chmodSync(join(trial.path, directory), 0o555);
      const captured = await trial.capture();
      await asNobody(() => diedLater(trial, captured, looks));
    }
  });

  test('but not over what another snapshot left', async () => {
    const trial = simple({ a: 'a', b: 'b' });
    const captured = await trial.capture();
    await trial.source.restore(undefined, trial.restoreContext(captured, { deadline: deadlineAfter(1) }));
    writeFileSync(join(trial.path, 'c'), 'c');
    await expect(trial.restore(await trial.capture())).rejects.toMatchObject({ name: 'TargetNotEmpty' });
  });
});

describe('a vault that cannot give everything', () => {
  async function damaged(): Promise<[Trial, CapturedContent, TreeEntry]> {
    const trial = simple({ 'a/good': 'good', 'a/bad': 'bad', 'b/other': 'other', large: 'large'.repeat(400_000) });
    const captured = await trial.capture();
    return [trial, captured, await trial.entry(captured, 'a/bad')];
  }
  function failing(trial: Trial, ids: readonly string[], name: 'VaultDamaged' | 'StoreUnreachable'): void {
    const { blob, blobAtHand, tree } = MemoryContent.prototype;
    const check = (id: string): void => {
      if (ids.includes(id)) throw new TidemarkError(name, 'a blob is damaged');
    };
    trial.content.blobAtHand = (id) => (ids.includes(id) ? undefined : blobAtHand.call(trial.content, id));
    trial.content.blob = async (id) => {
      check(id);
      return blob.call(trial.content, id);
    };
    trial.content.tree = async (id) => {
      check(id);
      return tree.call(trial.content, id);
    };
  }

  test('a damaged blob is a problem of its file, which is not left half there; the rest is restored', async () => {
    const [trial, captured, bad] = await damaged();
    const large = await trial.entry(captured, 'large');
    failing(trial, [bad.blobs![0]!, large.blobs![20]!], 'VaultDamaged');
    const { problems, restored } = await trial.restore(captured);
    const what = 'cannot be restored: a blob is damaged';
    expect(problems).toEqual([
      { path: 'a/bad', what },
      { path: 'large', what },
    ]);
    expect(readdirSync(trial.target, { recursive: true }).sort()).toEqual(['a', 'a/good', 'b', 'b/other']);
    expect(restored).toEqual({ files: 2, bytes: 9 });
    expect((await trial.validate(captured)).problems).toHaveLength(2);
  });

  test('what was to be replaced is still there when its replacement is damaged', async () => {
    const [trial, captured, bad] = await damaged();
    const large = await trial.entry(captured, 'large');
    failing(trial, [bad.blobs![0]!, large.blobs![20]!], 'VaultDamaged');
    mkdirSync(join(trial.target, 'a'), { recursive: true });
    for (const path of ['a/bad', 'large']) writeFileSync(join(trial.target, path), 'old');
    expect((await trial.restore(captured, { overwrite: true })).problems).toHaveLength(2);
    for (const path of ['a/bad', 'large']) expect(read(trial.target, path)).toBe('old');
    expect(readdirSync(trial.target)).toEqual(['a', 'b', 'large']);
  });

  test('a damaged listing is a problem of its directory', async () => {
    const [trial, captured] = await damaged();
    failing(trial, [(await trial.entry(captured, 'a')).tree!], 'VaultDamaged');
    const { problems } = await trial.restore(captured);
    expect(problems).toEqual([{ path: 'a', what: 'cannot be restored: a blob is damaged' }]);
    expect(read(trial.target, 'b/other')).toBe('other');
  });

  test('a content that is shorter than it should be is damage too', async () => {
    const [trial, captured, bad] = await damaged();
    const large = await trial.entry(captured, 'large');
    const { blobAtHand } = MemoryContent.prototype;
    trial.content.blobAtHand = (id) => {
      const bytes = blobAtHand.call(trial.content, id);
      return id === bad.blobs![0] || id === large.blobs!.at(-1) ? bytes!.subarray(1) : bytes;
    };
    const { problems } = await trial.restore(captured);
    expect(problems).toEqual([
      { path: 'a/bad', what: expect.stringContaining('2 bytes and should have 3') },
      { path: 'large', what: expect.stringContaining('1999999 bytes and should have 2000000') },
    ]);
  });

  test('a store that does not answer ends the restore, to be tried again', async () => {
    const [trial, captured, bad] = await damaged();
    failing(trial, bad.blobs!, 'StoreUnreachable');
    await expect(trial.restore(captured)).rejects.toMatchObject({ name: 'StoreUnreachable' });
  });

  test('what cannot be made here is a problem', async () => {
    const trial = new Trial();
    const root = trial.content.put(
      encodeTree({
        entries: [
          { name: 'n'.repeat(256), type: 'fifo', mode: 0o600, uid: 0, gid: 0, mtime: '0' },
          { name: 'socket', type: 'socket', mode: 0o600, uid: 0, gid: 0, mtime: '0' },
        ],
      }),
      'tree',
    );
    const { problems } = await trial.restore({ root, details: {} } as unknown as CapturedContent);
    expect(problems).toEqual([{ path: 'n'.repeat(256), what: expect.stringContaining('ENAMETOOLONG') }]);
    rmSync(trial.target, { recursive: true });
  });
});

/** A restore in parts, wherever it is cut, is the restore in one piece. */
import { linkSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { seededRandom } from '../../../../src/core/random.ts';
import { partsAt } from '../../../../src/sources/files/restore/scope.ts';
import type { CapturedContent } from '../../../../src/sources/port.ts';
import { MemoryContent } from '../../memory-content.ts';
import { age, asNobody, deadlineAfter, isRoot, manifest, Trial } from '../trial.ts';
import { restoreInParts, validateInParts } from './in-parts.ts';

/** Directories in directories, files with several names far apart, names that are bytes, names that are prefixes of others. */
async function captured(): Promise<[Trial, CapturedContent, readonly string[]]> {
  const trial = new Trial({}, new MemoryContent({ smallFile: 10_000, piece: 1_000 }));
  const at = (path: string): string => join(trial.path, path);
  for (const path of ['a/b/c', 'a/b.c', 'a/bb', 'm/empty', 'z/z/z']) mkdirSync(at(path), { recursive: true });
  const random = seededRandom(3);
  for (const path of ['a/1', 'a/b/c/1', 'a/b/c/2', 'a/b/d', 'a/b.c/x', 'a/bb/y', 'b', 'm/f', 'z/1', 'z/z/z/last']) {
    writeFileSync(at(path), random.bytes(random.below(5_000)), { mode: 0o640 });
  }
  writeFileSync(at('large'), Buffer.alloc(55_555, 'large'));
  linkSync(at('a/b/c/1'), at('m/other-name'));
  linkSync(at('a/b/c/1'), at('z/z/third-name'));
  linkSync(at('b'), at('z/b'));
  symlinkSync('../b', at('m/link'));
  writeFileSync(Buffer.concat([Buffer.from(at('m/')), Buffer.from([0xff, 0x31])]), 'a name that is bytes');
  for (const path of ['a/b/c', 'a/b', 'a/b.c', 'a', 'm', 'z/z', '']) age(at(path), 1_600_000_000 + path.length);
  const content = await trial.capture();
  const paths = await trial.paths(content);
  return [trial, content, paths.filter((path) => !path.includes('base64:')).map((path) => path.replace(/\/$/, ''))];
}

/** Every path alone, all of them, and some of them by chance. */
function cutsOf(paths: readonly string[]): readonly (readonly string[])[] {
  const random = seededRandom(11);
  const some = Array.from({ length: 12 }, () => paths.filter(() => random.below(4) === 0));
  return [...paths.map((path) => [path]), paths, ...some.filter((cuts) => cuts.length > 0)];
}

test('wherever it is cut: the same on the disk, the same count, and found right in parts too', async () => {
  const [trial, content, paths] = await captured();
  const source = manifest(trial.path);
  const whole = (await trial.restore(content)).restored;
  const { checked } = await trial.validate(content);
  for (const cuts of cutsOf(paths)) {
    rmSync(trial.target, { recursive: true });
    const { restored, problems } = await restoreInParts(trial, content, cuts);
    expect({ cuts, restored, problems }).toEqual({ cuts, restored: whole, problems: [] });
    expect(manifest(trial.target)).toEqual(source);
    expect({ cuts, ...(await validateInParts(trial, content, cuts)) }).toEqual({ cuts, checked, problems: [] });
    expect((await trial.validate(content)).problems).toEqual([]);
  }
});

describe('put down and gone on with', () => {
  test.each([1, 2, 3, 7])('after every %i looks at the deadline', async (checks) => {
    const [trial, content, paths] = await captured();
    const { calls, problems } = await restoreInParts(trial, content, paths.slice(3, 12), {}, () =>
      deadlineAfter(checks),
    );
    expect(problems).toEqual([]);
    expect(calls).toBeGreaterThan(11);
    expect(manifest(trial.target)).toEqual(manifest(trial.path));
  });

  test('a large file that takes the place of another is gone on with where it was left', async () => {
    const trial = new Trial({}, new MemoryContent({ smallFile: 10_000, piece: 100_000 }));
    mkdirSync(join(trial.path, 'a'));
    writeFileSync(join(trial.path, 'a/large'), Buffer.alloc(8_000_000, 'large'));
    const content = await trial.capture();
    mkdirSync(join(trial.target, 'a'), { recursive: true });
    writeFileSync(join(trial.target, 'a/large'), 'another');
    const { calls, problems } = await restoreInParts(trial, content, ['a/large'], { overwrite: true }, () =>
      deadlineAfter(1),
    );
    expect(problems).toEqual([]);
    expect(calls).toBeLessThan(30);
    expect(manifest(trial.target)).toEqual(manifest(trial.path));
  });

  test('what an earlier call left half-written is gone in the end', async () => {
    const [trial, content, paths] = await captured();
    await trial.source.restore(undefined, trial.restoreContext(content, { deadline: deadlineAfter(9) }));
    for (const folder of ['', 'a/', 'a/b/'])
      writeFileSync(join(trial.target, `${folder}.tidemark-restoring-7`), 'half');
    expect((await restoreInParts(trial, content, paths.slice(2, 9))).problems).toEqual([]);
    expect(manifest(trial.target)).toEqual(manifest(trial.path));
  });

  test('parts that an earlier call has done already are done again over what it left', async () => {
    const [trial, content, paths] = await captured();
    await trial.source.restore(undefined, trial.restoreContext(content, { deadline: deadlineAfter(9) }));
    expect((await restoreInParts(trial, content, paths.slice(2, 9))).problems).toEqual([]);
    expect((await restoreInParts(trial, content, paths.slice(2, 9), { overwrite: true })).problems).toEqual([]);
    expect(manifest(trial.target)).toEqual(manifest(trial.path));
  });
});

test('over something that is there already, when that is asked for', async () => {
  const [trial, content, paths] = await captured();
  mkdirSync(join(trial.target, 'a/b/c'), { recursive: true });
  writeFileSync(join(trial.target, 'a/b/c/1'), 'something else');
  writeFileSync(join(trial.target, 'm'), 'a file where a directory should be');
  await expect(restoreInParts(trial, content, paths)).rejects.toMatchObject({ name: 'TargetNotEmpty' });
  const { problems } = await restoreInParts(trial, content, paths, { overwrite: true });
  expect(problems).toEqual([]);
  expect(manifest(trial.target)).toEqual(manifest(trial.path));
});

test.skipIf(!isRoot)('by somebody who is not root', async () => {
  const [trial, content, paths] = await captured();
  mkdirSync(trial.target, { mode: 0o777 });
  const own = join(trial.folder, 'own');
  mkdirSync(own);
  const { chownSync } = await import('node:fs');
  chownSync(own, 65_534, 65_534);
  const target = join(own, 'target');
  await asNobody(async () => {
    expect((await restoreInParts(trial, content, paths, { target })).problems).toEqual([]);
    expect((await validateInParts(trial, content, paths, { target })).problems).toEqual([]);
  });
});

test('what is wrong is told once, whoever comes by it', async () => {
  const [trial, content, paths] = await captured();
  await trial.restore(content);
  const at = (path: string): string => join(trial.target, path);
  rmSync(at('a/b'), { recursive: true });
  rmSync(at('z/z'), { recursive: true });
  writeFileSync(at('z/z'), 'a file where a directory should be');
  writeFileSync(at('m/zzz'), 'too much');
  const whole = (await trial.validate(content)).problems;
  for (const cuts of cutsOf(paths)) {
    const { problems } = await validateInParts(trial, content, cuts);
    expect(new Set(problems.map(({ path, what }) => `${path} ${what}`))).toEqual(
      new Set(whole.map(({ path, what }) => `${path} ${what}`)),
    );
    expect(problems.length).toBe(whole.length);
  }
});

test('the parts cover the walk: each begins where the one before ends', () => {
  expect(partsAt(['a/b', 'c'])).toEqual([
    { role: 'opening', cuts: ['a/b', 'c'] },
    { role: 'range', number: 0, to: 'a/b' },
    { role: 'range', number: 1, from: 'a/b', to: 'c' },
    { role: 'range', number: 2, from: 'c' },
    { role: 'closing', cuts: ['a/b', 'c'] },
  ]);
});

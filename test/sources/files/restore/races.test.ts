/** Somebody puts a link where the restore has just made something. The calls are the real ones, with that in between. */
import * as fs from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { Trial } from '../trial.ts';

const after = vi.hoisted(() => ({ mkdir: undefined as ((path: string) => void) | undefined }));

vi.mock('node:fs', async (original) => {
  const real = (await original()) as typeof fs;
  const mkdirSync = (path: fs.PathLike, options?: fs.MakeDirectoryOptions): unknown => {
    const made = real.mkdirSync(path, options);
    after.mkdir?.(String(path));
    return made;
  };
  return { ...real, mkdirSync };
});

afterEach(() => {
  after.mkdir = undefined;
});

test.each([false, true])('a directory becomes a link before it is entered (overwriting: %s)', async (overwrite) => {
  const trial = new Trial();
  fs.mkdirSync(join(trial.path, 'a'));
  fs.writeFileSync(join(trial.path, 'a/1'), 'harm');
  fs.writeFileSync(join(trial.path, 'z'), 'z');
  const captured = await trial.capture();
  const outside = join(trial.folder, 'outside');
  fs.mkdirSync(outside, { mode: 0o750 });
  fs.mkdirSync(trial.target);
  fs.chmodSync(trial.target, 0o777);
  let swaps = 0;
  after.mkdir = (path) => {
    if (!path.endsWith('/a')) return;
    swaps += 1;
    fs.rmdirSync(path);
    fs.symlinkSync(outside, join(trial.target, 'a'));
  };
  const { problems } = await trial.restore(captured, { overwrite });
  expect(swaps).toBe(1);
  expect(problems.map(({ path }) => path)).toEqual(['a']);
  expect([fs.readdirSync(outside), fs.lstatSync(outside).mode & 0o777]).toEqual([[], 0o750]);
  expect(fs.readFileSync(join(trial.target, 'z'), 'utf8')).toBe('z');
});

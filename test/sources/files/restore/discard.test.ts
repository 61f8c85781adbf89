/** A rehearsal's target goes; nothing else ever does. */
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { CapturedContent } from '../../../../src/sources/port.ts';
import { MemoryContent } from '../../memory-content.ts';
import { fill } from '../menagerie.ts';
import { deadlineAfter, manifest, Trial } from '../trial.ts';

async function simple(): Promise<[Trial, CapturedContent]> {
  const trial = new Trial();
  mkdirSync(join(trial.path, 'dir'));
  writeFileSync(join(trial.path, 'dir/a'), 'a');
  return [trial, await trial.capture()];
}

const refused = { name: 'TargetUnusable', hint: expect.stringContaining('by hand') };
const discard = (trial: Trial, captured: CapturedContent, target = trial.target): Promise<void> =>
  trial.source.discard(trial.restoreContext(captured, { target }));

test('all that was restored is gone, with the note beside it; the source is as it was', async () => {
  const trial = new Trial({}, new MemoryContent({ smallFile: 100_000 }));
  fill(trial.path);
  const before = manifest(trial.path);
  const captured = await trial.capture();
  await trial.restore(captured);
  await trial.validate(captured);
  expect(readdirSync(trial.folder).sort()).toEqual(['.target.tidemark-restore', 'source', 'target']);
  await discard(trial, captured);
  expect(readdirSync(trial.folder)).toEqual(['source']);
  expect(manifest(trial.path)).toEqual(before);
  await discard(trial, captured);
});

test('a directory that was there before, empty, stays', async () => {
  const [trial, captured] = await simple();
  mkdirSync(trial.target);
  await trial.restore(captured);
  await discard(trial, captured);
  expect(readdirSync(trial.folder).sort()).toEqual(['source', 'target']);
  expect(readdirSync(trial.target)).toEqual([]);
});

test('a restore that never finished is cleared away too', async () => {
  const [trial, captured] = await simple();
  await trial.source.restore(undefined, trial.restoreContext(captured, { deadline: deadlineAfter(1) }));
  expect(existsSync(join(trial.target, 'dir'))).toBe(true);
  await discard(trial, captured);
  expect(readdirSync(trial.folder)).toEqual(['source']);
});

test('what a link in it points to stays', async () => {
  const [trial] = await simple();
  mkdirSync(join(trial.folder, 'outside'));
  writeFileSync(join(trial.folder, 'outside/precious'), 'precious');
  symlinkSync(join(trial.folder, 'outside'), join(trial.path, 'link'));
  const captured = await trial.capture();
  await trial.restore(captured);
  await discard(trial, captured);
  expect(readFileSync(join(trial.folder, 'outside/precious'), 'utf8')).toBe('precious');
});

describe('it refuses, and removes nothing', () => {
  test('what no restore made', async () => {
    const [trial, captured] = await simple();
    mkdirSync(trial.target);
    writeFileSync(join(trial.target, 'mine'), 'mine');
    await expect(discard(trial, captured)).rejects.toMatchObject(refused);
    expect(readdirSync(trial.target)).toEqual(['mine']);
  });

  test('what a restore wrote over', async () => {
    const [trial, captured] = await simple();
    mkdirSync(trial.target);
    writeFileSync(join(trial.target, 'mine'), 'mine');
    await trial.restore(captured, { overwrite: true });
    await expect(discard(trial, captured)).rejects.toMatchObject(refused);
    expect(readdirSync(trial.target)).toEqual(['dir', 'mine']);
  });

  test('what has been touched since', async () => {
    const [trial, captured] = await simple();
    const touches: (() => void)[] = [
      () => writeFileSync(join(trial.target, 'dir/a'), 'work of a day'),
      () => writeFileSync(join(trial.target, 'dir/new'), 'work of a day'),
      () => rmSync(join(trial.target, 'dir/a')),
    ];
    for (const touch of touches) {
      rmSync(trial.target, { recursive: true, force: true });
      await trial.restore(captured);
      await new Promise((resolve) => setTimeout(resolve, 25));
      touch();
      const left = manifest(trial.target);
      await expect(discard(trial, captured)).rejects.toMatchObject(refused);
      expect(manifest(trial.target)).toEqual(left);
    }
  });

  test('another snapshot than the one that was restored there', async () => {
    const [trial, captured] = await simple();
    await trial.restore(captured);
    writeFileSync(join(trial.path, 'b'), 'b');
    await expect(discard(trial, await trial.capture())).rejects.toMatchObject(refused);
    expect(readdirSync(trial.target)).toEqual(['dir']);
  });

  test('another directory that has taken the name since', async () => {
    const [trial, captured] = await simple();
    await trial.restore(captured);
    renameSync(trial.target, join(trial.folder, 'kept'));
    mkdirSync(trial.target);
    writeFileSync(join(trial.target, 'mine'), 'mine');
    await expect(discard(trial, captured)).rejects.toMatchObject(refused);
    expect(readdirSync(trial.target)).toEqual(['mine']);
  });

  test('the source, and what it lies in, whatever the note says', async () => {
    const [trial, captured] = await simple();
    for (const target of [trial.path, trial.folder, join(trial.path, '.'), `${trial.folder}/`, dirname(trial.folder)]) {
      await expect(discard(trial, captured, target)).rejects.toMatchObject(refused);
    }
    const note = join(trial.folder, '.source.tidemark-restore');
    const { dev, ino } = lstatSync(trial.path);
    const told = { tidemark: 'restore', root: captured.root, device: `${dev}`, inode: `${ino}`, created: true };
    writeFileSync(note, JSON.stringify({ ...told, finished: false }));
    await expect(discard(trial, captured, trial.path)).rejects.toMatchObject(refused);
    expect(readdirSync(trial.path)).toEqual(['dir']);
  });

  test('the root of the system, a home, a file, a link', async () => {
    const [trial, captured] = await simple();
    symlinkSync(trial.path, join(trial.folder, 'link'));
    for (const target of ['/', homedir(), join(trial.path, 'dir/a'), join(trial.folder, 'link')]) {
      await expect(discard(trial, captured, target)).rejects.toMatchObject(refused);
    }
    expect(readFileSync(join(trial.path, 'dir/a'), 'utf8')).toBe('a');
  });
});

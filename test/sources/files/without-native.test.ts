/** A machine without the optional native calls: less is kept, and what is not kept is said. */
import { lstatSync, mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { native } from '../../../src/sources/files/native.ts';
import { Trial } from './trial.ts';

vi.mock('../../../src/sources/files/native.ts', () => ({ native: undefined }));

test('the cycle works; attributes are not captured, and the details say so', async () => {
  expect(native).toBeUndefined();
  const trial = new Trial();
  mkdirSync(join(trial.path, 'dir'));
  writeFileSync(join(trial.path, 'dir/file'), 'text');
  writeFileSync(join(trial.path, 'sparse'), '');
  utimesSync(join(trial.path, 'dir/file'), 1_700_000_000.123456, 1_700_000_000.123456);
  const captured = await trial.capture();
  expect(captured.details.limits).toEqual([expect.stringContaining('koffi')]);
  expect(captured.problems).toEqual([]);
  expect((await trial.again(captured)).totals.read).toBe(0);
  expect((await trial.restore(captured)).problems).toEqual([]);
  expect((await trial.validate(captured)).problems).toEqual([]);
  const off = (path: string): bigint =>
    lstatSync(join(trial.path, path), { bigint: true }).mtimeNs -
    lstatSync(join(trial.target, path), { bigint: true }).mtimeNs;
  for (const path of ['dir', 'dir/file', 'sparse']) expect(Math.abs(Number(off(path)))).toBeLessThan(1000);
});

test('attributes of a snapshot from elsewhere are problems', async () => {
  const trial = new Trial();
  writeFileSync(join(trial.path, 'file'), 'text');
  const captured = await trial.capture();
  const { entries } = await trial.content.tree(captured.root);
  const bytes = JSON.stringify({ tree: 1, entries: [{ ...entries[0], xattrs: { 'user.x': 'MQ==' } }] });
  const { problems } = await trial.restore({ ...captured, root: trial.content.put(Buffer.from(bytes), 'tree') });
  expect(problems).toEqual([{ path: 'file', what: expect.stringContaining('user.x could not be set') }]);
});

test('an mtime that moved more than the calls can tell is found', async () => {
  const trial = new Trial();
  writeFileSync(join(trial.path, 'file'), 'text');
  const captured = await trial.capture();
  await trial.restore(captured);
  const { mtimeMs } = lstatSync(join(trial.target, 'file'));
  utimesSync(join(trial.target, 'file'), mtimeMs / 1000, (mtimeMs + 1) / 1000);
  expect((await trial.validate(captured)).problems).toHaveLength(1);
});

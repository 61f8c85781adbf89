/** Files with holes: what is a hole comes back as one, is not read to be compared, and hides nothing. */
import { closeSync, ftruncateSync, lstatSync, openSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { native } from '../../../../src/sources/files/native.ts';
import type { CapturedContent } from '../../../../src/sources/port.ts';
import { MemoryContent } from '../../memory-content.ts';
import { deadlineAfter, Trial } from '../trial.ts';

const size = 40_000_000;
const places = [0, 5_000_123, 20_000_000, 39_999_000];

function write(path: string, ...pieces: readonly (readonly [at: number, bytes: string])[]): void {
  const fd = openSync(path, 'r+');
  for (const [at, bytes] of pieces) writeSync(fd, bytes, at);
  closeSync(fd);
}

async function captured(): Promise<[Trial, CapturedContent]> {
  const trial = new Trial({}, new MemoryContent({ smallFile: 10_000, piece: 64_000 }));
  const path = join(trial.path, 'image');
  const fd = openSync(path, 'w');
  ftruncateSync(fd, size);
  closeSync(fd);
  write(path, ...places.map((at) => [at, `data at ${at}`] as const));
  return [trial, await trial.capture()];
}

function unseen(path: string, change: () => void): void {
  const { mtimeNs } = lstatSync(path, { bigint: true });
  change();
  native!.setModified(path, mtimeNs);
}

test.skipIf(!native)('its bytes come back, its holes too, also when it is put down in the middle of one', async () => {
  const [trial, content] = await captured();
  expect((await trial.entry(content, 'image')).sparse).toBe(true);
  for (const checks of [undefined, 1, 2]) {
    const deadline = checks === undefined ? undefined : () => deadlineAfter(checks);
    const target = join(trial.folder, `target-${checks}`);
    expect((await trial.restore(content, { target }, deadline)).problems).toEqual([]);
    expect(readFileSync(join(target, 'image')).equals(readFileSync(join(trial.path, 'image')))).toBe(true);
    expect(lstatSync(join(target, 'image')).blocks * 512).toBeLessThan(1_000_000);
    expect((await trial.validate(content, { target })).problems).toEqual([]);
  }
});

test.skipIf(!native)('a byte in a hole is found', async () => {
  const [trial, content] = await captured();
  await trial.restore(content);
  const path = join(trial.target, 'image');
  unseen(path, () => write(path, [30_000_000, '!']));
  const [problem] = (await trial.validate(content)).problems;
  expect(problem?.what).toMatch(/other bytes than it should have, from byte 29\d{6} on/);
});

test.skipIf(!native)('A6 a hole where there should be bytes is found', async () => {
  const [trial, content] = await captured();
  await trial.restore(content);
  const path = join(trial.target, 'image');
  unseen(path, () => {
    const fd = openSync(path, 'r+');
    ftruncateSync(fd, 10_000_000);
    ftruncateSync(fd, size);
    closeSync(fd);
  });
  const [problem] = (await trial.validate(content)).problems;
  expect(problem?.what).toMatch(/other bytes than it should have, from byte (19|20)\d{6} on/);
});

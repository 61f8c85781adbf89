import { expect, test } from 'vitest';
import { Settling } from '../../../../src/sources/files/capture/settling.ts';

const now = (): bigint => BigInt(Date.now()) * 1_000_000n;
const milliseconds = 1_000_000n;
/** Not at a whole second, which would look like a file system that has nothing finer. */
const fine = (time: bigint): bigint => (time % 1_000_000_000n === 0n ? time + 1n : time);

test('what changed a moment ago has not settled, and has a tick later', async () => {
  const settling = new Settling();
  const changed = fine(now());
  expect(settling.isSettled(changed)).toBe(false);
  const before = Date.now();
  expect(await settling.settle(changed)).toBe(true);
  expect(Date.now() - before).toBeLessThan(200);
  expect(settling.isSettled(changed)).toBe(true);
  expect(settling.isSettled(fine(changed - 5n))).toBe(true);
});

test('what changed longer ago has', () => {
  expect(new Settling().isSettled(fine(now() - 30n * milliseconds))).toBe(true);
  expect(new Settling().isSettled(0n)).toBe(true);
});

test('a time in whole seconds is from a coarse file system, and takes two seconds', () => {
  const second = (now() / 1_000_000_000n) * 1_000_000_000n;
  expect(new Settling().isSettled(second)).toBe(false);
  expect(new Settling().isSettled(second - 3_000n * milliseconds)).toBe(true);
});

test('a time that is yet to come is not waited for', async () => {
  const settling = new Settling();
  const changed = fine(now() + 3_600_000n * milliseconds);
  expect(settling.isSettled(changed)).toBe(false);
  expect(await settling.settle(changed)).toBe(false);
});

test('in all, it waits only so long', async () => {
  const settling = new Settling(50);
  let waited = 0;
  // Each of them is as new as can be; a busy source would never end.
  for (; waited < 20; waited += 1) {
    const changed = fine(now());
    expect(settling.isSettled(changed)).toBe(false);
    if (!(await settling.settle(changed))) break;
  }
  expect(waited).toBe(2);
});

/** Work that one invocation does not finish is put down and taken up again, and comes to the same. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Deadline } from '../../src/core/deadline.ts';
import type { Source } from '../../src/sources/port.ts';
import { filesBelow, smallMachine, writeTree } from './small-machine.ts';

const files = 3_000;

/** Passes when it was asked `looks` times: an invocation gets so far and no further, however fast the machine is. */
const soon = (looks: number): Deadline => {
  let left = looks;
  return {
    remaining: () => left,
    passed() {
      left -= 1;
      return left <= 0;
    },
  };
};

const hurried = (source: Source): Source => ({
  ...source,
  capture: (shard, state, context) => source.capture(shard, state, { ...context, deadline: soon(700) }),
  restore: (state, context) => source.restore(state, { ...context, deadline: soon(30) }),
});

test('D4: a tree that takes several invocations is one snapshot, the same as an unhurried one', async () => {
  const calm = await smallMachine({ sources: ['- { id: data, kind: files, path: $FOLDER/data }'], replicas: 0 });
  const tree: Record<string, string> = {};
  for (let number = 0; number < files; number += 1) tree[`many/${number % 30}/${number}.txt`] = `file ${number}`;
  writeTree(calm.data, tree);
  const whole = await calm.succeed('backup', { cadence: 'full' });
  const calls = (machine: typeof calm, name: string) =>
    machine.invocations.filter(({ functionName }) => functionName === name);
  expect(calls(calm, 'capture-shard')).toHaveLength(1);

  const pressed = await smallMachine({
    sources: [`- { id: data, kind: files, path: ${calm.data} }`],
    replicas: 0,
    source: hurried,
  });
  const pieces = await pressed.succeed('backup', { cadence: 'full' });
  expect(calls(pressed, 'capture-shard').length).toBeGreaterThan(3);
  expect(calls(pressed, 'capture-shard').every(({ error }) => error === undefined)).toBe(true);
  expect(pieces.jobs[0]).toMatchObject({ files: files + 3, bytes: { read: whole.jobs[0].bytes.read } });
  const [one, other] = [await calm.vault(), await pressed.vault()];
  const [expected, is] = [(await one.snapshots.list())[0]!, (await other.snapshots.list())[0]!];
  expect(is.root).toBe(expected.root);
  expect({ ...is.totals, stored: 0 }).toEqual({ ...expected.totals, stored: 0 });

  const target = join(pressed.folder, 'target');
  const restored = await pressed.succeed('restore', { source: 'data', paths: ['many/29'], target });
  expect(calls(pressed, 'restore-shard').length).toBeGreaterThan(3);
  expect(restored).toMatchObject({ restored: { files: 100 }, checked: { files: 100 } });
  expect(filesBelow(target)).toHaveLength(100);
  expect(readFileSync(join(target, 'many/29/2999.txt'), 'utf8')).toBe('file 2999');
});

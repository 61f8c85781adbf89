/** A capture that is put down and gone on with, anywhere, takes what an uninterrupted one takes. */
import {
  appendFileSync,
  linkSync,
  lstatSync,
  mkdirSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { noDeadline } from '../../../../src/core/deadline.ts';
import type { Json } from '../../../../src/core/json.ts';
import { MemoryContent } from '../../memory-content.ts';
import { deadlineAfter, Trial, throughJson } from '../trial.ts';

function tree(options = {}): Trial {
  const trial = new Trial(options, new MemoryContent({ smallFile: 4096, piece: 10_000 }));
  for (const directory of ['a/b/c', 'a/empty', 'd', 'e/f']) mkdirSync(join(trial.path, directory), { recursive: true });
  for (let at = 0; at < 12; at += 1) writeFileSync(join(trial.path, `a/b/file-${at}`), `content ${at}`);
  for (const path of ['a/b/c/x', 'a/z', 'd/1', 'd/2', 'e/f/y', 'top']) writeFileSync(join(trial.path, path), path);
  writeFileSync(join(trial.path, 'd/large'), Buffer.alloc(3_500_000, 'large'));
  linkSync(join(trial.path, 'a/b/file-1'), join(trial.path, 'e/f/file-1'));
  linkSync(join(trial.path, 'd/large'), join(trial.path, 'e/large'));
  symlinkSync('nowhere', join(trial.path, 'e/link'));
  const raw = Buffer.concat([Buffer.from(`${trial.path}/d/`), Buffer.from([0xff, 0x61])]);
  mkdirSync(raw);
  writeFileSync(Buffer.concat([raw, Buffer.from('/in')]), 'raw');
  return trial;
}

test.each([1, 2, 3, 5, 8, 13])('stopped after every %i looks at the deadline', async (looks) => {
  const trial = tree();
  const whole = await trial.capture();
  let calls = 0;
  const parts = await trial.capture({}, () => {
    calls += 1;
    return deadlineAfter(looks);
  });
  expect(parts.root).toBe(whole.root);
  expect(parts.problems).toEqual([]);
  expect({ ...parts.totals, read: 0 }).toEqual({ ...whole.totals, read: 0 });
  expect(calls).toBeGreaterThan(30 / looks);
});

test('put down at every point, an incremental capture reads nothing and lists nothing again', async () => {
  const trial = tree();
  const first = await trial.capture();
  const { puts } = trial.content;
  const second = await trial.capture({ previous: trial.previous(first) }, () => deadlineAfter(1));
  expect(second.root).toBe(first.root);
  expect(second.totals.read).toBe(0);
  expect(trial.content.puts - puts).toBe(1);
});

/** Calls until `stop` says so; returns the state, and goes on to the end with `finish`. */
async function interrupted(trial: Trial, stop: (state: Json) => boolean): Promise<() => Promise<unknown>> {
  const context = trial.captureContext();
  let state: Json | undefined;
  for (;;) {
    const outcome = await trial.source.capture({ shard: 0 }, state, { ...context, deadline: deadlineAfter(1) });
    if (outcome.done) throw new Error('it never stopped there');
    state = throughJson(outcome.state);
    if (stop(state)) break;
  }
  return async () => {
    const outcome = await trial.source.capture({ shard: 0 }, state, context);
    if (!outcome.done) throw new Error('it stopped again');
    return trial.source.combine([throughJson(outcome.result)], context);
  };
}

const insideLarge = (state: Json): boolean =>
  ((state as { file?: { stream: { size: number } } }).file?.stream.size ?? 0) > 2_000_000;

test('inside a large file, what is stored of it is not read again', async () => {
  const trial = tree();
  const whole = await trial.capture();
  const finish = await interrupted(trial, insideLarge);
  const parts = (await finish()) as typeof whole;
  expect(parts.root).toBe(whole.root);
  expect(parts.totals.read).toBeGreaterThanOrEqual(whole.totals.read);
  // Less than one slab twice for each of the stops.
  expect(parts.totals.read).toBeLessThan(whole.totals.read + 4 * 10_000);
});

test('F10 a large file that was written to meanwhile is started over, also with its size and time put back', async () => {
  const trial = tree();
  const finish = await interrupted(trial, insideLarge);
  const path = join(trial.path, 'd/large');
  const { atime, mtime } = lstatSync(path);
  writeFileSync(path, Buffer.alloc(3_500_000, 'LARGE'));
  utimesSync(path, atime, mtime);
  const parts = (await finish()) as Awaited<ReturnType<Trial['capture']>>;
  expect(parts.root).toBe((await trial.capture()).root);
});

test('what changed behind the walk waits for the next capture; what changes before it is taken', async () => {
  const trial = tree();
  const finish = await interrupted(trial, (state) => JSON.stringify(state).includes('"after":{"name":"d"}'));
  appendFileSync(join(trial.path, 'a/z'), 'behind');
  appendFileSync(join(trial.path, 'top'), 'ahead');
  const parts = (await finish()) as Awaited<ReturnType<Trial['capture']>>;
  expect((await trial.entry(parts, 'a/z')).size).toBe(3);
  expect((await trial.entry(parts, 'top')).size).toBe(8);
});

test('the directory that it stopped in is gone: a problem, and the rest is taken', async () => {
  const trial = tree();
  const finish = await interrupted(trial, (state) => JSON.stringify(state).includes('"after":{"name":"file-3"}'));
  rmSync(join(trial.path, 'a/b'), { recursive: true });
  const parts = (await finish()) as Awaited<ReturnType<Trial['capture']>>;
  expect(parts.problems).toEqual([{ path: 'a/b', what: 'vanished while the source was captured' }]);
  expect(await trial.paths(parts)).toEqual(expect.arrayContaining(['a/b/file-3', 'a/z', 'top']));
  expect(await trial.paths(parts)).not.toContain('a/b/file-4');
});

test('gone on with beside another snapshot than before, it compares with none', async () => {
  const trial = tree();
  const first = await trial.capture();
  const outcome = await trial.source.capture({ shard: 0 }, undefined, {
    ...trial.captureContext({ previous: trial.previous(first, 'one') }),
    deadline: deadlineAfter(8),
  });
  if (outcome.done) throw new Error('it did not stop');
  const context = trial.captureContext({ previous: trial.previous(first, 'another'), deadline: noDeadline });
  const end = await trial.source.capture({ shard: 0 }, throughJson(outcome.state), context);
  if (!end.done) throw new Error('it did not end');
  const parts = await trial.source.combine([throughJson(end.result)], context);
  expect(parts.root).toBe(first.root);
  expect(parts.totals.read).toBeGreaterThan(3_000_000);
});

test('back-pressure is waited for before anything else is poured', async () => {
  const trial = tree();
  let [busy, waits] = [false, 0];
  const put = trial.content.put.bind(trial.content);
  trial.content.put = (bytes, kind) => {
    if (busy) throw new Error('poured on while the sink was full');
    return put(bytes, kind);
  };
  trial.content.drain = () => {
    if (waits >= 40) return undefined;
    waits += 1;
    busy = true;
    return new Promise((resolve) => {
      setImmediate(() => {
        busy = false;
        resolve();
      });
    });
  };
  const captured = await trial.capture();
  expect([waits, captured.problems]).toEqual([40, []]);
});

test('a sink that fails while it is waited for ends the capture', async () => {
  const trial = tree();
  trial.content.draining = Promise.reject(new Error('the vault is full'));
  await expect(trial.capture()).rejects.toThrow('the vault is full');
});

/** A restore by several workers, and the comparison after it, are what one thread makes of them. */
import { existsSync, mkdtempSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../../src/core/clock.ts';
import { type Deadline, noDeadline } from '../../../src/core/deadline.ts';
import type { Json } from '../../../src/core/json.ts';
import { silentLog } from '../../../src/core/log.ts';
import { layout } from '../../../src/format/layout.ts';
import { captureWith } from '../../../src/operations/crew/capture.ts';
import { Crew } from '../../../src/operations/crew/crew.ts';
import { restoreWith, validateWith } from '../../../src/operations/crew/restore.ts';
import { filesSource } from '../../../src/sources/files/index.ts';
import type {
  CapturedContent,
  RestoreContext,
  RestoreOutcome,
  Source,
  ValidationReport,
} from '../../../src/sources/port.ts';
import type { Vault } from '../../../src/vault/vault.ts';
import { manifest, throughJson } from '../../sources/files/trial.ts';
import { newTree, newVault } from './large-tree.ts';

const script = new URL('../../../src/operations/crew/start.js', import.meta.url);
const crew = new Crew(3, script);
afterAll(() => crew.end());
const inTime = { deadline: noDeadline, clock: systemClock, log: silentLog };

interface Stored {
  readonly path: string;
  readonly source: Source;
  readonly vault: Vault;
  readonly content: CapturedContent;
  readonly context: RestoreContext;
}

async function stored(sealing: 'none' | 'passphrase' = 'none'): Promise<Stored> {
  const path = newTree();
  const vault = await newVault(sealing);
  const source = filesSource({ path, exclude: [], allowEmpty: false, worthSharing: 1 });
  const writer = await vault.writer();
  const capture = { ...inTime, sink: writer, previous: undefined, cadence: 'full', revision: undefined } as const;
  const shard = { shard: 0 };
  const outcome = await captureWith(undefined, { source, shard, state: undefined, context: capture, vault, writer });
  if (!outcome.done) throw new Error('a capture without a deadline was put down');
  const content = await source.combine([outcome.result], capture);
  await writer.finish();
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-crew-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const { root, details } = content;
  const target = join(folder, 'target');
  const reader = await vault.reader();
  return {
    path,
    source,
    vault,
    content,
    context: { ...inTime, reader, root, details, target, paths: [], overwrite: false },
  };
}

async function restoreBy({ source, vault, context }: Stored, by: Crew | undefined): Promise<RestoreOutcome> {
  return restoreWith(by, source, undefined, context, vault);
}

async function validateBy({ source, vault, context }: Stored, by: Crew | undefined): Promise<ValidationReport> {
  return validateWith(by, source, context, vault);
}

test.each(['none', 'passphrase'] as const)('the same on the disk as by one thread, sealing %s', async (sealing) => {
  const one = await stored(sealing);
  const outcome = await restoreBy(one, crew);
  expect(outcome).toMatchObject({ done: true, problems: [], restored: { files: 605 } });
  expect(manifest(one.context.target)).toEqual(manifest(one.path));
  const alone = await validateBy(one, undefined);
  expect(alone.problems).toEqual([]);
  expect(await validateBy(one, crew)).toEqual(alone);

  unlinkSync(join(one.context.target, 'deep/1/1/1/1.bin'));
  writeFileSync(join(one.context.target, 'flat/007.txt'), 'file 8');
  const [few, many] = [await validateBy(one, undefined), await validateBy(one, crew)];
  expect(few.problems.length).toBeGreaterThan(2);
  expect(new Set(many.problems.map(({ path }) => path))).toEqual(new Set(few.problems.map(({ path }) => path)));
});

test('only some paths are restored by one thread, and nothing else is touched', async () => {
  const one = await stored();
  const context = { ...one.context, paths: ['deep/3'] };
  expect(await restoreBy({ ...one, context }, crew)).toMatchObject({ done: true, problems: [] });
  expect(existsSync(join(context.target, 'flat'))).toBe(false);
  expect((await validateBy({ ...one, context }, crew)).problems).toEqual([]);
});

test.each([
  ['workers go on', crew],
  ['one thread goes on', undefined],
] as const)('D4: put down in many parts at once, and %s to the same end', async (_, next) => {
  const one = await stored();
  const late: Deadline = { remaining: () => 0, passed: () => true };
  let state: Json | undefined;
  let calls = 0;
  for (; calls < 200; calls += 1) {
    const context = { ...one.context, deadline: calls < 4 ? late : noDeadline };
    const outcome = await restoreWith(calls < 2 ? crew : next, one.source, state, context, one.vault);
    if (outcome.done) break;
    state = throughJson(outcome.state);
  }
  expect(calls).toBeGreaterThan(3);
  expect(manifest(one.context.target)).toEqual(manifest(one.path));
  expect((await validateBy(one, crew)).problems).toEqual([]);
});

test('a pack that is gone: the entries that need it are problems, as in one thread', async () => {
  const one = await stored();
  const pack = (await one.vault.index()).packs.find(({ kind }) => kind === 'data')!;
  await one.vault.store.delete([layout.pack(pack.id)]);
  const outcomes: RestoreOutcome[] = [];
  for (const by of [undefined, crew]) {
    outcomes.push(
      await restoreBy({ ...one, context: { ...one.context, target: `${one.context.target}-${by?.size}` } }, by),
    );
  }
  const [few, many] = outcomes.map((outcome) => (outcome.done ? outcome.problems : []));
  expect(few!.length).toBeGreaterThan(100);
  expect(new Set(many!.map(({ path }) => path))).toEqual(new Set(few!.map(({ path }) => path)));
});

test('a worker that dies fails the restore; it can be made again over what it left', async () => {
  const one = await stored();
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-crew-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const dying = join(folder, 'dying.mjs');
  // it dies at the second part that it is asked for
  writeFileSync(
    dying,
    `import { parentPort } from 'node:worker_threads';
     let parts = 0;
     parentPort.on('message', ({ type }) => { if (type === 'part' && (parts += 1) === 2) process.exit(3); });
     await import(${JSON.stringify(script.href)});`,
  );
  const mortal = new Crew(2, new URL(`file://${dying}`));
  await expect(restoreBy(one, mortal)).rejects.toThrow('a worker ended with code 3');
  await mortal.end();
  expect(await restoreBy(one, crew)).toMatchObject({ done: true, problems: [] });
  expect(manifest(one.context.target)).toEqual(manifest(one.path));
});

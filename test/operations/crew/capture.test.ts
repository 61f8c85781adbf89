/** One shard captured by several workers is what one thread makes of it. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../../src/core/clock.ts';
import { type Deadline, noDeadline } from '../../../src/core/deadline.ts';
import type { TidemarkError } from '../../../src/core/errors.ts';
import type { Json } from '../../../src/core/json.ts';
import { createLog } from '../../../src/core/log.ts';
import { entryName } from '../../../src/format/tree.ts';
import { captureWith } from '../../../src/operations/crew/capture.ts';
import { Crew } from '../../../src/operations/crew/crew.ts';
import { filesSource } from '../../../src/sources/files/index.ts';
import type { CaptureContext, CapturedContent, PreviousSnapshot, Source } from '../../../src/sources/port.ts';
import type { Vault } from '../../../src/vault/vault.ts';
import { newTree, newVault } from './large-tree.ts';

const script = new URL('../../../src/operations/crew/start.js', import.meta.url);
const crew = new Crew(3, script);
afterAll(() => crew.end());

const log = createLog(() => {}, 'error');

const sourceAt = (path: string): Source =>
  filesSource({ path, exclude: ['*.tmp'], allowEmpty: false, worthSharing: 1 });

interface Taken extends CapturedContent {
  readonly stored: number;
}

async function take(
  vault: Vault,
  source: Source,
  by: Crew | undefined,
  previous?: PreviousSnapshot,
  deadline: () => Deadline = () => noDeadline,
): Promise<Taken> {
  let state: Json | undefined;
  let stored = 0;
  for (let call = 0; call < 200; call += 1) {
    const writer = await vault.writer();
    const context: CaptureContext = {
      ...{ sink: writer, previous, cadence: 'incremental', revision: undefined },
      ...{ deadline: deadline(), clock: systemClock, log },
    };
    const outcome = await captureWith(by, { source, shard: { shard: 0 }, state, context, vault, writer });
    if (!outcome.done) {
      stored += (await writer.finish()).stored;
      state = JSON.parse(JSON.stringify(outcome.state)) as Json;
      continue;
    }
    const content = await source.combine([JSON.parse(JSON.stringify(outcome.result)) as Json], context);
    stored += (await writer.finish()).stored;
    return { ...content, stored };
  }
  throw new Error('it came to no end');
}

async function asPrevious(vault: Vault, taken: Taken): Promise<PreviousSnapshot> {
  const reader = await vault.reader();
  const { root, details, stored } = taken;
  const totals = { ...taken.totals, stored };
  return { id: 'before', root, time: new Date(0), details, totals, tree: (id) => reader.tree(id) };
}

/** Every file of a snapshot read back through the reader, which checks each blob. */
async function readAll(vault: Vault, root: string): Promise<number> {
  const reader = await vault.reader();
  let bytes = 0;
  for (const entry of (await reader.tree(root)).entries) {
    expect(entryName(entry).length).toBeGreaterThan(0);
    if (entry.tree) bytes += await readAll(vault, entry.tree);
    else for await (const ids of reader.blobsOf(entry)) for (const id of ids) bytes += (await reader.blob(id)).length;
  }
  return bytes;
}

test.each(['none', 'passphrase'] as const)('the same snapshot as one thread makes, sealing %s', async (sealing) => {
  const source = sourceAt(newTree());
  const vault = await newVault(sealing);
  const alone = await take(vault, source, undefined);
  const fresh = await newVault();
  const [few, many] = [await take(fresh, source, undefined), await take(await newVault(), source, crew)];
  expect(many.root).toBe(few.root);
  // a file whose names lie in two parts is read in both
  expect({ ...many.totals, read: 0 }).toEqual({ ...few.totals, read: 0 });
  expect(many.problems).toEqual([]);

  // into a vault that has it all nothing is stored again, whoever looks
  const again = await take(vault, source, crew);
  expect(again.root).toBe(alone.root);
  expect(again.stored).toBe(0);
});

test('what lies in several parts is stored once, and all of it can be read', async () => {
  const source = sourceAt(newTree());
  const vault = await newVault('passphrase');
  const taken = await take(vault, source, crew);
  const ids = new Set<string>();
  const index = await vault.index();
  for (let entry = 0; entry < index.size; entry += 1) ids.add(index.idOf(entry));
  const records = index.packs.length;
  let blobs = 0;
  for await (const object of vault.store.list('packs/')) blobs += object.size > 0 ? 1 : 0;
  expect(blobs).toBe(records);
  expect(ids.size).toBe(index.size);
  expect(taken.stored).toBeLessThan(4_200_000);
  const { files } = taken.totals;
  expect(files).toBe(605);
  expect(await readAll(vault, taken.root)).toBeGreaterThan(5_000_000);
});

test('with a snapshot before, nothing is read again and the root stays', async () => {
  const folder = newTree();
  const source = sourceAt(folder);
  const vault = await newVault();
  const first = await take(vault, source, crew);
  const previous = await asPrevious(vault, first);
  const second = await take(vault, source, crew, previous);
  expect(second).toMatchObject({ root: first.root, stored: 0, totals: { read: 0, files: first.totals.files } });

  writeFileSync(join(folder, 'deep/1/1/1/new.bin'), 'new');
  const third = await take(vault, source, crew, previous);
  expect(third.totals).toMatchObject({ read: 3, files: first.totals.files + 1 });
  expect(third.root).toBe((await take(vault, source, undefined, previous)).root);
});

test.each([
  ['workers go on', crew],
  ['one thread goes on', undefined],
] as const)('D4: put down in many parts at once, and %s to the same end', async (_, next) => {
  const source = sourceAt(newTree());
  const whole = await take(await newVault(), source, undefined);
  let calls = 0;
  // no time at all for the first two invocations: every part is put down after its first step
  const pressed = (): Deadline => {
    calls += 1;
    return calls > 2 ? noDeadline : { remaining: () => 0, passed: () => true };
  };
  const vault = await newVault();
  const taken = await takeInTurns(vault, source, [crew, crew, next], pressed);
  expect(calls).toBeGreaterThan(2);
  expect(taken.root).toBe(whole.root);
  expect(taken.totals.files).toBe(whole.totals.files);
  expect(await readAll(vault, taken.root)).toBe(await readAll(vault, whole.root));
});

async function takeInTurns(
  vault: Vault,
  source: Source,
  crews: readonly (Crew | undefined)[],
  deadline: () => Deadline,
): Promise<CapturedContent> {
  let state: Json | undefined;
  for (let call = 0; call < 200; call += 1) {
    const writer = await vault.writer();
    const context: CaptureContext = {
      ...{ sink: writer, previous: undefined, cadence: 'incremental', revision: undefined },
      ...{ deadline: deadline(), clock: systemClock, log },
    };
    const by = crews[Math.min(call, crews.length - 1)];
    const outcome = await captureWith(by, { source, shard: { shard: 0 }, state, context, vault, writer });
    if (outcome.done) {
      const content = await source.combine([outcome.result], context);
      await writer.finish();
      return content;
    }
    await writer.finish();
    state = JSON.parse(JSON.stringify(outcome.state)) as Json;
  }
  throw new Error('it came to no end');
}

test('a source that is gone fails as it does in one thread', async () => {
  const folder = newTree();
  const source = sourceAt(folder);
  const vault = await newVault();
  const division = await source.division!();
  const vanishing: Source = {
    ...source,
    division: async () => ({
      ...division,
      async parts(...given) {
        const found = await division.parts(...given);
        rmSync(folder, { recursive: true });
        mkdirSync(dirname(folder), { recursive: true });
        return found;
      },
    }),
  };
  const error = (await take(vault, vanishing, crew).catch((raised: unknown) => raised)) as TidemarkError;
  expect(error).toMatchObject({ name: 'SourceMissing' });
  expect(error.hint).toMatch(/mounted/);
  mkdirSync(folder);
  // the workers have survived it
  const other = sourceAt(newTree());
  expect((await take(vault, other, crew)).totals.files).toBe(605);
});

test('a store that takes no more fails the capture, and the workers are free again', async () => {
  const source = sourceAt(newTree());
  const vault = await newVault();
  const put = vault.store.put.bind(vault.store);
  vault.store.put = async () => {
    throw Object.assign(new Error('no space'), { name: 'StoreFull' });
  };
  await expect(take(vault, source, crew)).rejects.toThrow('no space');
  vault.store.put = put;
  expect((await take(vault, source, crew)).totals.files).toBe(605);
});

test('a worker that dies fails the capture by name; the next one has a new worker', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-crew-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const dying = join(folder, 'dying.mjs');
  const flag = join(folder, 'flag');
  writeFileSync(flag, '');
  writeFileSync(
    dying,
    `import { existsSync } from 'node:fs';
     import { parentPort } from 'node:worker_threads';
     if (existsSync(${JSON.stringify(flag)})) parentPort.on('message', () => process.exit(3));
     else await import(${JSON.stringify(script.href)});`,
  );
  const mortal = new Crew(2, pathToFileURL(dying));
  const source = sourceAt(newTree());
  const vault = await newVault();
  await expect(take(vault, source, mortal)).rejects.toMatchObject({
    name: 'Unexpected',
    message: expect.stringMatching(/worker ended/),
  });
  // the other one may be dying still
  await mortal.end();
  rmSync(flag);
  expect((await take(vault, source, mortal)).totals.files).toBe(605);
  await mortal.end();
});

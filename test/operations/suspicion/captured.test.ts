/** Accidents and attacks on real files, through the real workflows: what is noticed, what it does, and how a person ends it. */
import { createCipheriv } from 'node:crypto';
import { readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { fail } from '../../../src/core/errors.ts';
import { seededRandom } from '../../../src/core/random.ts';
import { prunePlanSchema } from '../../../src/operations/prune/prune-plan.ts';
import type { ObjectStore } from '../../../src/storage/port.ts';
import { filesBelow, idsOf, type Report, type SmallMachine, smallMachine, told, writeTree } from '../small-machine.ts';

const words = 'the node of the network says that all is well and nothing has to be done about anything today ';

/** Text that compresses to about a third, as letters, tables and programs do. */
function prose(seed: number, bytes: number): Buffer {
  const random = seededRandom(seed);
  const some = words.split(' ');
  let text = '';
  while (text.length < bytes) text += `${some[random.below(some.length)]} ${random.below(1000)} `;
  return Buffer.from(text.slice(0, bytes));
}

async function office(): Promise<SmallMachine> {
  const machine = await smallMachine({
    sources: ['- { id: data, kind: files, path: $FOLDER/data }'],
    retention: '{ daily: 2 days, atLeast: 1 }',
  });
  for (let at = 0; at < 60; at += 1)
    writeTree(machine.data, { [`letters/${at}.${at % 3 === 0 ? 'csv' : 'txt'}`]: prose(at, 20_000) });
  for (const day of [1, 2, 3, 4, 5]) {
    writeTree(machine.data, { [`letters/${day}.txt`]: prose(1000 + day, 20_000) });
    await backup(machine, day);
  }
  return machine;
}

async function backup(machine: SmallMachine, day: number, cadence = 'incremental'): Promise<Report> {
  machine.at(`2026-03-${String(day).padStart(2, '0')}T02:00:00Z`);
  const { report } = await machine.run('backup', { cadence });
  return report.jobs[0];
}

function encryptFile(path: string): void {
  const cipher = createCipheriv('aes-256-ctr', Buffer.alloc(32, 7), Buffer.alloc(16, path.length));
  writeFileSync(path, Buffer.concat([cipher.update(readFileSync(path)), cipher.final()]));
}

const letters = (machine: SmallMachine): string[] => filesBelow(join(machine.data, 'letters'));

async function deletions(machine: SmallMachine): Promise<number> {
  const vault = await machine.vault();
  const report = await machine.succeed('prune', { dryRun: true });
  const plan = await vault.objects.read(`work/${report.prune}/plan.json`, prunePlanSchema);
  return plan.delete.length;
}

describe('what a person would want to hear of', () => {
  test('A14 ransomware: files encrypted in place are suspicious, and nothing good is pruned because of it', async () => {
    const machine = await office();
    expect((await backup(machine, 8)).suspicion).toBeUndefined();
    expect(await deletions(machine)).toBeGreaterThan(0);
    for (const path of letters(machine).slice(0, 20)) encryptFile(path);
    const job = await backup(machine, 9);
    expect(job).toMatchObject({
      status: 'success',
      suspicion: expect.stringMatching(/replaced by content that does not compress/),
    });
    expect(told(machine.alerts)).toEqual(['open critical suspicious/data']);
    expect(machine.alerts[0]?.action).toContain('tidemark accept');
    expect(await deletions(machine)).toBe(0);
    // more of the same on the next day is held against the last good one
    for (const path of letters(machine).slice(20, 40)) encryptFile(path);
    expect((await backup(machine, 10)).suspicion).toMatch(/does not compress/);
    expect(await deletions(machine)).toBe(0);
  });

  test('renamed as well: it says which ending', async () => {
    const machine = await office();
    for (const path of letters(machine).slice(0, 30)) {
      encryptFile(path);
      renameSync(path, `${path}.locked`);
    }
    const { suspicion } = await backup(machine, 8);
    expect(suspicion).toMatch(/30 files end in what no file ended in before, 30 of them in \.locked/);
    expect(suspicion).toMatch(/does not compress/);
  });

  test('on the day of a full backup, which compares no directories', async () => {
    const machine = await office();
    for (const path of letters(machine).slice(0, 30)) encryptFile(path);
    expect((await backup(machine, 8, 'full')).suspicion).toMatch(/does not compress/);
  });

  test('a fall beyond what the source is known for', async () => {
    const machine = await office();
    for (const path of letters(machine).slice(0, 20)) rmSync(path);
    expect((await backup(machine, 8)).suspicion).toMatch(/it has 44 files; the snapshot before has 64/);
  });
});

describe('what is an ordinary day', () => {
  test.each<[string, (machine: SmallMachine) => void]>([
    ['nothing changes', () => {}],
    [
      'every file is touched',
      (machine) => letters(machine).forEach((path) => void writeFileSync(path, readFileSync(path))),
    ],
    [
      'every file is rewritten as other text',
      (machine) => letters(machine).forEach((path, at) => void writeFileSync(path, prose(5000 + at, 20_000))),
    ],
    ['photographs come in', (machine) => writeTree(machine.data, { 'photos/1.jpg': seededRandom(99).bytes(900_000) })],
    [
      'files are renamed, and stay what they are',
      (machine) => letters(machine).forEach((path) => void renameSync(path, path.replace(/\.txt$/, '.text'))),
    ],
    [
      'a few are deleted',
      (machine) =>
        letters(machine)
          .slice(0, 6)
          .forEach((path) => void rmSync(path)),
    ],
  ])('%s', async (_, happens) => {
    const machine = await office();
    happens(machine);
    expect((await backup(machine, 8)).suspicion).toBeUndefined();
    expect((await backup(machine, 9, 'full')).suspicion).toBeUndefined();
    expect(machine.alerts).toEqual([]);
  });
});

test('a person says that it is right: it counts in every vault, teaches what is usual, and leaves a way back for 90 days', async () => {
  const machine = await office();
  const [lastGood] = await idsOf(await machine.vault(), 'data');
  rmSync(join(machine.data, 'letters'), { recursive: true });
  const job = await backup(machine, 8);
  expect(job.suspicion).toMatch(/it has 3 files/);
  expect((await backup(machine, 9)).suspicion).toBeDefined();
  const [newest] = await idsOf(await machine.vault(), 'data');
  for (const number of [0, 1]) {
    const record = { who: 'ada', why: 'letters moved to the archive', time: machine.clock.now().toISOString() };
    await (await machine.vault(number)).snapshots.accept(newest!, record);
  }
  // the next one is held against the accepted one, and all is in order again
  const next = await backup(machine, 10);
  expect(next).toMatchObject({ status: 'success' });
  expect(next.suspicion).toBeUndefined();
  expect(told(machine.alerts).at(-1)).toBe('resolved critical suspicious/data');
  const vault = await machine.vault();
  expect((await vault.snapshots.get(next.snapshot)).parent).toBe(newest);
  expect(await deletions(machine)).toBeGreaterThan(0);
  await machine.succeed('prune', {});
  expect(await idsOf(vault, 'data')).toContain(lastGood);
  machine.at('2026-06-12T02:00:00Z');
  await backup(machine, 12);
  await machine.succeed('verify', { readAll: true });
  await machine.succeed('prune', {});
  expect(await idsOf(vault, 'data')).not.toContain(lastGood);
});

test('an acceptance reaches a replica that gets the snapshot later', async () => {
  let away = false;
  const machine = await smallMachine({
    sources: ['- { id: data, kind: files, path: $FOLDER/data }'],
    store: (store, number) => (number === 0 ? store : without(store, (key) => away && key.startsWith('packs/'))),
  });
  for (let at = 0; at < 30; at += 1) writeTree(machine.data, { [`many/${at}.txt`]: `${at}` });
  await backup(machine, 1);
  rmSync(join(machine.data, 'many'), { recursive: true });
  writeTree(machine.data, { 'notes/new.txt': 'new' });
  away = true;
  await backup(machine, 2);
  const vault = await machine.vault();
  const [suspicious] = await vault.snapshots.list('data');
  expect(suspicious?.suspicion).toBeDefined();
  await vault.snapshots.accept(suspicious!.id, { who: 'ada', why: 'right', time: machine.clock.now().toISOString() });
  away = false;
  await backup(machine, 3);
  expect(await (await machine.vault(1)).snapshots.acceptance(suspicious!.id)).toMatchObject({ who: 'ada' });
});

test('nothing of it is read again: a day on which nothing changes reads no bytes', async () => {
  const machine = await office();
  const job = await backup(machine, 8);
  expect(job.bytes.read).toBe(0);
  const [snapshot] = await (await machine.vault()).snapshots.list('data');
  expect(snapshot!.details.endings).toEqual({ counts: { txt: 43, csv: 20, bin: 1 }, others: 0 });
  expect(readdirSync(machine.data).sort()).toEqual(['big.bin', 'letters', 'notes']);
});

/** A store that cannot take some objects. */
function without(store: ObjectStore, refuses: (key: string) => boolean): ObjectStore {
  return {
    name: store.name,
    capabilities: store.capabilities,
    get: (...given) => store.get(...given),
    head: (...given) => store.head(...given),
    list: (...given) => store.list(...given),
    delete: (...given) => store.delete(...given),
    async put(...given) {
      if (refuses(given[0])) fail('StoreFull', 'no space left in the replica');
      return store.put(...given);
    },
  };
}

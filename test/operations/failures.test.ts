/** What goes wrong with one source: the run says so, people hear of it once, and nothing good is lost over it. */
import { renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Deadline } from '../../src/core/deadline.ts';
import { fail } from '../../src/core/errors.ts';
import { layout } from '../../src/format/layout.ts';
import { prunePlanSchema } from '../../src/operations/prune/prune-plan.ts';
import { filesBelow, idsOf, type SmallMachine, smallMachine, told, writeTree } from './small-machine.ts';

test('A4 A5: one source that fails makes the run fail, the other is backed up, and people hear of it once', async () => {
  const machine = await smallMachine();
  await machine.succeed('backup', { cadence: 'full' });
  renameSync(machine.data, `${machine.data}.gone`);
  machine.at('2026-03-02T02:00:00Z');
  const second = await machine.run('backup', { cadence: 'incremental' });
  expect(second.record).toMatchObject({ status: 'FAILED', error: 'RunFailed' });
  expect(second.report.status).toBe('failure');
  const jobs = Object.fromEntries(second.report.jobs.map((job: { source: string }) => [job.source, job]));
  expect(jobs.configuration).toMatchObject({ status: 'success' });
  expect(jobs.data).toMatchObject({ status: 'failure', error: { name: 'SourceMissing' } });
  expect(jobs.data.snapshot).toBeUndefined();
  expect(told(machine.alerts)).toEqual(['open warning backup/data']);
  expect(machine.alerts[0]).toMatchObject({
    source: 'data',
    lastGood: '2026-03-01T02:00:00.000Z',
    what: expect.stringContaining('SourceMissing'),
  });

  // an hour later it is known; a day later people are reminded, and not before
  machine.at('2026-03-02T03:00:00Z');
  await machine.run('backup', { cadence: 'incremental' });
  machine.at('2026-03-03T01:59:00Z');
  await machine.run('backup', { cadence: 'incremental' });
  expect(told(machine.alerts)).toEqual(['open warning backup/data']);

  renameSync(`${machine.data}.gone`, machine.data);
  machine.at('2026-03-03T02:30:00Z');
  await machine.succeed('backup', { cadence: 'incremental' });
  expect(told(machine.alerts)).toEqual(['open warning backup/data', 'resolved warning backup/data']);
  expect(await idsOf(await machine.vault(), 'data')).toHaveLength(2);
});

test('A1: the first backup of a source that fails is critical, and nothing is published for it', async () => {
  const machine = await smallMachine();
  rmSync(machine.data, { recursive: true });
  const { record } = await machine.run('backup', { cadence: 'full' });
  expect(record.status).toBe('FAILED');
  expect(told(machine.alerts)).toEqual(['open critical backup/data']);
  expect(machine.alerts[0]?.lastGood).toBe('none');
  const vault = await machine.vault();
  expect(await idsOf(vault, 'data')).toEqual([]);
  expect(await vault.leases.list()).toEqual(new Map());
});

test('A6: a file that vanishes while it is captured makes the job SourceIncomplete; the snapshot stays and is not good', async () => {
  let vanishing: string | undefined;
  // the walk has seen the name in its folder when the file goes away
  const machine = await smallMachine({
    source: (source) => ({
      ...source,
      capture: (shard, state, context) =>
        source.capture(shard, state, { ...context, deadline: watched(context.deadline, () => vanishing) }),
    }),
  });
  writeTree(machine.data, { 'zz-last.txt': 'soon gone' });
  vanishing = join(machine.data, 'zz-last.txt');
  const { record, report } = await machine.run('backup', { cadence: 'full', sources: ['data'] });
  expect(record).toMatchObject({ status: 'FAILED', error: 'RunFailed' });
  expect(report.jobs).toMatchObject([{ source: 'data', status: 'failure', error: { name: 'SourceIncomplete' } }]);
  expect(report.jobs[0].error.message).toContain('zz-last.txt');
  const vault = await machine.vault();
  const [snapshot] = await vault.snapshots.list('data');
  expect(snapshot).toMatchObject({ id: report.jobs[0].snapshot, problemCount: 1, totals: { files: 3 } });
  expect(await idsOf(await machine.vault(1), 'data')).toEqual([snapshot!.id]);
  expect(told(machine.alerts)).toEqual(['open critical backup/data']);

  vanishing = undefined;
  machine.at('2026-03-02T02:00:00Z');
  await machine.succeed('backup', { cadence: 'incremental', sources: ['data'] });
  expect(told(machine.alerts).at(-1)).toBe('resolved critical backup/data');
});

test('A14 B9: an emptied source is suspicious: critical alert, nothing of it is pruned, and latest is the good one', async () => {
  const machine = await smallMachine({ retention: '{ daily: 2 days, atLeast: 1 }' });
  for (const day of ['01', '02', '03', '04', '05']) {
    machine.at(`2026-03-${day}T02:00:00Z`);
    writeTree(machine.data, { 'notes/today.txt': day });
    await machine.succeed('backup', { cadence: 'incremental' });
  }
  // with a good newcomer it would be: the frozen prune below has something to leave alone
  expect(await machine.succeed('prune', { dryRun: true })).toMatchObject({ status: 'success' });
  expect(await plannedDeletions(machine)).toContain('data');
  const vault = await machine.vault();
  const good = (await idsOf(vault, 'data'))[0];
  rmSync(machine.data, { recursive: true });
  writeTree(machine.data, { 'notes/left.txt': 'x' });
  rmSync(join(machine.data, 'notes/left.txt'));
  machine.at('2026-03-06T02:00:00Z');
  const { report } = await machine.run('backup', { cadence: 'incremental', sources: ['data'] });
  expect(report.jobs[0].suspicion).toContain('empty');
  expect(told(machine.alerts)).toEqual(['open critical suspicious/data']);

  machine.at('2026-03-06T04:00:00Z');
  const before = await idsOf(vault, 'data');
  const pruned = await machine.succeed('prune', {});
  expect(await idsOf(vault, 'data')).toEqual(before);
  expect(before).toHaveLength(6);
  expect(pruned.deleted).toBe(0);

  const target = join(machine.folder, 'target');
  const restored = await machine.succeed('restore', { source: 'data', target });
  expect(restored.snapshot).toBe(good);
  expect(filesBelow(target).filter((path) => path.endsWith('big.bin'))).toHaveLength(1);
});

test('A14: a source that shrank by more than half is suspicious, and no longer so once it is back', async () => {
  const machine = await smallMachine({ sources: ['- { id: data, kind: files, path: $FOLDER/data }'] });
  const many = Object.fromEntries(Array.from({ length: 30 }, (_, at) => [`many/${at}.txt`, `file ${at}`]));
  writeTree(machine.data, many);
  await machine.succeed('backup', { cadence: 'full' });
  rmSync(join(machine.data, 'many'), { recursive: true });
  machine.at('2026-03-02T02:00:00Z');
  const shrunk = await machine.run('backup', { cadence: 'incremental' });
  expect(shrunk.report.jobs[0]).toMatchObject({ status: 'success', suspicion: expect.stringContaining('3 files') });
  writeTree(machine.data, many);
  machine.at('2026-03-03T02:00:00Z');
  await machine.succeed('backup', { cadence: 'incremental' });
  expect(told(machine.alerts)).toEqual(['open critical suspicious/data', 'resolved critical suspicious/data']);
  // compared with the last good one, not with the suspicious one between
  const [newest, , oldest] = await (await machine.vault()).snapshots.list('data');
  expect(newest?.parent).toBe(oldest?.id);
});

test('A8: people are told also when the vault that remembers troubles is gone, and restores turn to the replica', async () => {
  const machine = await smallMachine();
  await machine.succeed('backup', { cadence: 'full' });
  renameSync(machine.places[0]!, `${machine.places[0]}.gone`);
  machine.at('2026-03-02T02:00:00Z');
  // the vault was opened by then, as in a function that has been called before
  const { record } = await machine.run('backup', { cadence: 'incremental' });
  expect(record).toMatchObject({ status: 'FAILED', error: 'StoreMissing' });
  expect(told(machine.alerts)).toEqual(['open critical workflow/backup']);
  const target = join(machine.folder, 'target');
  expect(await machine.succeed('restore', { source: 'data', target })).toMatchObject({ restored: { files: 3 } });
  renameSync(`${machine.places[0]}.gone`, machine.places[0]!);
});

test('A8: a vault that takes nothing any more is told of once by each run, not once by each attempt', async () => {
  let full = false;
  const machine = await smallMachine({
    store: (store, vault) => ({
      name: store.name,
      capabilities: store.capabilities,
      get: (...given) => store.get(...given),
      head: (...given) => store.head(...given),
      list: (...given) => store.list(...given),
      delete: (...given) => store.delete(...given),
      async put(...given) {
        if (full && vault === 0) fail('StoreFull', 'no space left');
        return store.put(...given);
      },
    }),
  });
  await machine.succeed('backup', { cadence: 'full' });
  full = true;
  machine.at('2026-03-02T02:00:00Z');
  const { record } = await machine.run('backup', { cadence: 'incremental' });
  expect(record).toMatchObject({ status: 'FAILED', error: 'StoreFull' });
  expect(told(machine.alerts)).toEqual(['open critical workflow/backup']);
});

/** The walk asks after every entry; that is when the file at `path` is removed. */
const watched = (deadline: Deadline, path: () => string | undefined): Deadline => ({
  remaining: () => deadline.remaining(),
  passed() {
    const gone = path();
    if (gone !== undefined) rmSync(gone, { force: true });
    return deadline.passed();
  },
});

/** Sources of the snapshots that the newest prune plan names. */
async function plannedDeletions(machine: SmallMachine): Promise<string[]> {
  const { objects } = await machine.vault();
  const key = (await objects.keys(layout.works)).filter((one) => one.endsWith('/plan.json')).at(-1)!;
  return (await objects.read(key, prunePlanSchema)).delete.map(({ source }) => source);
}

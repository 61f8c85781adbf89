/** Which snapshot a person means, where it may go, and what is said when it cannot be had. */
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { filesBelow, packsBelow, type SmallMachine, smallMachine, told, writeTree } from './small-machine.ts';

/** Three days of data, whose `notes/today.txt` says which. */
async function threeDays(): Promise<SmallMachine> {
  const machine = await smallMachine({ sources: ['- { id: data, kind: files, path: $FOLDER/data }'], replicas: 1 });
  for (const day of ['01', '02', '03']) {
    machine.at(`2026-03-${day}T02:00:00Z`);
    writeTree(machine.data, { 'notes/today.txt': day });
    await machine.succeed('backup', { cadence: 'incremental' });
  }
  machine.at('2026-03-03T12:00:00Z');
  return machine;
}

test('C7: a time with its offset finds the newest snapshot at or before it', async () => {
  const machine = await threeDays();
  const dayAt = async (at: string | undefined): Promise<string> => {
    const target = join(machine.folder, `target ${at}`);
    const report = await machine.succeed('restore', { source: 'data', target, ...(at && { at }) });
    expect(report.checked.files).toBe(4);
    return readFileSync(join(target, 'notes/today.txt'), 'utf8');
  };
  expect(await dayAt('2026-03-02T02:00:00Z')).toBe('02');
  expect(await dayAt('2026-03-02T01:59:59Z')).toBe('01');
  // the same digits, another instant
  expect(await dayAt('2026-03-02T02:30:00+01:00')).toBe('01');
  expect(await dayAt('2026-03-02T02:30:00-01:00')).toBe('02');
  expect(await dayAt(undefined)).toBe('03');
});

test.each([
  [{ at: '2026-02-28T00:00:00Z' }, 'RestorePointMissing', 'The oldest is data.20260301T020000Z'],
  [{ at: '2026-03-02T02:00:00' }, 'InputInvalid', 'Write it like 2026-03-15T12:04:59+01:00'],
  [{ at: 'yesterday' }, 'InputInvalid', 'is not a time with an offset'],
  [{ source: 'dta' }, 'SourceUnknown', 'Did you mean \\"data\\"?'],
  [{ snapshot: 'data.20260301T020000Z.00000000' }, 'SnapshotMissing', 'Its newest is data.20260303T020000Z'],
])('C7: %j is refused as %s, with what to do, and no alert', async (wish, error, words) => {
  const machine = await threeDays();
  const target = join(machine.folder, 'target');
  const { record } = await machine.run('restore', { source: 'data', target, ...wish });
  expect(record).toMatchObject({ status: 'FAILED', error });
  expect(record.cause).toContain(words);
  expect(filesBelow(target)).toEqual([]);
  expect(machine.alerts).toEqual([]);
  expect(await (await machine.vault()).leases.list()).toEqual(new Map());
});

test('F7: a target that is not empty is refused and stays as it is; overwriting has to be asked for', async () => {
  const machine = await threeDays();
  const target = join(machine.folder, 'target');
  writeTree(target, { 'precious.txt': 'mine', 'notes/one.txt': 'mine too' });
  const { record } = await machine.run('restore', { source: 'data', target });
  expect(record).toMatchObject({ status: 'FAILED', error: 'TargetNotEmpty' });
  expect(filesBelow(target)).toEqual([join(target, 'notes/one.txt'), join(target, 'precious.txt')]);
  expect(readFileSync(join(target, 'notes/one.txt'), 'utf8')).toBe('mine too');
  expect(told(machine.alerts)).toEqual(['open critical restore/data']);

  await machine.succeed('restore', { source: 'data', target, overwrite: true });
  expect(readFileSync(join(target, 'notes/one.txt'), 'utf8')).toBe('one');
  expect(readFileSync(join(target, 'precious.txt'), 'utf8')).toBe('mine');
  expect(told(machine.alerts).at(-1)).toBe('resolved critical restore/data');
});

test('one path brings back that path only, and does not count as a restore of the whole', async () => {
  const machine = await threeDays();
  const target = join(machine.folder, 'target');
  const report = await machine.succeed('restore', { source: 'data', target, paths: ['notes'] });
  expect(filesBelow(target).map((path) => path.slice(target.length))).toEqual([
    '/notes/one.txt',
    '/notes/today.txt',
    '/notes/two.txt',
  ]);
  expect(report.restored.files).toBe(3);
  const { snapshots } = await machine.vault();
  const levels = async () => (await snapshots.trustOf(report.snapshot)).map(({ level }) => level);
  expect(await levels()).not.toContain('restored');
  await machine.succeed('restore', { source: 'data', target: join(machine.folder, 'whole') });
  expect(await levels()).toContain('restored');
});

test('A6 A9: a restore that cannot bring everything back fails, alerts, and ends its lease', async () => {
  const machine = await threeDays();
  for (const place of machine.places) for (const pack of packsBelow(place)) rmSync(pack);
  const { record, report } = await machine.run('restore', { source: 'data', target: join(machine.folder, 'target') });
  expect(record).toMatchObject({ status: 'FAILED', error: 'VaultDamaged' });
  expect(report).toMatchObject({ status: 'failure', error: { name: 'VaultDamaged' } });
  expect(told(machine.alerts)).toEqual(['open critical restore/data']);
  expect(await (await machine.vault()).leases.list()).toEqual(new Map());
});

test('A9: what was restored and is not the same any more when it is compared is a failure', async () => {
  let spoiled: string | undefined;
  const machine = await smallMachine({
    source: (source) => ({
      ...source,
      async validate(context) {
        if (spoiled) writeTree(spoiled, { 'notes/one.txt': 'six' });
        return source.validate(context);
      },
    }),
  });
  await machine.succeed('backup', { cadence: 'full', sources: ['data'] });
  spoiled = join(machine.folder, 'target');
  const { record, report } = await machine.run('restore', { source: 'data', target: spoiled });
  expect(record).toMatchObject({ status: 'FAILED', error: 'ValidationFailed' });
  expect(report.error.message).toContain('notes/one.txt');
  expect(told(machine.alerts)).toEqual(['open critical restore/data']);
});

/** Rehearsals, and what is noticed from outside of executions that did not come to their end. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { EventBridgeEvent } from '../../local/events.ts';
import { layout } from '../../src/format/layout.ts';
import { noticeFailure, noticeFailureInput } from '../../src/operations/watch/notice-failure.ts';
import { filesBelow, smallMachine, told } from './small-machine.ts';

test('F7: a drill restores every source, compares it, cleans up after itself, and what it restored is trusted most', async () => {
  const machine = await smallMachine();
  await machine.succeed('backup', { cadence: 'full' });
  for (const number of [0, 1]) {
    machine.at(`2026-03-02T0${4 + number}:00:00Z`);
    const report = await machine.succeed('drill', { vault: number });
    expect(report.drills).toMatchObject([
      { source: 'data', vault: number, status: 'success', checked: { files: 3 } },
      { source: 'configuration', vault: number, status: 'success', checked: { files: 2 } },
    ]);
    expect(filesBelow(join(machine.folder, 'scratch'))).toEqual([]);
    const vault = await machine.vault(number);
    for (const { id } of await vault.snapshots.list()) {
      expect((await vault.snapshots.trustOf(id)).map(({ level }) => level)).toContain('restored');
    }
    expect(await vault.leases.list()).toEqual(new Map());
  }
  expect(machine.alerts).toEqual([]);
});

test('F7: drills take the vaults in turns, week by week', async () => {
  const machine = await smallMachine();
  await machine.succeed('backup', { cadence: 'full' });
  const vaults: number[] = [];
  for (const day of ['02', '09', '16']) {
    machine.at(`2026-03-${day}T04:00:00Z`);
    vaults.push((await machine.succeed('drill', { sources: ['configuration'] })).drills[0].vault);
  }
  expect(new Set(vaults.slice(0, 2))).toEqual(new Set([0, 1]));
  expect(vaults[2]).toBe(vaults[0]);
});

test('A5 F7: a replica that lacks a source fails the drill and people hear of it; the other source is rehearsed', async () => {
  const machine = await smallMachine();
  await machine.succeed('backup', { cadence: 'full' });
  const replica = await machine.vault(1);
  const [snapshot] = await replica.snapshots.list('data');
  await replica.store.delete([layout.snapshot('data', snapshot!.id)]);
  const { record, report } = await machine.run('drill', { vault: 1 });
  expect(record.status).toBe('FAILED');
  expect(report.drills).toMatchObject([
    { source: 'data', status: 'failure', error: { name: 'RestorePointMissing' } },
    { source: 'configuration', status: 'success' },
  ]);
  expect(told(machine.alerts)).toEqual(['open critical drill/data']);
  machine.at('2026-03-02T04:00:00Z');
  await machine.succeed('drill', { vault: 0 });
  expect(told(machine.alerts).at(-1)).toBe('resolved critical drill/data');
});

const sampleOf = (name: string): EventBridgeEvent =>
  JSON.parse(readFileSync(new URL(`../../events/${name}.json`, import.meta.url), 'utf8'));

test('an execution that ran out of time or was aborted raises one alert, and a backup that ends well clears it', async () => {
  const machine = await smallMachine();
  await machine.succeed('backup', { cadence: 'full' });
  machine.at('2026-03-15T02:06:13Z');
  const notice = (name: string) => noticeFailure(noticeFailureInput.parse(sampleOf(name)), machine.context);
  expect(await notice('execution-timed-out')).toEqual({ alerted: true });
  expect(await notice('execution-aborted')).toEqual({ alerted: true });
  expect(await notice('execution-timed-out')).toEqual({ alerted: true });
  expect(told(machine.alerts)).toEqual(['open critical workflow/backup']);
  expect(machine.alerts[0]).toMatchObject({
    what: expect.stringContaining('incremental-d32c5kddcf5bb8c3 of backup: it ran out of time'),
  });
  machine.at('2026-03-15T03:00:00Z');
  await machine.succeed('backup', { cadence: 'full' });
  expect(told(machine.alerts)).toEqual(['open critical workflow/backup', 'resolved critical workflow/backup']);
});

test('a run that told its own failure is not told again from outside', async () => {
  const machine = await smallMachine();
  await machine.succeed('backup', { cadence: 'full' });
  expect(await noticeFailure(noticeFailureInput.parse(sampleOf('execution-failed')), machine.context)).toEqual({
    alerted: false,
  });
  expect(machine.alerts).toEqual([]);
});

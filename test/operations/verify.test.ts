/** Damage is found by reading, repaired where another vault is whole, and told when none is. */
import { chmodSync, readFileSync, renameSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { expect, test } from 'vitest';
import { layout } from '../../src/format/layout.ts';
import { slotCount, slotOf } from '../../src/operations/verify/records.ts';
import { needsOf } from '../../src/vault/needs.ts';
import { filesBelow, idsOf, packsBelow, type SmallMachine, smallMachine, told, writeTree } from './small-machine.ts';

function flip(path: string, at = Math.floor(statSync(path).size / 2)): void {
  const bytes = readFileSync(path);
  bytes[at] = bytes[at]! ^ 1;
  chmodSync(path, 0o600);
  writeFileSync(path, bytes);
}

function cut(path: string): void {
  chmodSync(path, 0o600);
  truncateSync(path, Math.floor(statSync(path).size / 2));
}

const largest = (paths: readonly string[]): string =>
  [...paths].sort((one, other) => statSync(other).size - statSync(one).size)[0]!;

async function filled(): Promise<SmallMachine> {
  const machine = await smallMachine();
  await machine.succeed('backup', { cadence: 'full' });
  machine.at('2026-03-02T04:00:00Z');
  return machine;
}

const contents = (folder: string): Map<string, string> =>
  new Map(packsBelow(folder).map((path) => [basename(path), readFileSync(path, 'hex')]));

const damages: readonly [string, string, (vault: string) => string][] = [
  ['one flipped bit in a pack', 'pack-checksum', (vault) => also(largest(packsBelow(vault)), flip)],
  ['a pack that is gone', 'pack-missing', (vault) => also(largest(packsBelow(vault)), rmSync)],
  ['a pack cut short', 'pack-size', (vault) => also(largest(packsBelow(vault)), cut)],
  ['a segment of the index cut short', 'index-damaged', (vault) => also(filesBelow(join(vault, 'index'))[0]!, cut)],
  [
    'a segment of the index that is gone',
    'snapshot-incomplete',
    (vault) => also(filesBelow(join(vault, 'index'))[0]!, rmSync),
  ],
  [
    'a garbled snapshot',
    'snapshot-damaged',
    (vault) => also(filesBelow(join(vault, 'snapshots'))[0]!, (path) => flip(path, 3)),
  ],
];

function also(path: string, damage: (path: string) => void): string {
  damage(path);
  return path;
}

test.each(damages)(
  '%s is found as %s, repaired from the replica, and clean the second time',
  async (_, what, damage) => {
    const machine = await filled();
    const whole = contents(machine.places[0]!);
    const path = damage(machine.places[0]!);
    const report = await machine.succeed('verify', { readAll: true });
    const object = path.startsWith(join(machine.places[0]!, 'index'))
      ? {}
      : { object: path.slice(machine.places[0]!.length + 1) };
    expect(report.findings).toMatchObject([{ vault: 0, what, ...object, repaired: true }]);
    expect(told(machine.alerts)).toEqual(['open warning verify/vault-0']);
    expect(contents(machine.places[0]!)).toEqual(whole);
    const again = await machine.succeed('verify', { readAll: true });
    expect(again).toMatchObject({ status: 'success', findingCount: 0, read: { packs: 2 * whole.size } });
    expect(told(machine.alerts)).toEqual(['open warning verify/vault-0', 'resolved warning verify/vault-0']);

    // and what was repaired is of use without the replica
    rmSync(machine.places[1]!, { recursive: true });
    const target = join(machine.folder, 'target');
    await machine.succeed('restore', { source: 'data', vault: 0, target });
    expect(readFileSync(join(target, 'big.bin'))).toEqual(readFileSync(join(machine.data, 'big.bin')));
  },
);

test('damage in the replica is repaired from the primary', async () => {
  const machine = await filled();
  const whole = contents(machine.places[1]!);
  expect(await levels(machine, 0)).toEqual(['complete', 'stored']);
  expect(await levels(machine, 1)).toEqual(['complete']);
  flip(largest(packsBelow(machine.places[1]!)));
  const report = await machine.succeed('verify', { readAll: true });
  expect(report.findings).toMatchObject([{ vault: 1, what: 'pack-checksum', repaired: true }]);
  expect(await levels(machine, 1)).toEqual(['complete', 'read']);
  expect(contents(machine.places[1]!)).toEqual(whole);
});

test('A5: damage in every vault is a failure and critical, stays one, and keeps what it read from being trusted', async () => {
  const machine = await filled();
  for (const place of machine.places) flip(largest(packsBelow(place)));
  const first = await machine.run('verify', { readAll: true });
  expect(first.record.status).toBe('FAILED');
  expect(first.report).toMatchObject({ status: 'failure', findingCount: 2 });
  expect(first.report.findings.map(({ repaired }: { repaired: boolean }) => repaired)).toEqual([false, false]);
  expect(told(machine.alerts)).toEqual(['open critical verify/vault-0', 'open critical verify/vault-1']);
  expect((await machine.run('verify', { readAll: true })).record.status).toBe('FAILED');
  expect(await levels(machine, 0)).not.toContain('read');
  const { record } = await machine.run('restore', { source: 'data', target: join(machine.folder, 'target') });
  expect(record).toMatchObject({ status: 'FAILED', error: 'VaultDamaged' });
  expect(filesBelow(join(machine.folder, 'target'))).toEqual([]);
});

/** Trust of the newest snapshot of the data. */
async function levels(machine: SmallMachine, number: number): Promise<string[]> {
  const vault = await machine.vault(number);
  const [id] = await idsOf(vault, 'data');
  return (await vault.snapshots.trustOf(id!)).map(({ level }) => level).sort();
}

test('within 28 daily verifications every pack is read once, and only then a snapshot counts as read', async () => {
  const machine = await smallMachine({ sources: ['- { id: data, kind: files, path: $FOLDER/data }'], replicas: 0 });
  for (let number = 0; number < 8; number += 1) {
    writeTree(machine.data, { 'notes/today.txt': `day ${number}` });
    await machine.succeed('backup', { cadence: 'incremental' });
    machine.at(`2026-03-01T0${number + 2}:30:00Z`);
  }
  const packs = packsBelow(machine.places[0]!).map((path) => basename(path));
  expect(new Set(packs.map(slotOf)).size).toBeGreaterThan(5);
  expect(await levels(machine, 0)).toEqual(['complete', 'stored']);
  let read = 0;
  for (let number = 0; number < slotCount; number += 1) {
    if (number === slotCount - 1) expect(await levels(machine, 0)).not.toContain('read');
    machine.at(new Date(Date.UTC(2026, 2, 2 + number, 4)).toISOString());
    read += (await machine.succeed('verify', {})).read.packs;
  }
  expect(read).toBe(packs.length);
  expect(await levels(machine, 0)).toEqual(['complete', 'read', 'stored']);
  const { objects } = await machine.vault();
  expect(await objects.keys(layout.verifieds)).toHaveLength(slotCount);

  // missed days are made good: after two months every slot is over and is read at once
  machine.at('2026-06-01T04:00:00Z');
  expect((await machine.succeed('verify', {})).read.packs).toBe(packs.length);
});

test('after damage that nobody could repair, backups rely on nothing, until a verification ends well', async () => {
  const machine = await smallMachine({ replicas: 0, sources: ['- { id: data, kind: files, path: $FOLDER/data }'] });
  await machine.succeed('backup', { cadence: 'full' });
  const vault = await machine.vault(0);
  const lastBasis = async (): Promise<string | undefined> => {
    const [newest] = await vault.snapshots.list();
    return (await needsOf(vault, newest!, 'walk new')).basis;
  };
  expect(await lastBasis()).toEqual(expect.any(String));
  const pack = largest(packsBelow(machine.places[0]!));
  renameSync(pack, join(machine.folder, 'kept'));
  machine.at('2026-03-02T04:00:00Z');
  expect((await machine.run('verify')).record.status).toBe('FAILED');
  expect(await vault.store.head(layout.unrepaired)).toBeDefined();
  expect(await lastBasis()).toBeUndefined();

  renameSync(join(machine.folder, 'kept'), pack);
  machine.at('2026-03-03T04:00:00Z');
  await machine.succeed('verify');
  expect(await vault.store.head(layout.unrepaired)).toBeUndefined();
  expect(await lastBasis()).toEqual(expect.any(String));
});

test('a pack that was lost since the backup before fails the next one, though nothing has changed', async () => {
  const machine = await smallMachine({ replicas: 0, sources: ['- { id: data, kind: files, path: $FOLDER/data }'] });
  await machine.succeed('backup', { cadence: 'full' });
  rmSync(largest(packsBelow(machine.places[0]!)));
  machine.at('2026-03-02T02:00:00Z');
  const { record, report } = await machine.run('backup', { cadence: 'incremental' });
  expect(record.status).toBe('FAILED');
  expect(report.jobs).toMatchObject([{ status: 'failure', error: { name: 'VaultDamaged' } }]);
  const vault = await machine.vault(0);
  const [newest, first] = await vault.snapshots.list();
  expect(await vault.snapshots.trustOf(newest!.id)).toEqual([]);
  expect(newest!.root).toBe(first!.root);
});

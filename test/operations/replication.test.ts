/** A replica is a vault of its own: it holds the same snapshots, restores alone, and is never quietly started over. */
import { readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openMachine } from '../../local/machine.ts';
import { fail } from '../../src/core/errors.ts';
import type { ObjectStore } from '../../src/storage/port.ts';
import { commit, idsOf, packsBelow, type SmallMachine, smallMachine, told, writeTree } from './small-machine.ts';

/** Another process on the same machine, for which nothing is open yet. */
const newcomer = ({ plan, clock, folder }: SmallMachine, create = false) =>
  openMachine({ plan, clock, create, write: () => {}, scratch: join(folder, 'scratch') });

test('the replica holds the same snapshots, and restores alone when the primary is gone', async () => {
  const machine = await smallMachine();
  await machine.succeed('backup', { cadence: 'full' });
  await commit(machine.repository, { 'nodes.yml': 'nodes: 4\n' });
  writeTree(machine.data, { 'notes/three.txt': 'three' });
  machine.at('2026-03-02T02:00:00Z');
  await machine.succeed('backup', { cadence: 'incremental' });
  const ids = await idsOf(await machine.vault(0));
  expect(ids).toHaveLength(4);
  expect(await idsOf(await machine.vault(1))).toEqual(ids);

  renameSync(machine.places[0]!, `${machine.places[0]}.gone`);
  const { region } = await newcomer(machine);
  const target = join(machine.folder, 'target');
  const record = await region.run('restore', { source: 'data', target });
  expect(record).toMatchObject({
    status: 'SUCCEEDED',
    output: { status: 'success', snapshot: ids.find((id) => id.startsWith('data.20260302')) },
  });
  for (const path of ['notes/one.txt', 'notes/three.txt', 'big.bin']) {
    expect(readFileSync(join(target, path))).toEqual(readFileSync(join(machine.data, path)));
  }
});

test('A14: a missing primary is not made anew while its replica lives, neither before nor by a backup', async () => {
  const machine = await smallMachine();
  await machine.succeed('backup', { cadence: 'full' });
  const kept = packsBelow(machine.places[1]!);
  renameSync(machine.places[0]!, `${machine.places[0]}.gone`);
  await expect(newcomer(machine, true)).rejects.toMatchObject({ name: 'VaultMissing' });
  // an empty folder in its place, with the mark of a store, is no better
  rmSync(join(machine.folder, 'vault'), { recursive: true, force: true });
  const remade = await smallMachineAt(machine);
  const record = await remade.run('backup', { cadence: 'full' });
  expect(record).toMatchObject({ status: 'FAILED', error: 'VaultMissing' });
  expect(record.cause).toContain('restore from the replica');
  expect(packsBelow(machine.places[0]!)).toEqual([]);
  expect(packsBelow(machine.places[1]!)).toEqual(kept);
});

/** The same plan over stores that make their folders, whatever the machine thinks of it. */
async function smallMachineAt(machine: SmallMachine) {
  const [{ createRegion }, { createVaults }, { directoryStore }] = await Promise.all([
    import('../../local/region.ts'),
    import('../../src/operations/vaults.ts'),
    import('../../src/storage/directory.ts'),
  ]);
  const { clock, random } = machine.context;
  const stores = machine.places.map((path) => directoryStore(path, { create: true, sync: false }));
  return createRegion({
    dependencies: { ...machine.context, vaults: createVaults(stores, 'none', clock, { random }) },
  });
}

test('a copy that fails fails the run and its job; the next run completes the replica', async () => {
  let broken = false;
  const machine = await smallMachine({
    store: (store, vault) => (vault === 1 ? refusingPacks(store, () => broken) : store),
    sources: ['- { id: data, kind: files, path: $FOLDER/data }'],
  });
  await machine.succeed('backup', { cadence: 'full' });
  broken = true;
  writeTree(machine.data, { 'notes/three.txt': 'three' });
  machine.at('2026-03-02T02:00:00Z');
  const { record, report } = await machine.run('backup', { cadence: 'incremental' });
  expect(record).toMatchObject({ status: 'FAILED', error: 'RunFailed' });
  expect(report.jobs).toMatchObject([
    { status: 'failure', error: { name: 'StoreFull' }, snapshot: expect.any(String) },
  ]);
  expect(told(machine.alerts)).toEqual(['open warning backup/data']);
  expect(await idsOf(await machine.vault(0))).toHaveLength(2);
  expect(await idsOf(await machine.vault(1))).toHaveLength(1);

  broken = false;
  machine.at('2026-03-03T02:00:00Z');
  await machine.succeed('backup', { cadence: 'incremental' });
  expect(told(machine.alerts).at(-1)).toBe('resolved warning backup/data');
  const [newest] = await idsOf(await machine.vault(0));
  expect((await idsOf(await machine.vault(1)))[0]).toBe(newest);
  const target = join(machine.folder, 'target');
  const restored = await machine.succeed('restore', { source: 'data', vault: 1, target });
  expect(restored.snapshot).toBe(newest);
  expect(readFileSync(join(target, 'notes/three.txt'), 'utf8')).toBe('three');
});

function refusingPacks(store: ObjectStore, broken: () => boolean): ObjectStore {
  return {
    name: store.name,
    capabilities: store.capabilities,
    get: (...given) => store.get(...given),
    head: (...given) => store.head(...given),
    list: (...given) => store.list(...given),
    delete: (...given) => store.delete(...given),
    async put(...given) {
      if (broken() && given[0].startsWith('packs/')) fail('StoreFull', 'no space left in the replica');
      return store.put(...given);
    },
  };
}

/** A replica is a vault of its own: it holds the same snapshots, restores alone, and is never quietly started over. */
import { chmodSync, existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openMachine } from '../../local/machine.ts';
import { fail } from '../../src/core/errors.ts';
import { seededRandom } from '../../src/core/random.ts';
import { idInKey, layout } from '../../src/format/layout.ts';
import type { ObjectStore } from '../../src/storage/port.ts';
import { BlobIndex } from '../../src/vault/blob-index.ts';
import { rebuildIndex } from '../../src/vault/check.ts';
import { packsOf } from '../../src/vault/replicate.ts';
import { BlobWriter } from '../../src/vault/writer.ts';
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
  // a lease that stayed would hold up collection for a week
  for (const vault of [0, 1]) expect((await (await machine.vault(vault)).leases.list()).size).toBe(0);

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

test('a pack that the replica collects is not asked for when its blobs lie in another one there', async () => {
  const machine = await smallMachine({ sources: ['- { id: data, kind: files, path: $FOLDER/data }'] });
  await machine.succeed('backup', { cadence: 'full' });
  const [primary, replica] = [await machine.vault(0), await machine.vault(1)];
  // all of it once more, in packs that only the replica has, as after two writers at once
  const [snapshot] = await primary.snapshots.list();
  const twin = new BlobWriter(replica.store, replica.cipher, replica.config, new BlobIndex(), seededRandom(5));
  const index = await primary.index();
  const reader = await primary.reader();
  for (let entry = 0; entry < index.size; entry += 1) {
    twin.put(await reader.blob(index.idOf(entry)), index.packs[index.packOf(entry)]!.kind);
  }
  await twin.finish();
  const doubted = (await packsOf(primary, snapshot!)).map((id) => ({ id, size: 1 }));
  await replica.fossils.write({ id: 'prune', marked: machine.clock.now().toISOString(), packs: doubted, writers: [] });

  machine.at('2026-03-02T02:00:00Z');
  writeTree(machine.data, { 'notes/three.txt': 'three' });
  await machine.succeed('backup', { cadence: 'incremental' });
  await replica.fossils.delete('prune');
  await replica.store.delete(doubted.map(({ id }) => layout.pack(id)));
  await rebuildIndex(replica, [], await replica.objects.keys(layout.indexes));
  await rebuildIndex(replica, (await replica.objects.keys(layout.packs)).map(idInKey), []);
  const target = join(machine.folder, 'target');
  await machine.succeed('restore', { source: 'data', vault: 1, target });
  expect(readFileSync(join(target, 'big.bin'))).toEqual(readFileSync(join(machine.data, 'big.bin')));
});

describe('snapshots that a replica missed', () => {
  const onlyData = ['- { id: data, kind: files, path: $FOLDER/data }'];
  const day = (number: number): string => `2026-03-${String(number).padStart(2, '0')}T02:00:00Z`;

  /** One run with the replica, then `away` runs without it. */
  async function behind(away: number, sources = onlyData) {
    let broken = false;
    const machine = await smallMachine({
      store: (store, vault) => (vault === 1 ? refusingPacks(store, () => broken) : store),
      sources,
    });
    await machine.succeed('backup', { cadence: 'full' });
    broken = true;
    for (let number = 2; number < 2 + away; number += 1) {
      writeTree(machine.data, { [`notes/${number}.bin`]: seededRandom(number).bytes(2000) });
      machine.at(day(number));
      expect((await machine.run('backup', { cadence: 'incremental' })).record.status).toBe('FAILED');
    }
    broken = false;
    machine.at(day(2 + away));
    return machine;
  }

  test('come with the next one, oldest first, and restore from there', async () => {
    const machine = await behind(2);
    await machine.succeed('backup', { cadence: 'incremental' });
    const ids = await idsOf(await machine.vault(0));
    expect(ids).toHaveLength(4);
    const replica = await machine.vault(1);
    expect(await idsOf(replica)).toEqual(ids);
    for (const id of ids) expect(await replica.snapshots.isTrusted(id, 'complete')).toBe(true);
    rmSync(machine.places[0]!, { recursive: true });
    const target = join(machine.folder, 'target');
    await machine.succeed('restore', { source: 'data', snapshot: ids[1], vault: 1, target });
    expect(readFileSync(join(target, 'notes/3.bin'))).toEqual(readFileSync(join(machine.data, 'notes/3.bin')));
    rmSync(target, { recursive: true });
    await machine.succeed('restore', { source: 'data', snapshot: ids[2], vault: 1, target });
    expect(readFileSync(join(target, 'notes/2.bin'))).toEqual(readFileSync(join(machine.data, 'notes/2.bin')));
    expect(existsSync(join(target, 'notes/3.bin'))).toBe(false);
  });

  test('are at most ten at once, the newest', async () => {
    const machine = await behind(12);
    await machine.succeed('backup', { cadence: 'incremental' });
    const ids = await idsOf(await machine.vault(0));
    expect(ids).toHaveLength(14);
    expect(await idsOf(await machine.vault(1))).toEqual([...ids.slice(0, 11), ids.at(-1)]);
  });

  test('that were pruned there do not come back', async () => {
    const machine = await smallMachine({ sources: onlyData });
    for (const number of [1, 2, 3]) {
      machine.at(day(number));
      writeTree(machine.data, { one: `${number}` });
      await machine.succeed('backup', { cadence: 'incremental' });
    }
    const replica = await machine.vault(1);
    const [, second] = await replica.snapshots.list();
    await replica.snapshots.delete(second!);
    machine.at(day(4));
    await machine.succeed('backup', { cadence: 'incremental' });
    expect(await idsOf(replica)).toEqual((await idsOf(await machine.vault(0))).filter((id) => id !== second!.id));
  });

  test('and that are damaged by now are left out, and keep back neither the newest nor the run', async () => {
    const machine = await behind(2);
    // what only the first of the missed ones needed: its own root, and the file that is about to go
    rmSync(join(machine.data, 'notes/2.bin'));
    const primary = await machine.vault(0);
    const [third, second] = await primary.snapshots.list();
    const [needed, kept] = [await packsOf(primary, second!), await packsOf(primary, third!)];
    const own = needed.filter((pack) => !kept.includes(pack));
    expect(own.length).toBeGreaterThan(0);
    for (const pack of own) {
      const path = packsBelow(machine.places[0]!).find((file) => file.endsWith(pack))!;
      const bytes = readFileSync(path);
      bytes[40] = bytes[40]! ^ 1;
      chmodSync(path, 0o600);
      writeFileSync(path, bytes);
    }
    await machine.succeed('backup', { cadence: 'incremental' });
    const ids = await idsOf(primary);
    expect(await idsOf(await machine.vault(1))).toEqual(ids.filter((id) => id !== second!.id));
  });

  test('of a source that has not changed since: the version that is adopted comes to the replica', async () => {
    let broken = true;
    const machine = await smallMachine({
      store: (store, vault) => (vault === 1 ? refusingPacks(store, () => broken) : store),
      sources: ['- { id: configuration, kind: git, repository: $FOLDER/repository, ref: main }'],
    });
    expect((await machine.run('backup', { cadence: 'full' })).record.status).toBe('FAILED');
    broken = false;
    machine.at(day(2));
    const { jobs } = await machine.succeed('backup', { cadence: 'incremental' });
    expect(jobs).toMatchObject([{ status: 'success', bytes: { read: 0, stored: 0 } }]);
    const ids = await idsOf(await machine.vault(0));
    expect(ids).toHaveLength(1);
    expect(await idsOf(await machine.vault(1))).toEqual(ids);
    expect(machine.invocations.filter(({ functionName }) => functionName === 'capture-shard')).toHaveLength(1);
  });
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

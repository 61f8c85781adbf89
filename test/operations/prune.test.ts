/** What goes is what was decided, looked at again right before; what nobody reaches is collected a day later. */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { fail } from '../../src/core/errors.ts';
import { seededRandom } from '../../src/core/random.ts';
import { prunePlanSchema } from '../../src/operations/prune/prune-plan.ts';
import { candidateOf, planRetention } from '../../src/plan/index.ts';
import type { ObjectStore } from '../../src/storage/port.ts';
import { strongest } from '../../src/vault/records/snapshots.ts';
import type { Vault } from '../../src/vault/vault.ts';
import { filesBelow, idsOf, packsBelow, type SmallMachine, smallMachine, told, writeTree } from './small-machine.ts';

const onlyData = ['- { id: data, kind: files, path: $FOLDER/data }'];
const dayOf = (id: string): string => id.split('.')[1]!.slice(0, 8);
const bytesOf = (vault: string): number => packsBelow(vault).reduce((sum, path) => sum + statSync(path).size, 0);

/** One run a day at 02:00, with new data each. */
async function backUpOn(machine: SmallMachine, days: readonly number[]): Promise<void> {
  for (const day of days) {
    machine.at(new Date(Date.UTC(2026, 2, day, 2)).toISOString());
    writeTree(machine.data, { 'notes/today.txt': `day ${day}`, 'changing.bin': seededRandom(day).bytes(20_000) });
    await machine.succeed('backup', { cadence: 'incremental' });
  }
}

async function decided(machine: SmallMachine, vault: Vault): Promise<string[]> {
  const [trust, holds] = [await vault.snapshots.trust(), await vault.snapshots.holds()];
  const candidates = (await vault.snapshots.list()).map((one) =>
    candidateOf(one, { trust: strongest(trust.get(one.id) ?? []), held: holds.has(one.id) }),
  );
  return planRetention(machine.plan, candidates, machine.clock.now())
    .keep.map(({ id }) => id)
    .sort();
}

test('a month of daily runs: what stays is what retention decides, and the vault shrinks a day after', async () => {
  const machine = await smallMachine({
    sources: onlyData,
    replicas: 0,
    retention: '{ daily: 7 days, weekly: 4 weeks, atLeast: 3 }',
  });
  const vault = await machine.vault().catch(() => undefined);
  expect(vault).toBeUndefined();
  let [deleted, freed] = [0, 0];
  for (let day = 1; day <= 31; day += 1) {
    await backUpOn(machine, [day]);
    machine.at(new Date(Date.UTC(2026, 2, day, 4)).toISOString());
    const here = await machine.vault();
    const wanted = await decided(machine, here);
    const before = bytesOf(machine.places[0]!);
    const report = await machine.succeed('prune', {});
    expect((await idsOf(here)).sort()).toEqual(wanted);
    expect(before - bytesOf(machine.places[0]!)).toBe(report.collected.bytes);
    // what is marked today is not collected before tomorrow
    if (deleted === 0) expect(report.collected.packs).toBe(0);
    deleted += report.deleted;
    freed += report.collected.bytes;
  }
  // Tuesday, March 31: seven days, and the last states of the four weeks that ended within four weeks
  expect((await idsOf(await machine.vault())).map(dayOf).sort()).toEqual([
    '20260308',
    '20260315',
    '20260322',
    '20260324',
    '20260325',
    '20260326',
    '20260327',
    '20260328',
    '20260329',
    '20260330',
    '20260331',
  ]);
  expect(deleted).toBe(20);
  expect(freed).toBeGreaterThan(15 * 20_000);
  expect(machine.alerts).toEqual([]);
  // what was collected was nobody's
  expect(await machine.succeed('verify', { readAll: true })).toMatchObject({ findingCount: 0 });
});

/** Six days, of which prune would delete the first three; `afterPlan` runs when the plan lies in the vault. */
async function sixDays(afterPlan: (machine: SmallMachine, key: string) => Promise<void> = async () => {}) {
  let machine: SmallMachine | undefined;
  const watched = (store: ObjectStore, number: number): ObjectStore => ({
    name: store.name,
    capabilities: store.capabilities,
    get: (...given) => store.get(...given),
    head: (...given) => store.head(...given),
    list: (...given) => store.list(...given),
    delete: (...given) => store.delete(...given),
    async put(...given) {
      await store.put(...given);
      if (machine && number === 0 && /^work\/[^/]*-prune-[^/]*\/plan\.json$/.test(given[0])) {
        const ready = machine;
        machine = undefined;
        await afterPlan(ready, given[0]);
      }
    },
  });
  const made = await smallMachine({ sources: onlyData, retention: '{ daily: 2 days, atLeast: 1 }', store: watched });
  await backUpOn(made, [1, 2, 3, 4, 5, 6]);
  made.at('2026-03-06T04:00:00Z');
  const doomed = (await idsOf(await made.vault())).slice(3).sort();
  machine = made;
  return { machine: made, doomed };
}

test('prune deletes in every vault alike; a dry run deletes nothing', async () => {
  const { machine, doomed } = await sixDays();
  const report = await machine.succeed('prune', { dryRun: true });
  expect(report).toMatchObject({ deleted: 0 });
  expect(await idsOf(await machine.vault())).toHaveLength(6);
  machine.at('2026-03-06T05:00:00Z');
  const { deleted } = await machine.succeed('prune', {});
  for (const number of [0, 1]) {
    const left = await idsOf(await machine.vault(number));
    expect(left.filter((id) => doomed.includes(id))).toEqual([]);
    expect(deleted).toBe(2 * (6 - left.length));
  }
});

test('B8: a hold is respected, and so is one that is placed between the plan and the deletion', async () => {
  const { machine, doomed } = await sixDays(async (ready) => {
    const { snapshots } = await ready.vault();
    await snapshots.hold(doomed[1]!, { who: 'auditor', why: 'case 7', time: ready.clock.now().toISOString() });
  });
  const { snapshots } = await machine.vault();
  await snapshots.hold(doomed[0]!, { who: 'auditor', why: 'case 6', time: machine.clock.now().toISOString() });
  await machine.succeed('prune', {});
  expect((await idsOf(await machine.vault())).filter((id) => doomed.includes(id)).sort()).toEqual([
    doomed[0],
    doomed[1],
  ]);
  // each vault goes by its own holds, and nobody placed one in the replica
  expect((await idsOf(await machine.vault(1))).filter((id) => doomed.includes(id))).toEqual([]);
});

test('B8: a snapshot that a run finds again between the plan and the deletion stays, as the run relies on it', async () => {
  const { machine, doomed } = await sixDays(async (ready) => {
    const { snapshots } = await ready.vault();
    await snapshots.recordSighting(doomed[1]!, ready.clock.now());
  });
  await machine.succeed('prune', {});
  expect((await idsOf(await machine.vault())).filter((id) => doomed.includes(id))).toEqual([doomed[1]]);
  // what was seen before the plan was made has been thought of
  machine.at('2026-03-20T02:00:00Z');
  await machine.succeed('backup', { cadence: 'incremental' });
  await machine.succeed('prune', {});
  expect((await idsOf(await machine.vault())).filter((id) => doomed.includes(id))).toEqual([]);
});

test('B8: a snapshot that was found again by a clock ahead of that of the prune stays', async () => {
  const { machine, doomed } = await sixDays(async () => {});
  const { snapshots } = await machine.vault();
  await snapshots.recordSighting(doomed[1]!, new Date(machine.clock.now().getTime() + 600_000));
  await machine.succeed('prune', {});
  expect((await idsOf(await machine.vault())).filter((id) => doomed.includes(id))).toEqual([doomed[1]]);
});

test('B8: a plan that was changed after it was decided on deletes nothing in its vault', async () => {
  const { machine } = await sixDays(async (ready, key) => {
    const vault = await ready.vault();
    const plan = await vault.objects.read(key, prunePlanSchema);
    const [victim, keeper] = (await vault.snapshots.list()).slice(0, 2);
    plan.delete.push({ id: victim!.id, source: 'data', time: victim!.time, reason: 'because', newerGood: keeper!.id });
    await vault.objects.write(key, plan);
  });
  const { record, report } = await machine.run('prune', {});
  expect(record.status).toBe('FAILED');
  expect(report.status).toBe('failure');
  expect(await idsOf(await machine.vault())).toHaveLength(6);
  expect((await idsOf(await machine.vault(1))).length).toBeLessThan(6);
  expect(told(machine.alerts)).toEqual(['open warning prune/vault-0']);
  expect(machine.alerts[0]?.what).toContain('PruneRefused');
});

test('B7: a snapshot that is being restored is not pruned, nor are its packs, and the restore comes to its end', async () => {
  let begun: () => void = () => {};
  let goOn: () => void = () => {};
  const begins = new Promise<void>((resolve) => {
    begun = resolve;
  });
  const gate = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  const machine = await smallMachine({
    sources: onlyData,
    replicas: 0,
    retention: '{ daily: 2 days, atLeast: 1 }',
    source: (source) => ({
      ...source,
      async restore(state, context) {
        begun();
        await gate;
        return source.restore(state, context);
      },
    }),
  });
  await backUpOn(machine, [1, 2, 3, 4, 5, 6]);
  const [oldest, second] = (await idsOf(await machine.vault())).reverse();
  const target = join(machine.folder, 'target');
  const restoring = machine.succeed('restore', { source: 'data', snapshot: oldest!, target });
  await begins;
  for (const day of [6, 7, 8]) {
    if (day > 6) await backUpOn(machine, [day]);
    machine.at(new Date(Date.UTC(2026, 2, day, 4)).toISOString());
    await machine.succeed('prune', {});
  }
  const left = await idsOf(await machine.vault());
  expect(left).toContain(oldest);
  expect(left).not.toContain(second);
  goOn();
  expect(await restoring).toMatchObject({ status: 'success', snapshot: oldest });
  expect(filesBelow(target)).toHaveLength(5);
  machine.at('2026-03-08T06:00:00Z');
  await machine.succeed('prune', {});
  expect(await idsOf(await machine.vault())).not.toContain(oldest);
});

test('B13 B14: one snapshot that cannot be deleted stops neither the others nor the other vault, and fails the prune', async () => {
  let stuck = '';
  const machine = await smallMachine({
    sources: onlyData,
    retention: '{ daily: 2 days, atLeast: 1 }',
    store: (store, number) => ({
      name: store.name,
      capabilities: store.capabilities,
      get: (...given) => store.get(...given),
      head: (...given) => store.head(...given),
      list: (...given) => store.list(...given),
      put: (...given) => store.put(...given),
      async delete(keys) {
        if (number === 0 && stuck !== '' && keys.some((key) => key.includes(stuck))) {
          fail('DeleteIncomplete', `1 of ${keys.length} objects could not be deleted`, {
            context: { failed: [...keys] },
          });
        }
        return store.delete(keys);
      },
    }),
  });
  await backUpOn(machine, [1, 2, 3, 4, 5, 6]);
  machine.at('2026-03-06T04:00:00Z');
  stuck = (await idsOf(await machine.vault())).at(-1)!;
  const { record } = await machine.run('prune', {});
  expect(record.status).toBe('FAILED');
  const replica = await idsOf(await machine.vault(1));
  expect(replica.length).toBeLessThan(6);
  expect(await idsOf(await machine.vault())).toEqual([...replica, stuck]);
  expect(told(machine.alerts)).toEqual(['open warning prune/vault-0']);
  expect(machine.alerts[0]?.what).toContain(stuck);
  stuck = '';
  machine.at('2026-03-06T12:00:00Z');
  await machine.succeed('prune', {});
  expect(await idsOf(await machine.vault())).toEqual(replica);
  expect(told(machine.alerts).at(-1)).toBe('resolved warning prune/vault-0');
});

/** Prune acts on proof: what is withheld and what a person may say, and what is looked at again right before a deletion. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { seededRandom } from '../../src/core/random.ts';
import { layout } from '../../src/format/layout.ts';
import { prunePlanSchema } from '../../src/operations/prune/prune-plan.ts';
import type { ObjectStore } from '../../src/storage/port.ts';
import { idsOf, packsBelow, type Report, type SmallMachine, smallMachine, told, writeTree } from './small-machine.ts';

const day = (number: number, hour = 2): string => new Date(Date.UTC(2026, 2, number, hour)).toISOString();

async function backUpOn(machine: SmallMachine, days: readonly number[], folders = ['data']): Promise<void> {
  for (const number of days) {
    machine.at(day(number));
    for (const folder of folders)
      writeTree(join(machine.folder, folder), { 'today.bin': seededRandom(number).bytes(20_000), 'kept.txt': 'kept' });
    await machine.succeed('backup', { cadence: 'incremental', sources: [...folders] });
  }
}

const some = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, at) => from + at);
const short = '{ daily: 2 days, atLeast: 1 }';

describe('what a person has to agree to', () => {
  const two = ['- { id: data, kind: files, path: $FOLDER/data }', '- { id: more, kind: files, path: $FOLDER/more }'];

  test('B8: more than half of a source at once is withheld and told; another source is pruned; with a word and a name it goes', async () => {
    const machine = await smallMachine({ sources: two, replicas: 0, retention: short });
    await backUpOn(machine, some(1, 6));
    await backUpOn(machine, some(7, 10), ['data', 'more']);
    machine.at(day(10, 4));
    const vault = await machine.vault();
    const [before, other] = [await idsOf(vault, 'data'), await idsOf(vault, 'more')];
    expect(before).toHaveLength(10);
    const { record, report } = await machine.run('prune', {});
    expect(record).toMatchObject({ status: 'FAILED', error: 'RunFailed' });
    expect(report.withheld).toMatchObject([{ vault: 0, source: 'data', reason: expect.stringContaining('7 of 10') }]);
    expect(await idsOf(vault, 'data')).toEqual(before);
    expect((await idsOf(vault, 'more')).length).toBeLessThan(other.length);
    expect(told(machine.alerts)).toEqual(expect.arrayContaining(['open warning prune/vault-0']));
    expect(machine.alerts.at(-1)?.action).toContain('tidemark prune --agree data');

    // a dry run shows it, and is no failure
    machine.at(day(10, 5));
    const dry = await machine.succeed('prune', { dryRun: true });
    const plan = await vault.objects.read(`work/${dry.prune}/plan.json`, prunePlanSchema);
    expect(plan.withheld).toHaveLength(1);
    expect(plan.keep.filter(({ reasons }) => reasons[0]?.startsWith('withheld: '))).toHaveLength(7);

    machine.at(day(10, 6));
    const agreed = [{ source: 'data', who: 'ada', why: 'shorter from now on' }];
    const done = await machine.succeed('prune', { agreed });
    expect(done.deleted).toBe(7);
    expect(await idsOf(vault, 'data')).toEqual(before.slice(0, 3));
    expect(told(machine.alerts).at(-1)).toBe('resolved warning prune/vault-0');
    const run = (await vault.store.get(layout.run(done.prune))).toString('utf8');
    expect(run).toContain('shorter from now on');
  });

  test('what was agreed for one source says nothing of another', async () => {
    const machine = await smallMachine({ sources: two.slice(0, 1), replicas: 0, retention: short });
    await backUpOn(machine, some(1, 10));
    machine.at(day(10, 4));
    const { report } = await machine.run('prune', { agreed: [{ source: 'more', who: 'ada', why: 'x' }] });
    expect(report).toMatchObject({ status: 'failure', deleted: 0 });
  });
});

describe('a vault that was not shown to be good', () => {
  const data = ['- { id: data, kind: files, path: $FOLDER/data }'];

  test('nothing goes while the last verification left damage; the other vault is pruned', async () => {
    const machine = await smallMachine({ sources: data, retention: short });
    await backUpOn(machine, some(1, 6));
    const replica = await machine.vault(1);
    await replica.objects.write(layout.unrepaired, { found: day(6), objects: ['packs/aa/aa'] });
    machine.at(day(6, 4));
    const { report } = await machine.run('prune', {});
    expect(report.withheld).toMatchObject([{ vault: 1, reason: expect.stringContaining('could not repair') }]);
    expect(await idsOf(replica)).toHaveLength(6);
    expect((await idsOf(await machine.vault())).length).toBeLessThan(6);
    expect(told(machine.alerts)).toEqual(['open warning prune/vault-1']);

    await machine.succeed('verify', { readAll: true });
    machine.at(day(6, 8));
    await machine.succeed('prune', {});
    expect(await idsOf(replica)).toEqual(await idsOf(await machine.vault()));
  });

  test('nothing goes while a verification is overdue, and again once it was made good', async () => {
    const machine = await smallMachine({ sources: data, replicas: 0, retention: short });
    await backUpOn(machine, some(1, 6));
    await backUpOn(machine, [43]);
    machine.at(day(43, 4));
    const { report } = await machine.run('prune', {});
    expect(report.withheld).toMatchObject([{ reason: expect.stringMatching(/not read for 42 days, and .* every 28/) }]);
    expect(await idsOf(await machine.vault())).toHaveLength(7);
    await machine.succeed('verify', { readAll: true });
    machine.at(day(43, 8));
    expect((await machine.succeed('prune', {})).deleted).toBe(6);
  });
});

/** Something happens in the primary between two calls of the store. */
async function prunedWith(
  when: 'before' | 'after',
  call: 'put' | 'delete',
  key: RegExp,
  happens: (machine: SmallMachine, key: string) => Promise<void>,
): Promise<{ machine: SmallMachine; report: Report; doomed: string[] }> {
  let machine: SmallMachine | undefined;
  const hook = async (now: typeof when, what: typeof call, number: number, keys: readonly string[]): Promise<void> => {
    const met = keys.find((one) => key.test(one));
    if (!machine || number !== 0 || now !== when || what !== call || met === undefined) return;
    const ready = machine;
    machine = undefined; // once
    await happens(ready, met);
  };
  const made = await smallMachine({
    sources: ['- { id: data, kind: files, path: $FOLDER/data }'],
    retention: short,
    store: (store, number): ObjectStore => ({
      name: store.name,
      capabilities: store.capabilities,
      get: (...given) => store.get(...given),
      head: (...given) => store.head(...given),
      list: (...given) => store.list(...given),
      async delete(keys) {
        await hook('before', 'delete', number, keys);
        await store.delete(keys);
        await hook('after', 'delete', number, keys);
      },
      async put(...given) {
        await hook('before', 'put', number, [given[0]]);
        await store.put(...given);
        await hook('after', 'put', number, [given[0]]);
      },
    }),
  });
  await backUpOn(made, some(1, 6));
  made.at(day(6, 4));
  const doomed = (await idsOf(await made.vault())).slice(3).sort();
  machine = made;
  const { report } = await made.run('prune', {});
  expect(machine, 'what was to happen has happened').toBeUndefined();
  return { machine: made, report, doomed };
}

const planned = /^work\/[^/]*-prune-[^/]*\/plan\.json$/;
const leaving = /^trust\/[^/]*\/leaving\.json$/;
const snapshots = /^snapshots\//;

const hold = async (machine: SmallMachine, id: string): Promise<boolean> => {
  const record = { who: 'auditor', why: 'case 7', time: machine.clock.now().toISOString() };
  const held = (await machine.vault()).snapshots.hold(id, record);
  return held.then(
    () => true,
    (error) => {
      expect(error).toMatchObject({ name: 'SnapshotMissing', message: expect.stringContaining('being deleted') });
      return false;
    },
  );
};

describe('B8: a hold and a deletion that meet: what was said to be held is there, wherever they meet', () => {
  test.each([
    ['before its mark', 'before', 'put', leaving],
    ['after its mark', 'after', 'put', leaving],
    ['right before it is gone', 'before', 'delete', snapshots],
    ['right after it is gone', 'after', 'delete', snapshots],
  ] as const)('%s', async (_, when, call, key) => {
    let [met, held] = ['', false];
    const { machine, doomed } = await prunedWith(when, call, key, async (ready, at) => {
      met = at.startsWith('trust/') ? at.split('/')[1]! : at.slice('snapshots/data/'.length, -'.json'.length);
      held = await hold(ready, met).catch(() => false);
    });
    expect(doomed).toContain(met);
    const there = (await idsOf(await machine.vault())).includes(met);
    if (held) expect(there).toBe(true);
    expect(held).toBe(when === 'before' && key === leaving);
    // whom nobody held is gone all the same
    expect((await idsOf(await machine.vault())).filter((id) => doomed.includes(id) && id !== met)).toEqual([]);
  });

  test('a mark that a dead prune has left keeps nobody from holding for longer than a prune lives', async () => {
    const machine = await smallMachine({ sources: ['- { id: data, kind: files, path: $FOLDER/data }'], replicas: 0 });
    await backUpOn(machine, [1]);
    const vault = await machine.vault();
    const [id] = await idsOf(vault);
    await vault.snapshots.markLeaving(id!, { by: 'prune', time: machine.clock.now().toISOString() });
    expect(await hold(machine, id!)).toBe(false);
    machine.at(day(1, 3));
    expect(await hold(machine, id!)).toBe(true);
  });
});

describe('the newer one that justifies a deletion is looked at in the vault where it happens', () => {
  const newest = async (machine: SmallMachine): Promise<string> => (await idsOf(await machine.vault()))[0]!;
  const kept = async ({ machine, report, doomed }: Awaited<ReturnType<typeof prunedWith>>): Promise<void> => {
    expect(report.deleted).toBeLessThan(2 * doomed.length);
    expect((await idsOf(await machine.vault())).filter((id) => doomed.includes(id)).sort()).toEqual(doomed);
    // the replica's own are as they were
    expect((await idsOf(await machine.vault(1))).filter((id) => doomed.includes(id))).toEqual([]);
  };

  test('its proof is gone', async () => {
    await kept(
      await prunedWith('after', 'put', planned, async (machine) => {
        for (const id of (await idsOf(await machine.vault())).slice(0, 3))
          rmSync(join(machine.places[0]!, layout.trust(id, 'complete')), { force: true });
      }),
    );
  });

  test('a pack of it is gone', async () => {
    await kept(
      await prunedWith('after', 'put', planned, async (machine) => {
        for (const pack of packsBelow(machine.places[0]!)) rmSync(pack);
      }),
    );
  });

  test('something came since that is not good', async () => {
    await kept(
      await prunedWith('after', 'put', planned, async (machine) => {
        const vault = await machine.vault();
        const like = await vault.snapshots.get(await newest(machine));
        const id = 'data.20260306T030000Z.0badf00d';
        await vault.snapshots.commit({ ...like, id, time: day(6, 3), suspicion: 'it is empty' });
      }),
    );
  });
});

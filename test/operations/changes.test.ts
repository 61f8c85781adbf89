/** One version is one snapshot, whoever asks for it and however often; what was missed is made good, and nothing twice. */
import { readFileSync } from 'node:fs';
import { expect, test, vi } from 'vitest';
import type { EventBridgeEvent } from '../../local/events.ts';
import { fail } from '../../src/core/errors.ts';
import type { Json } from '../../src/core/json.ts';
import type { ObjectStore } from '../../src/storage/port.ts';
import { commit, idsOf, packsBelow, type SmallMachine, smallMachine, told, writeTree } from './small-machine.ts';

/** The sample of CodeCommit's event, for this repository. */
function codeCommitEvent(commitId: string, id: string, detail: Record<string, Json> = {}): EventBridgeEvent {
  const sample = JSON.parse(readFileSync(new URL('../../events/change-codecommit.json', import.meta.url), 'utf8'));
  return { ...sample, id, detail: { ...sample.detail, repositoryName: 'repository', commitId, ...detail } };
}

async function publish(machine: SmallMachine, event: EventBridgeEvent) {
  return Promise.all(machine.region.publish(event).map((execution) => execution.ended));
}

test('D5: the same commit twice is one snapshot, seen again; a full run does not take it anew', async () => {
  const machine = await smallMachine();
  const first = await machine.succeed('backup', { cadence: 'incremental', sources: ['configuration'] });
  const packs = packsBelow(machine.places[0]!);
  machine.at('2026-03-02T02:00:00Z');
  const second = await machine.succeed('backup', { cadence: 'full', sources: ['configuration'] });
  expect(second.jobs[0].snapshot).toBe(first.jobs[0].snapshot);
  expect(second.jobs[0].bytes).toEqual({ read: 0, stored: 0 });
  const vault = await machine.vault();
  expect(await idsOf(vault)).toEqual([first.jobs[0].snapshot]);
  expect(packsBelow(machine.places[0]!)).toEqual(packs);
  expect((await vault.snapshots.sightings()).get(first.jobs[0].snapshot)).toEqual([new Date('2026-03-02T02:00:00Z')]);
});

test('D5: two runs that take one version in the same second both succeed, with one snapshot', async () => {
  const machine = await smallMachine();
  const runs = ['one', 'two'].map((name) => machine.run('backup', { sources: ['configuration'] }, name));
  const reports = (await Promise.all(runs)).map(({ record, report }) => ({ status: record.status, jobs: report.jobs }));
  const ids = await idsOf(await machine.vault(), 'configuration');
  expect(ids).toHaveLength(1);
  for (const { status, jobs } of reports) {
    expect(status).toBe('SUCCEEDED');
    expect(jobs).toMatchObject([{ status: 'success', snapshot: ids[0] }]);
  }
});

test('a change event takes exactly the commit that it names; delivered twice, it is one execution and one snapshot', async () => {
  const machine = await smallMachine();
  const wanted = await commit(machine.repository, { 'nodes.yml': 'nodes: 4\n' });
  const later = await commit(machine.repository, { 'nodes.yml': 'nodes: 5\n' });
  const [execution] = await publish(machine, codeCommitEvent(wanted, 'event-1'));
  expect(execution).toMatchObject({
    status: 'SUCCEEDED',
    output: { jobs: [{ source: 'configuration', status: 'success' }] },
  });
  const vault = await machine.vault();
  expect(await vault.snapshots.list()).toMatchObject([
    { source: 'configuration', cadence: 'change', revision: wanted },
  ]);

  const [again] = await publish(machine, codeCommitEvent(wanted, 'event-1'));
  expect(again?.arn).toBe(execution?.arn);
  machine.at('2026-03-01T02:10:00Z');
  const [other] = await publish(machine, codeCommitEvent(wanted, 'event-2'));
  expect(other?.arn).not.toBe(execution?.arn);
  expect(await idsOf(vault)).toHaveLength(1);

  machine.at('2026-03-01T02:20:00Z');
  await publish(machine, codeCommitEvent(later, 'event-3'));
  expect((await vault.snapshots.list()).map(({ revision }) => revision)).toEqual([later, wanted]);
});

test('an event for another branch or a branch that went starts nothing that is stored', async () => {
  const machine = await smallMachine();
  expect(machine.region.publish(codeCommitEvent('0'.repeat(40), 'event-1', { event: 'referenceDeleted' }))).toEqual([]);
  const [execution] = await publish(machine, codeCommitEvent('0'.repeat(40), 'event-2', { referenceName: 'topic' }));
  expect(execution).toMatchObject({ status: 'SUCCEEDED', output: { jobs: [] } });
  expect(await idsOf(await machine.vault())).toEqual([]);
});

test('an event of an unknown shape is refused by name and people hear of it', async () => {
  const machine = await smallMachine();
  const sample = codeCommitEvent('0'.repeat(40), 'event-1');
  const asked = { event: { ...sample, source: 'aws.unheard', 'detail-type': 'Surprise' } } as unknown as Json;
  expect((await machine.run('backup', asked)).record).toMatchObject({ status: 'FAILED', error: 'EventUnknown' });
  const strange = { ...sample, detail: { event: 'referenceUpdated', repository: 'renamed field' } };
  const [execution] = await publish(machine, strange);
  expect(execution).toMatchObject({ status: 'FAILED', error: 'EventUnknown' });
  expect(execution?.cause).toContain('repositoryName');
  const noticed = () => machine.invocations.filter(({ functionName }) => functionName === 'notice-failure');
  await vi.waitFor(() => expect(noticed()).toHaveLength(2));
  expect(told(machine.alerts)).toEqual(['open critical workflow/backup']);
});

test('the sweep takes what is missing and nothing twice', async () => {
  const machine = await smallMachine({ start: '2026-03-01T02:30:00Z' });
  const sweep = async (time: string): Promise<string[]> => {
    machine.at(time);
    const report = await machine.succeed('backup', { due: true });
    const snapshots = await (await machine.vault()).snapshots.list();
    return report.jobs.map(({ source, snapshot }: { source: string; snapshot: string }) => {
      return `${source} ${snapshots.find(({ id }) => id === snapshot)?.cadence}`;
    });
  };
  // nothing was ever taken: the full backup of the Sunday before is still owed
  expect(await sweep('2026-03-01T02:30:00Z')).toEqual(['data full', 'configuration full']);
  expect(await sweep('2026-03-01T02:45:00Z')).toEqual([]);
  // Sunday 03:00 has come and its trigger was lost
  expect(await sweep('2026-03-01T03:30:00Z')).toEqual(['data full', 'configuration full']);
  expect(await sweep('2026-03-01T04:30:00Z')).toEqual([]);
  machine.at('2026-03-02T02:00:00Z');
  await machine.succeed('backup', { cadence: 'incremental', sources: ['data'] });
  // only what the run left out is owed; its commit is known, so seeing it again is the answer
  expect(await sweep('2026-03-02T02:30:00Z')).toEqual(['configuration full']);
  expect(await sweep('2026-03-02T03:30:00Z')).toEqual([]);
  expect(await idsOf(await machine.vault(), 'configuration')).toHaveLength(1);
});

test('D5: an execution name is one execution; the same name with other work is refused', async () => {
  const machine = await smallMachine();
  const once = await machine.run('backup', { cadence: 'full' }, 'slot-2026-03-01');
  const invoked = machine.invocations.length;
  machine.at('2026-03-01T05:00:00Z');
  const twice = await machine.run('backup', { cadence: 'full' }, 'slot-2026-03-01');
  expect(twice.record).toEqual(once.record);
  expect(machine.invocations).toHaveLength(invoked);
  expect(await idsOf(await machine.vault(), 'data')).toHaveLength(1);
  await expect(machine.run('backup', { cadence: 'incremental' }, 'slot-2026-03-01')).rejects.toMatchObject({
    name: 'ExecutionExists',
  });
});

test.each([
  ['the snapshot is committed', /^snapshots\/data\//],
  ['the packs of a shard are stored', /^work\/.*\/shard-0\.json$/],
  ['a trust level is recorded', /^trust\/data\./],
])('a function that dies right after %s is retried and leaves one snapshot', async (_, key) => {
  let deaths = 0;
  const dying = (store: ObjectStore, vault: number): ObjectStore => ({
    name: store.name,
    capabilities: store.capabilities,
    get: (...given) => store.get(...given),
    head: (...given) => store.head(...given),
    list: (...given) => store.list(...given),
    delete: (...given) => store.delete(...given),
    async put(...given) {
      await store.put(...given);
      if (vault !== 0 || deaths > 0 || !key.test(given[0])) return;
      deaths += 1;
      fail('StoreUnreachable', 'the line went dead after the object was stored');
    },
  });
  const machine = await smallMachine({ store: dying });
  const report = await machine.succeed('backup', { cadence: 'full', sources: ['data'] });
  expect(deaths).toBe(1);
  expect(machine.invocations.filter(({ error }) => error !== undefined)).toHaveLength(1);
  expect(await idsOf(await machine.vault(), 'data')).toEqual([report.jobs[0].snapshot]);
  expect(await idsOf(await machine.vault(1), 'data')).toEqual([report.jobs[0].snapshot]);
  writeTree(machine.data, { 'more.txt': 'more' });
  machine.at('2026-03-02T02:00:00Z');
  expect(await machine.succeed('verify', { readAll: true })).toMatchObject({ findingCount: 0 });
});

/** Retention of snapshots that AWS keeps: by the same planner, for each database in each region. */
import { expect, test } from 'vitest';
import { told } from '../operations/small-machine.ts';
import { away, home, type ManagedMachine, managedMachine } from './managed-machine.ts';

const day = 24 * 3_600_000;
const manual = ({ there }: ManagedMachine, region: string, kind: 'instance' | 'cluster' = 'instance') =>
  [...there(region).snapshots[kind].values()].filter(({ SnapshotType }) => SnapshotType === 'manual');
const names = (...given: Parameters<typeof manual>): string[] =>
  manual(...given)
    .map(({ id }) => id)
    .sort();

/** A backup and a prune each night. */
async function nights(machine: ManagedMachine, count: number): Promise<void> {
  for (let night = 0; night < count; night += 1) {
    await machine.succeed('backup', { cadence: 'incremental' });
    machine.at(new Date(Math.ceil(machine.clock.now().getTime() / day) * day).toISOString());
    await machine.succeed('prune');
    await machine.clock.sleep(3_600_000);
  }
}

test('what no tier keeps goes in both regions, and its record in the vaults after it', async () => {
  const machine = await managedMachine({ retention: '{ daily: 3 days, atLeast: 1 }' });
  await nights(machine, 8);
  await machine.rds.settle();
  expect(manual(machine, home).length).toBeLessThanOrEqual(5);
  expect(manual(machine, away).length).toBeLessThanOrEqual(5);
  const kept = (await (await machine.vault()).snapshots.list('primary')).length;
  expect(kept).toBeGreaterThanOrEqual(manual(machine, home).length);
  expect(kept).toBeLessThanOrEqual(6);
  expect(told(machine.alerts)).toEqual([]);
}, 60_000);

test('B9 snapshots of another stack, another tool or a person are never touched, whatever they are called', async () => {
  const machine = await managedMachine({ retention: '{ daily: 1 days, atLeast: 1 }' });
  await nights(machine, 2);
  const [ours] = manual(machine, home);
  const taken = { ...ours!.TagList };
  const foreign = [
    { id: `${ours!.id.slice(0, -2)}aa`, tags: [] },
    { id: 'by-hand', tags: [] },
    {
      id: 'other-stack',
      tags: ours!.TagList.map(({ Key, Value }) => ({
        Key,
        Value: Key === 'tidemark:owner' ? 'small/0000000000000000' : Value,
      })),
    },
  ];
  expect(Object.values(taken).length).toBeGreaterThan(0);
  const { CreateDBSnapshotCommand, RDSClient } = await import('@aws-sdk/client-rds');
  const client = new RDSClient({ region: home, endpoint: machine.rds.url });
  for (const { id, tags } of foreign) {
    await client.send(
      new CreateDBSnapshotCommand({ DBInstanceIdentifier: 'node-network', DBSnapshotIdentifier: id, Tags: tags }),
    );
    await machine.clock.sleep(3_600_000);
  }
  await nights(machine, 6);
  await machine.rds.settle();
  expect(names(machine, home)).toEqual(expect.arrayContaining(foreign.map(({ id }) => id)));
  expect(names(machine, home).length).toBeLessThanOrEqual(foreign.length + 3);
}, 60_000);

test('B14 one snapshot that cannot be deleted keeps neither the others nor the other region, and is told of', async () => {
  const machine = await managedMachine({ retention: '{ daily: 1 days, atLeast: 1 }' });
  for (let night = 0; night < 6; night += 1) {
    await machine.succeed('backup', { cadence: 'incremental' }, `night-${night}`);
    await machine.clock.sleep(day);
  }
  await machine.succeed('backup', { cadence: 'incremental' }, 'last');
  const before = [names(machine, home), names(machine, away)];
  // every try at it, as the workflow tries again
  machine.rds.inject({
    operation: 'DeleteDBSnapshot',
    kind: 'error',
    code: 'InvalidDBSnapshotState',
    status: 400,
    times: 6,
    region: home,
    subject: before[0]![1]!,
  });
  const { record } = await machine.run('prune');
  expect(record.status).toBe('FAILED');
  await machine.clock.sleep(3_600_000);
  await machine.rds.settle();
  expect(names(machine, home)).toContain(before[0]![1]!);
  expect(names(machine, home)).not.toContain(before[0]![2]!);
  expect(names(machine, away)).not.toContain(before[1]![1]!);
  expect(told(machine.alerts)).toContain(`open warning prune/rds-${home}`);
  machine.rds.requireAllFired();
  await machine.clock.sleep(day);
  await machine.succeed('backup', { cadence: 'incremental' }, 'again');
  await machine.succeed('prune', {}, 'again');
  expect(told(machine.alerts)).toContain(`resolved warning prune/rds-${home}`);
}, 60_000);

test('B16 the newest copy in a region is never deleted, however old it is', async () => {
  const machine = await managedMachine({ retention: '{ daily: 1 days, atLeast: 1 }' });
  await nights(machine, 2);
  // copies fail from now on
  machine.there(away).keys.find(machine.awayKey)!.state = 'Disabled';
  const [newest] = manual(machine, away)
    .sort((a, b) => (a.id < b.id ? 1 : -1))
    .map(({ id }) => id);
  for (let night = 0; night < 5; night += 1) {
    await machine.run('backup', { cadence: 'incremental' });
    await machine.clock.sleep(day);
    await machine.run('prune');
  }
  await machine.rds.settle();
  expect(names(machine, away)).toContain(newest);
}, 60_000);

test('C8 copies of clusters have the time of their original in a tag, and are kept and deleted by it', async () => {
  const machine = await managedMachine({
    source: 'cluster: crowd',
    retention: '{ daily: 2 days, atLeast: 1 }',
    given: (rds) => {
      rds.place(home).addCluster({ DBClusterIdentifier: 'crowd', Engine: 'aurora-postgresql' });
    },
  });
  await nights(machine, 6);
  await machine.rds.settle();
  const originals = new Map(manual(machine, home, 'cluster').map((one) => [one.id, one]));
  for (const copy of manual(machine, away, 'cluster')) {
    const time = copy.TagList.find(({ Key }) => Key === 'tidemark:time')?.Value;
    const original = originals.get(copy.id);
    if (original) expect(time).toBe(original.SnapshotCreateTime!.toISOString());
    expect(new Date(time!).getTime()).toBeLessThan(copy.SnapshotCreateTime!.getTime());
  }
  expect(originals.size).toBeLessThanOrEqual(4);
  expect(manual(machine, away, 'cluster').length).toBeLessThanOrEqual(4);
}, 60_000);

test('C9 E5 what is being made, and the original of a copy that is under way, is not deleted', async () => {
  const machine = await managedMachine({ retention: '{ daily: 1 days, atLeast: 1 }' });
  await nights(machine, 3);
  const { succeed, clock, rds } = machine;
  rds.inject({ process: 'copy', kind: 'slow', factor: 100_000 });
  const running = machine.run('backup', { cadence: 'incremental' }, 'slow');
  await running;
  const copying = manual(machine, away).filter(({ Status }) => Status === 'copying');
  expect(copying).toHaveLength(1);
  for (let night = 0; night < 3; night += 1) {
    await machine.run('backup', { cadence: 'incremental' }, `after-${night}`);
    await clock.sleep(day);
    await machine.run('prune', {}, `after-${night}`);
  }
  expect(succeed).toBeDefined();
  await rds.settle();
  expect(names(machine, away)).toContain(copying[0]!.id);
  expect(names(machine, home)).toContain(copying[0]!.id);
}, 60_000);

test('D2 a region that does not answer is not pruned, and nothing that could be in it loses its record', async () => {
  const machine = await managedMachine({ retention: '{ daily: 1 days, atLeast: 1 }' });
  for (let night = 0; night < 5; night += 1) {
    await machine.succeed('backup', { cadence: 'incremental' }, `night-${night}`);
    await machine.clock.sleep(day);
  }
  await machine.succeed('backup', { cadence: 'incremental' }, 'last');
  const before = names(machine, away);
  const records = (await (await machine.vault()).snapshots.list('primary')).length;
  machine.rds.inject({
    operation: 'DescribeDBSnapshots',
    kind: 'error',
    code: 'Throttling',
    status: 400,
    times: 4,
    region: away,
  });
  const { record } = await machine.run('prune');
  expect(record.status).toBe('FAILED');
  await machine.clock.sleep(3_600_000);
  await machine.rds.settle();
  expect(names(machine, away)).toEqual(before);
  expect(await (await machine.vault()).snapshots.list('primary')).toHaveLength(records);
  expect(told(machine.alerts)).toContain(`open warning prune/rds-${away}`);
  machine.rds.requireAllFired();
}, 60_000);

test('B8 a held snapshot stays with AWS too, in every region', async () => {
  const machine = await managedMachine({ retention: '{ daily: 1 days, atLeast: 1 }' });
  await nights(machine, 1);
  const vault = await machine.vault();
  const [first] = await vault.snapshots.list('primary');
  await vault.snapshots.hold(first!.id, {
    who: 'somebody',
    why: 'a trial',
    time: machine.clock.now().toISOString(),
  });
  const [held] = names(machine, home);
  await nights(machine, 5);
  await machine.rds.settle();
  expect(names(machine, home)).toContain(held);
  expect(names(machine, away)).toContain(held);
  expect((await vault.snapshots.list('primary')).map(({ id }) => id)).toContain(first!.id);
}, 60_000);

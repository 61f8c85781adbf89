/** Snapshots of databases that AWS runs, their copies, and what of them is in the vault. */
import { expect, test } from 'vitest';
import type { CapturedDatabase } from '../../src/sources/rds/index.ts';
import { told } from '../operations/small-machine.ts';
import { away, home, type ManagedMachine, managedMachine } from './managed-machine.ts';

const databasesIn = async ({ vault }: ManagedMachine, number = 0): Promise<readonly CapturedDatabase[]> => {
  const [snapshot] = await (await vault(number)).snapshots.list('primary');
  return snapshot!.details.databases as CapturedDatabase[];
};
const manual = ({ there }: ManagedMachine, region: string) =>
  [...there(region).snapshots.instance.values()].filter(({ SnapshotType }) => SnapshotType === 'manual');

test('E3 a snapshot is taken, kept in the vault with its context, and copied with its tags but for reserved ones', async () => {
  const machine = await managedMachine();
  const { succeed, rds, vault, awayKey, clock } = machine;
  const report = await succeed('backup', { cadence: 'full' });
  expect(report.jobs).toMatchObject([{ source: 'primary', status: 'success' }]);

  const [snapshot] = await (await vault()).snapshots.list('primary');
  const [database] = await databasesIn(machine);
  expect(database).toMatchObject({ kind: 'instance', id: 'node-network', engine: 'postgres', encrypted: true });
  expect(database!.places).toMatchObject([{ region: home }, { region: away, key: awayKey }]);
  expect(database!.snapshot.length).toBeLessThanOrEqual(63);
  expect(database!.snapshot).toMatch(/^tidemark-small-primary-20260301t020000-[0-9a-f]{10}$/);
  const original = rds.place(home).snapshot(database!.snapshot)!;
  const copy = rds.place(away).snapshot(database!.snapshot)!;
  expect(copy).toMatchObject({ Status: 'available', KmsKeyId: awayKey });
  // from the original, in one step
  const asked = rds.requests.filter(({ operation }) => operation === 'CopyDBSnapshot');
  expect(asked).toMatchObject([{ region: away, subject: expect.stringContaining(original.arn) }]);
  expect(copy.TagList).toContainEqual({ Key: 'team', Value: 'network' });
  expect(copy.TagList.filter(({ Key }) => Key.startsWith('aws:'))).toEqual([]);
  // the vault's snapshot is of when the database was saved, not of when that was noticed
  expect(new Date(snapshot!.time).getTime()).toBe(original.SnapshotCreateTime!.getTime());
  expect(clock.now().getTime()).toBeGreaterThan(new Date(snapshot!.time).getTime());
  // and the replica knows it too
  expect(await databasesIn(machine, 1)).toEqual(await databasesIn(machine));
});

test('the context of a database is in the vault as files, with the values of its groups', async () => {
  const machine = await managedMachine({
    given: (rds) => {
      const west = rds.place(home);
      west.addParameterGroup('tuned', 'postgres16', { work_mem: '65536' });
      west.addInstance({
        DBInstanceIdentifier: 'node-network',
        Engine: 'postgres',
        DeletionProtection: true,
        DBParameterGroups: [{ DBParameterGroupName: 'tuned', ParameterApplyStatus: 'in-sync' }],
      });
    },
    copies: false,
  });
  await machine.succeed('backup', { cadence: 'full' });
  const target = `${machine.folder}/context`;
  await machine.succeed('restore', { source: 'primary', target });
  const { readFileSync, readdirSync } = await import('node:fs');
  expect(readdirSync(`${target}/instance-node-network`).sort()).toEqual([
    'database.json',
    'options.json',
    'parameters.json',
    'snapshot.json',
    'subnets.json',
  ]);
  const file = (name: string) => JSON.parse(readFileSync(`${target}/instance-node-network/${name}.json`, 'utf8'));
  expect(file('parameters')).toEqual({ tuned: { cluster: false, values: { work_mem: '65536' } } });
  expect(file('database')).toMatchObject({ DeletionProtection: true, DBInstanceIdentifier: 'node-network' });
});

test('A10 a copy that fails hours after it was accepted fails the job, is told of, and the snapshot stays', async () => {
  const machine = await managedMachine();
  const { rds, run, alerts, vault } = machine;
  rds.inject({ process: 'copy', kind: 'fails', at: 0.9, status: 'failed' });
  const { record, report } = await run('backup', { cadence: 'full' });
  expect(record.status).toBe('FAILED');
  expect(report.jobs).toMatchObject([{ status: 'failure', error: { name: 'ManagedFailed' } }]);
  expect(report.jobs[0].snapshot).toBeDefined();
  expect(told(alerts)).toContain(`open warning rds-copy/primary/${away}`);
  expect(await (await vault()).snapshots.list('primary')).toHaveLength(1);
  rds.requireAllFired();
  // the next run's copy is good, and the trouble is over
  await machine.clock.sleep(24 * 3_600_000);
  await machine.succeed('backup', { cadence: 'incremental' });
  expect(told(alerts)).toContain(`resolved warning rds-copy/primary/${away}`);
});

test('D7 a snapshot that stays in "creating" is told of after a day, and the next run waits for the same one', async () => {
  const machine = await managedMachine({ copies: false });
  const { rds, run, alerts, clock } = machine;
  rds.inject({ process: 'snapshot', kind: 'slow', factor: 400 });
  const { report } = await run('backup', { cadence: 'full' });
  expect(report.jobs).toMatchObject([{ status: 'failure', error: { name: 'ManagedStuck' } }]);
  expect(told(alerts)).toContain('open critical backup/primary');
  expect(manual(machine, home)).toMatchObject([{ Status: 'creating' }]);
  await clock.sleep(3_600_000);
  await machine.succeed('backup', { cadence: 'incremental' });
  await rds.settle();
  expect(manual(machine, home)).toHaveLength(1);
  rds.requireAllFired();
});

test('D6 a copy that takes two days needs a tenth of the 25,000 events', async () => {
  const { rds, succeed } = await managedMachine({ fake: { durations: { copy: () => 48 * 60 } } });
  await succeed('backup', { cadence: 'full' });
  const looks = rds.requests.filter(({ operation, region }) => operation === 'DescribeDBSnapshots' && region === away);
  expect(looks.length).toBeGreaterThan(100);
  // 9 events a look: a task makes 5, a choice and a wait 2 each
  expect(looks.length * 9).toBeLessThan(2_500);
});

test('a request whose answer was lost does not make a second snapshot or copy', async () => {
  const machine = await managedMachine();
  const { rds, succeed } = machine;
  rds.inject({ operation: 'CreateDBSnapshot', kind: 'lost-answer' });
  rds.inject({ operation: 'CopyDBSnapshot', kind: 'lost-answer' });
  await succeed('backup', { cadence: 'full' });
  await rds.settle();
  expect([manual(machine, home).length, manual(machine, away).length]).toEqual([1, 1]);
  rds.requireAllFired();
});

test('a repeated trigger, and a sweep that overlaps, end with one snapshot', async () => {
  const machine = await managedMachine({ copies: false });
  const [one, other] = await Promise.all([
    machine.run('backup', { cadence: 'full' }, 'full-1'),
    machine.run('backup', { sources: ['primary'] }, 'sweep-1'),
  ]);
  expect([one.record.status, other.record.status]).toEqual(['SUCCEEDED', 'SUCCEEDED']);
  await machine.rds.settle();
  expect(manual(machine, home).length).toBeLessThanOrEqual(2);
});

test('D2 throttling is not an answer: the job waits and comes to its end', async () => {
  const { rds, succeed } = await managedMachine();
  rds.inject({ operation: 'DescribeDBSnapshots', kind: 'error', code: 'Throttling', status: 400, times: 9, after: 3 });
  await succeed('backup', { cadence: 'full' });
  rds.requireAllFired();
}, 30_000);

test('D1 every page is read, empty ones too, when databases are meant by their tag', async () => {
  const machine = await managedMachine({
    source: 'tag: { key: backup, value: nightly }',
    copies: false,
    fake: { pageSize: 20, emptyPages: true },
    given: (rds) => {
      for (let at = 0; at < 43; at += 1) {
        const tagged = at % 2 === 0 ? [{ Key: 'backup', Value: 'nightly' }] : [];
        rds.place(home).addInstance({ DBInstanceIdentifier: `db-${at}`, Engine: 'postgres', TagList: tagged });
      }
      rds.place(home).addCluster({
        DBClusterIdentifier: 'crowd',
        Engine: 'aurora-postgresql',
        instances: 2,
        TagList: [{ Key: 'backup', Value: 'nightly' }],
      });
    },
  });
  await machine.succeed('backup', { cadence: 'full' });
  expect((await databasesIn(machine)).map(({ id }) => id)).toHaveLength(23);
}, 60_000);

test('one of several databases fails: the others are saved, and the job is not a success', async () => {
  const machine = await managedMachine({
    source: 'tag: { key: backup, value: nightly }',
    copies: false,
    given: (rds) => {
      for (const id of ['one', 'two', 'three']) {
        rds.place(home).addInstance({
          DBInstanceIdentifier: id,
          Engine: 'postgres',
          TagList: [{ Key: 'backup', Value: 'nightly' }],
        });
      }
    },
  });
  machine.rds.inject({ process: 'snapshot', kind: 'fails', status: 'failed' });
  const { report } = await machine.run('backup', { cadence: 'full' });
  expect(report.jobs).toMatchObject([{ status: 'failure', error: { name: 'SourceIncomplete' } }]);
  expect(await databasesIn(machine)).toHaveLength(2);
});

test('D3 the quota is forecast and told at four fifths; when it is reached that is what the job says', async () => {
  const machine = await managedMachine({ copies: false, fake: { quotas: { manualSnapshots: 5 } } });
  for (let day = 0; day < 5; day += 1) {
    await machine.succeed('backup', { cadence: 'incremental' }, `day-${day}`);
    await machine.clock.sleep(24 * 3_600_000);
    if (day === 2) expect(told(machine.alerts)).toEqual([]);
    if (day === 3) expect(told(machine.alerts)).toEqual([`open warning rds-quota/${home}/instance`]);
  }
  const { report } = await machine.run('backup', { cadence: 'incremental' }, 'one-too-many');
  expect(report.jobs).toMatchObject([{ status: 'failure', error: { name: 'QuotaReached' } }]);
});

test('D3 too many copies at once is the same code as too many snapshots, and passes', async () => {
  const { rds, succeed, there } = await managedMachine({ fake: { quotas: { copies: 0 } } });
  const full = (): boolean => rds.requests.some(({ operation }) => operation === 'CopyDBSnapshot');
  const freeing = (async () => {
    while (!full()) await new Promise((resolve) => setImmediate(resolve));
    there(away).world.quotas.copies = 20;
  })();
  await succeed('backup', { cadence: 'full' });
  await freeing;
  const outcomes = rds.requests.filter(({ operation }) => operation === 'CopyDBSnapshot').map(({ outcome }) => outcome);
  expect(outcomes[0]).toBe('SnapshotQuotaExceeded');
  expect(outcomes.at(-1)).toBe('ok');
});

const unusable = ['Disabled', 'PendingDeletion'] as const;
test.each(unusable)('E1 a key of the other region that is %s is named as the cause', async (state) => {
  const { run, awayKey, there } = await managedMachine();
  there(away).keys.find(awayKey)!.state = state;
  const { report } = await run('backup', { cadence: 'full' });
  expect(report.jobs).toMatchObject([{ status: 'failure', error: { name: 'KeyUnusable' } }]);
  expect(report.jobs[0].snapshot).toBeDefined();
});

test('a database that is not there is named, with what to do', async () => {
  const { run } = await managedMachine({ source: 'instance: nowhere' });
  const { report } = await run('backup', { cadence: 'full' });
  expect(report.jobs).toMatchObject([
    { status: 'failure', error: { name: 'SourceMissing', message: expect.stringContaining('nowhere') } },
  ]);
});

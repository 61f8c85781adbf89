/** Snapshots and lists of the fake RDS, through the real SDK. Each test is a rule of the service. */
import {
  CreateDBClusterSnapshotCommand,
  CreateDBSnapshotCommand,
  type DBSnapshot,
  DeleteDBSnapshotCommand,
  DescribeDBClusterSnapshotsCommand,
  DescribeDBInstancesCommand,
  DescribeDBSnapshotsCommand,
  type DescribeDBSnapshotsCommandInput,
  paginateDescribeDBInstances,
  paginateDescribeDBSnapshots,
  type RDSClient,
  waitUntilDBSnapshotAvailable,
} from '@aws-sdk/client-rds';
import { describe, expect, test } from 'vitest';
import { days, type Given, given, hours, minutes, refusal, start } from './given.ts';

const create = (client: RDSClient, id: string, instance = 'db1', Tags: { Key: string; Value: string }[] = []) =>
  client.send(new CreateDBSnapshotCommand({ DBSnapshotIdentifier: id, DBInstanceIdentifier: instance, Tags }));

async function look(client: RDSClient, id: string): Promise<DBSnapshot> {
  const { DBSnapshots } = await client.send(new DescribeDBSnapshotsCommand({ DBSnapshotIdentifier: id }));
  return DBSnapshots?.[0] ?? {};
}

async function withInstance(options: Parameters<typeof given>[0] = {}): Promise<Given> {
  const all = await given(options);
  all.rds.place('eu-west-1').addInstance({ DBInstanceIdentifier: 'db1', AllocatedStorage: 60 });
  return all;
}

describe('a snapshot takes its time', () => {
  test('creating with progress, then available; the instance is backing-up meanwhile', async () => {
    const { west, clock } = await withInstance();
    const { DBSnapshot } = await create(west, 'first');
    expect(DBSnapshot).toMatchObject({
      DBSnapshotIdentifier: 'first',
      DBInstanceIdentifier: 'db1',
      Status: 'creating',
      PercentProgress: 0,
      SnapshotType: 'manual',
      AllocatedStorage: 60,
      DBSnapshotArn: 'arn:aws:rds:eu-west-1:123456789012:snapshot:first',
    });
    const status = async () =>
      (await west.send(new DescribeDBInstancesCommand({ DBInstanceIdentifier: 'db1' }))).DBInstances?.[0]
        ?.DBInstanceStatus;
    expect(await status()).toBe('backing-up');
    await clock.sleep(minutes(2));
    const middle = await look(west, 'first');
    expect(middle.Status).toBe('creating');
    expect(middle.PercentProgress).toBeGreaterThan(10);
    expect(middle.PercentProgress).toBeLessThan(90);
    await clock.sleep(minutes(10));
    expect(await look(west, 'first')).toMatchObject({ Status: 'available', PercentProgress: 100 });
    expect(await status()).toBe('available');
  });

  test('in its first minutes it has no SnapshotCreateTime', async () => {
    const { west, clock } = await withInstance();
    await create(west, 'first');
    expect((await look(west, 'first')).SnapshotCreateTime).toBeUndefined();
    await clock.sleep(minutes(12));
    const done = await look(west, 'first');
    expect(done.SnapshotCreateTime?.getTime()).toBeGreaterThan(Date.parse(start));
    expect(done.OriginalSnapshotCreateTime).toEqual(done.SnapshotCreateTime);
  });

  test("the SDK's own waiter waits for it", async () => {
    const { west, clock } = await withInstance();
    await create(west, 'first');
    await clock.sleep(minutes(12));
    const { state } = await waitUntilDBSnapshotAvailable(
      { client: west, maxWaitTime: 60 },
      { DBSnapshotIdentifier: 'first' },
    );
    expect(state).toBe('SUCCESS');
  });

  test('the same seed takes the same time, another one another', async () => {
    const ends = [];
    for (const seed of [1, 1, 2]) {
      const { rds, west, clock } = await withInstance({ seed });
      await create(west, 'first');
      await clock.sleep(hours(1));
      await rds.settle();
      ends.push(rds.transitions.find(({ subject, to }) => subject === 'first' && to === 'available')?.at.getTime());
    }
    expect(ends[0]).toBe(ends[1]);
    expect(ends[2]).not.toBe(ends[1]);
  });
});

describe('what CreateDBSnapshot refuses', () => {
  test('a name that is taken, in any case', async () => {
    const { west, clock } = await withInstance();
    await create(west, 'First');
    await clock.sleep(minutes(12));
    expect(await refusal(create(west, 'FIRST'))).toMatch(/^DBSnapshotAlreadyExistsFault: .*first already exists/);
  });

  test('a second one while the first is made: the instance is not available', async () => {
    const { west } = await withInstance();
    await create(west, 'first');
    expect(await refusal(create(west, 'second'))).toMatch(
      /^InvalidDBInstanceStateFault: .*db1 is not currently in the available state/,
    );
  });

  test('a name that is taken while the instance is busy: one or the other, as the fake is told', async () => {
    for (const stateFirst of [false, true]) {
      const { west } = await withInstance({ stateFirst });
      await create(west, 'first');
      const said = await refusal(create(west, 'first'));
      expect(said).toMatch(stateFirst ? /^InvalidDBInstanceStateFault/ : /^DBSnapshotAlreadyExistsFault/);
    }
  });

  test.each(['rds:first', '1st', 'a--b', 'a-', '', 'a_b', 'x'.repeat(256)])('the name %j', async (id) => {
    const { west } = await withInstance();
    expect(await refusal(create(west, id))).toMatch(/InvalidParameterValue|MissingParameter/);
  });

  test('63 characters for a cluster, 255 for an instance', async () => {
    const { rds, west } = await withInstance();
    rds.place('eu-west-1').addCluster({ DBClusterIdentifier: 'c1' });
    const cluster = (id: string) =>
      west.send(new CreateDBClusterSnapshotCommand({ DBClusterSnapshotIdentifier: id, DBClusterIdentifier: 'c1' }));
    expect(await refusal(cluster('x'.repeat(64)))).toMatch(/^InvalidParameterValue/);
    expect((await cluster('x'.repeat(63))).DBClusterSnapshot?.Status).toBe('creating');
    expect((await create(west, 'x'.repeat(255))).DBSnapshot?.Status).toBe('creating');
  });

  test('an instance that is not there', async () => {
    const { west } = await withInstance();
    expect(await refusal(create(west, 'first', 'db2'))).toBe('DBInstanceNotFoundFault: DBInstance db2 not found.');
  });

  test('a member of a cluster', async () => {
    const { rds, west } = await withInstance();
    rds.place('eu-west-1').addCluster({ DBClusterIdentifier: 'c1' });
    expect(await refusal(create(west, 'first', 'c1-1'))).toMatch(/^InvalidParameterValue: .*CreateDBClusterSnapshot/);
  });

  test('tags that begin with aws:, too many, or twice the same', async () => {
    const { west } = await withInstance();
    const tag = (Key: string) => ({ Key, Value: 'x' });
    expect(await refusal(create(west, 'a', 'db1', [tag('aws:team')]))).toMatch(/reserved prefix/);
    expect(await refusal(create(west, 'a', 'db1', [tag('a'), tag('a')]))).toMatch(/Duplicate/);
    const many = Array.from({ length: 51 }, (_, at) => tag(`t${at}`));
    expect(await refusal(create(west, 'a', 'db1', many))).toMatch(/more than 50 tags/);
    expect((await create(west, 'a', 'db1', many.slice(1))).DBSnapshot?.TagList).toHaveLength(50);
  });

  test('the manual snapshot after the hundredth; automated ones do not count', async () => {
    const { rds, west, clock } = await withInstance({ quotas: { manualSnapshots: 3 } });
    await clock.sleep(days(3));
    for (const id of ['a', 'b', 'c']) {
      await create(west, id);
      await clock.sleep(minutes(20));
    }
    expect(rds.place('eu-west-1').snapshots.length).toBeGreaterThan(3);
    expect(await refusal(create(west, 'd'))).toBe(
      'SnapshotQuotaExceededFault: Cannot create more than 3 manual snapshots',
    );
  });
});

describe('snapshots by themselves', () => {
  test('one a day in the window, kept for the retention period, named rds:', async () => {
    const { rds, west, clock } = await given();
    rds.place('eu-west-1').addInstance({
      DBInstanceIdentifier: 'db1',
      BackupRetentionPeriod: 3,
      PreferredBackupWindow: '04:10-04:40',
    });
    await clock.sleep(days(10));
    const { DBSnapshots } = await west.send(new DescribeDBSnapshotsCommand({ SnapshotType: 'automated' }));
    expect(DBSnapshots?.map(({ DBSnapshotIdentifier }) => DBSnapshotIdentifier)).toEqual([
      'rds:db1-2026-03-09-04-10',
      'rds:db1-2026-03-10-04-10',
      'rds:db1-2026-03-11-04-10',
    ]);
    expect(await refusal(look(west, 'rds:db1-2026-03-11-04-10'))).toMatch(/^DBSnapshotNotFoundFault/);
    const remove = new DeleteDBSnapshotCommand({ DBSnapshotIdentifier: 'rds:db1-2026-03-11-04-10' });
    expect(await refusal(west.send(remove))).toMatch(/^InvalidDBSnapshotStateFault: Only manual/);
  });

  test('none of an instance without retention, of a stopped one, or of a member of a cluster', async () => {
    const { rds, clock } = await given();
    const place = rds.place('eu-west-1');
    place.addInstance({ DBInstanceIdentifier: 'off', BackupRetentionPeriod: 0 });
    place.addInstance({ DBInstanceIdentifier: 'stopped', DBInstanceStatus: 'stopped' });
    place.addCluster({ DBClusterIdentifier: 'c1' });
    await clock.sleep(days(3));
    await rds.settle();
    expect(new Set(place.snapshots.map(({ sourceId }) => sourceId))).toEqual(new Set(['c1']));
  });
});

describe('lists come in pages', () => {
  const names = Array.from({ length: 131 }, (_, at) => `s${String(at).padStart(3, '0')}`);

  async function many(options: Parameters<typeof given>[0] = {}): Promise<Given> {
    const all = await given({ quotas: { manualSnapshots: 200 }, durations: { snapshot: () => 0.01 }, ...options });
    all.rds.place('eu-west-1').addInstance({ DBInstanceIdentifier: 'db1', BackupRetentionPeriod: 0 });
    for (const name of names) {
      await create(all.west, name);
      await all.clock.sleep(minutes(1));
    }
    return all;
  }

  const listed = async ({ west }: Given, pageSize: number) => {
    const pages = [];
    for await (const page of paginateDescribeDBSnapshots({ client: west, pageSize }, {})) {
      pages.push(page.DBSnapshots?.map(({ DBSnapshotIdentifier }) => DBSnapshotIdentifier) ?? []);
    }
    return pages;
  };

  test('100 when nothing is said, 20 to 100 when asked, and all of them once', async () => {
    const all = await many();
    const first = await all.west.send(new DescribeDBSnapshotsCommand({}));
    expect(first.DBSnapshots).toHaveLength(100);
    const pages = await listed(all, 20);
    expect(pages.map(({ length }) => length)).toEqual([20, 20, 20, 20, 20, 20, 11]);
    expect(pages.flat()).toEqual(names);
    for (const wrong of [19, 101]) {
      expect(await refusal(all.west.send(new DescribeDBSnapshotsCommand({ MaxRecords: wrong })))).toMatch(
        /^InvalidParameterValue/,
      );
    }
  });

  test('a page may be empty and have a Marker', async () => {
    const all = await many({ emptyPages: true });
    const pages = await listed(all, 100);
    expect(pages.map(({ length }) => length)).toEqual([0, 100, 0, 31]);
    expect(pages.flat()).toEqual(names);
  });

  test('what comes and goes between two pages hides nothing that stays', async () => {
    const all = await many();
    const first = await all.west.send(new DescribeDBSnapshotsCommand({ MaxRecords: 20 }));
    await all.west.send(new DeleteDBSnapshotCommand({ DBSnapshotIdentifier: 's005' }));
    await all.clock.sleep(minutes(5));
    const rest = await all.west.send(new DescribeDBSnapshotsCommand({ Marker: first.Marker as string }));
    expect(rest.DBSnapshots?.[0]?.DBSnapshotIdentifier).toBe('s020');
  });

  test('a marker of another question is refused', async () => {
    const all = await many();
    const { Marker } = await all.west.send(new DescribeDBSnapshotsCommand({ MaxRecords: 20 }));
    const other = new DescribeDBSnapshotsCommand({ DBInstanceIdentifier: 'db1', Marker: Marker as string });
    expect(await refusal(all.west.send(other))).toMatch(/marker .* is not valid/);
  });
});

describe('lists answer what was asked', () => {
  test('by instance, by type, by filter; a name that is not there is an error, an instance without snapshots is not', async () => {
    const { rds, west, clock } = await withInstance();
    rds.place('eu-west-1').addInstance({ DBInstanceIdentifier: 'db2', Engine: 'mysql', EngineVersion: '8.0.39' });
    await create(west, 'one', 'db1');
    await create(west, 'two', 'db2');
    await clock.sleep(minutes(20));
    const ids = async (input: DescribeDBSnapshotsCommandInput) =>
      (await west.send(new DescribeDBSnapshotsCommand(input))).DBSnapshots?.map((one) => one.DBSnapshotIdentifier);
    expect(await ids({ DBInstanceIdentifier: 'db1' })).toEqual(['one']);
    expect(await ids({ DBInstanceIdentifier: 'db3' })).toEqual([]);
    expect(await ids({ Filters: [{ Name: 'engine', Values: ['mysql'] }] })).toEqual(['two']);
    expect(await ids({ SnapshotType: 'automated' })).toEqual([]);
    const { DbiResourceId } = rds.place('eu-west-1').instance('db2');
    expect(await ids({ DbiResourceId })).toEqual(['two']);
    expect(await refusal(ids({ DBSnapshotIdentifier: 'three' }))).toMatch(/^DBSnapshotNotFoundFault/);
    expect(await refusal(ids({ Filters: [{ Name: 'tag:team', Values: ['x'] }] }))).toMatch(/Unrecognized filter/);
  });

  test('tags of instances and snapshots are in the lists', async () => {
    const { rds, west } = await given();
    rds.place('eu-west-1').addInstance({
      DBInstanceIdentifier: 'db1',
      TagList: [{ Key: 'team', Value: 'nodes & <more>' }],
    });
    const { DBInstances } = await west.send(new DescribeDBInstancesCommand({}));
    expect(DBInstances?.[0]?.TagList).toEqual([{ Key: 'team', Value: 'nodes & <more>' }]);
    const { DBSnapshot } = await create(west, 'a', 'db1', [{ Key: 'owner', Value: 'tidemark' }]);
    expect(DBSnapshot?.TagList).toEqual([{ Key: 'owner', Value: 'tidemark' }]);
  });

  test('CopyTagsToSnapshot adds the tags of the instance, without the reserved ones', async () => {
    const { rds, west } = await given();
    rds.place('eu-west-1').addInstance({
      DBInstanceIdentifier: 'db1',
      CopyTagsToSnapshot: true,
      TagList: [
        { Key: 'aws:cloudformation:stack-name', Value: 'x' },
        { Key: 'team', Value: 'nodes' },
      ],
    });
    const { DBSnapshot } = await create(west, 'a', 'db1', [{ Key: 'owner', Value: 'me' }]);
    expect(DBSnapshot?.TagList?.map(({ Key }) => Key)).toEqual(['team', 'owner']);
  });

  test('200 instances', async () => {
    const { rds, west } = await given({ pageSize: 30 });
    for (let at = 0; at < 200; at += 1) rds.place('eu-west-1').addInstance({ DBInstanceIdentifier: `db-${at}` });
    const seen = new Set<string | undefined>();
    for await (const { DBInstances } of paginateDescribeDBInstances({ client: west }, {})) {
      for (const one of DBInstances ?? []) seen.add(one.DBInstanceIdentifier);
    }
    expect(seen.size).toBe(200);
  });

  test('regions know nothing of each other', async () => {
    const { central } = await withInstance();
    expect((await central.send(new DescribeDBInstancesCommand({}))).DBInstances).toEqual([]);
  });
});

describe('DeleteDBSnapshot', () => {
  const remove = (client: RDSClient, id: string) =>
    client.send(new DeleteDBSnapshotCommand({ DBSnapshotIdentifier: id }));

  test('deleting first, gone later', async () => {
    const { west, clock } = await withInstance();
    await create(west, 'a');
    expect(await refusal(remove(west, 'a'))).toMatch(/^InvalidDBSnapshotStateFault/);
    await clock.sleep(minutes(20));
    expect((await remove(west, 'a')).DBSnapshot?.Status).toBe('deleting');
    expect((await look(west, 'a')).Status).toBe('deleting');
    expect(await refusal(remove(west, 'a'))).toMatch(/^InvalidDBSnapshotStateFault/);
    await clock.sleep(minutes(2));
    expect(await refusal(look(west, 'a'))).toMatch(/^DBSnapshotNotFoundFault/);
    expect(await refusal(remove(west, 'a'))).toMatch(/^DBSnapshotNotFoundFault/);
  });

  test('a deletion can fail silently: it is available again', async () => {
    const { rds, west, clock } = await withInstance();
    await create(west, 'a');
    await clock.sleep(minutes(20));
    rds.inject({ process: 'delete-snapshot', kind: 'fails' });
    await remove(west, 'a');
    await clock.sleep(minutes(2));
    expect((await look(west, 'a')).Status).toBe('available');
    rds.requireAllFired();
  });

  test('a failed snapshot can be deleted', async () => {
    const { rds, west, clock } = await withInstance();
    rds.inject({ process: 'snapshot', kind: 'fails', at: 0.6 });
    await create(west, 'a');
    await clock.sleep(minutes(20));
    expect(await look(west, 'a')).toMatchObject({ Status: 'failed', PercentProgress: 60 });
    await remove(west, 'a');
    await clock.sleep(minutes(2));
    expect(await refusal(look(west, 'a'))).toMatch(/^DBSnapshotNotFoundFault/);
  });
});

test('a snapshot can stay in creating for ever', async () => {
  const { rds, west, clock } = await withInstance();
  rds.inject({ process: 'snapshot', kind: 'stuck', at: 0.4 });
  await create(west, 'a');
  await clock.sleep(days(2));
  expect(await look(west, 'a')).toMatchObject({ Status: 'creating', PercentProgress: 40 });
});

test('clusters have snapshots of their own, without an original time', async () => {
  const { rds, west, clock } = await given();
  rds.place('eu-west-1').addCluster({ DBClusterIdentifier: 'c1' });
  await west.send(new CreateDBClusterSnapshotCommand({ DBClusterSnapshotIdentifier: 'a', DBClusterIdentifier: 'c1' }));
  await clock.sleep(minutes(20));
  const { DBClusterSnapshots } = await west.send(new DescribeDBClusterSnapshotsCommand({ DBClusterIdentifier: 'c1' }));
  expect(DBClusterSnapshots?.[0]).toMatchObject({ DBClusterSnapshotIdentifier: 'a', Status: 'available' });
  expect(DBClusterSnapshots?.[0]?.SnapshotCreateTime).toBeInstanceOf(Date);
  expect(DBClusterSnapshots?.[0]).not.toHaveProperty('OriginalSnapshotCreateTime');
  expect(await refusal(look(west, 'a'))).toMatch(/^DBSnapshotNotFoundFault/);
});

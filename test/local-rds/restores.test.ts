/** Restores of instances and clusters, through the real SDK: what comes back, and what does not. */
import {
  CopyDBSnapshotCommand,
  CreateDBClusterSnapshotCommand,
  CreateDBInstanceCommand,
  CreateDBSnapshotCommand,
  type DBCluster,
  type DBInstance,
  DescribeDBClustersCommand,
  DescribeDBInstanceAutomatedBackupsCommand,
  DescribeDBInstancesCommand,
  type RDSClient,
  RestoreDBClusterFromSnapshotCommand,
  RestoreDBClusterToPointInTimeCommand,
  RestoreDBInstanceFromDBSnapshotCommand,
  type RestoreDBInstanceFromDBSnapshotCommandInput,
  RestoreDBInstanceToPointInTimeCommand,
  type RestoreDBInstanceToPointInTimeCommandInput,
  StartDBInstanceAutomatedBackupsReplicationCommand,
} from '@aws-sdk/client-rds';
import { describe, expect, test } from 'vitest';
import { days, type Given, given, hours, minutes, refusal } from './given.ts';

async function look(client: RDSClient, id: string): Promise<DBInstance> {
  const { DBInstances } = await client.send(new DescribeDBInstancesCommand({ DBInstanceIdentifier: id }));
  return DBInstances?.[0] ?? {};
}

async function lookCluster(client: RDSClient, id: string): Promise<DBCluster> {
  const { DBClusters } = await client.send(new DescribeDBClustersCommand({ DBClusterIdentifier: id }));
  return DBClusters?.[0] ?? {};
}

/** `db1` with settings of its own, and snapshot `s1` of it. */
async function withSnapshot(options: Parameters<typeof given>[0] = {}): Promise<Given> {
  const all = await given(options);
  const west = all.rds.place('eu-west-1');
  const inner = west.addSubnetGroup('inner', 'vpc-inner');
  west.addSecurityGroup('sg-app', 'vpc-inner');
  west.addParameterGroup('tuned', 'postgres16', { work_mem: '65536' });
  west.addInstance({
    DBInstanceIdentifier: 'db1',
    DBInstanceClass: 'db.r7g.xlarge',
    MultiAZ: true,
    DeletionProtection: true,
    CopyTagsToSnapshot: true,
    BackupRetentionPeriod: 14,
    DBSubnetGroup: inner.show(),
    VpcSecurityGroups: [{ VpcSecurityGroupId: 'sg-app', Status: 'active' }],
    DBParameterGroups: [{ DBParameterGroupName: 'tuned', ParameterApplyStatus: 'in-sync' }],
    TagList: [
      { Key: 'team', Value: 'nodes' },
      { Key: 'aws:cloudformation:stack-name', Value: 'x' },
    ],
  });
  await all.west.send(new CreateDBSnapshotCommand({ DBSnapshotIdentifier: 's1', DBInstanceIdentifier: 'db1' }));
  await all.clock.sleep(minutes(20));
  return all;
}

const restore = (client: RDSClient, more: Partial<RestoreDBInstanceFromDBSnapshotCommandInput> = {}) =>
  client.send(
    new RestoreDBInstanceFromDBSnapshotCommand({ DBInstanceIdentifier: 'new', DBSnapshotIdentifier: 's1', ...more }),
  );

describe('a restore from a snapshot', () => {
  test('creating without an endpoint, then backed up for the first time, then available', async () => {
    const { rds, west, clock } = await withSnapshot();
    const { DBInstance } = await restore(west);
    expect(DBInstance).toMatchObject({ DBInstanceStatus: 'creating', DBInstanceIdentifier: 'new' });
    expect(DBInstance?.Endpoint).toBeUndefined();
    await clock.sleep(hours(1));
    const done = await look(west, 'new');
    expect(done).toMatchObject({ DBInstanceStatus: 'available', Endpoint: { Port: 5432 } });
    const seen = rds.transitions.filter(({ subject, what }) => subject === 'new' && what === 'instance');
    expect(seen.map(({ to }) => to)).toEqual(['creating', 'available', 'backing-up', 'available']);
  });

  test('gets the default groups and none of the settings of its source, but its class, retention and tags', async () => {
    const { west } = await withSnapshot();
    const { DBInstance } = await restore(west);
    expect(DBInstance).toMatchObject({
      DBInstanceClass: 'db.r7g.xlarge',
      BackupRetentionPeriod: 14,
      MultiAZ: false,
      DeletionProtection: false,
      CopyTagsToSnapshot: false,
      VpcSecurityGroups: [{ VpcSecurityGroupId: 'sg-default-eu-west-1' }],
      DBParameterGroups: [{ DBParameterGroupName: 'default.postgres16' }],
      DBSubnetGroup: { DBSubnetGroupName: 'default' },
      TagList: [{ Key: 'team', Value: 'nodes' }],
    });
  });

  test('takes them when they are given', async () => {
    const { west } = await withSnapshot();
    const { DBInstance } = await restore(west, {
      DBSubnetGroupName: 'inner',
      VpcSecurityGroupIds: ['sg-app'],
      DBParameterGroupName: 'tuned',
      MultiAZ: true,
      DeletionProtection: true,
      Tags: [{ Key: 'drill', Value: 'yes' }],
    });
    expect(DBInstance).toMatchObject({
      VpcSecurityGroups: [{ VpcSecurityGroupId: 'sg-app' }],
      DBParameterGroups: [{ DBParameterGroupName: 'tuned' }],
      DBSubnetGroup: { DBSubnetGroupName: 'inner', VpcId: 'vpc-inner' },
      MultiAZ: true,
      DeletionProtection: true,
      TagList: [{ Key: 'drill', Value: 'yes' }],
    });
  });

  test('into a subnet group without a security group gets the default one of that network', async () => {
    const { west } = await withSnapshot();
    const { DBInstance } = await restore(west, { DBSubnetGroupName: 'inner' });
    expect(DBInstance?.VpcSecurityGroups?.map((one) => one.VpcSecurityGroupId)).toEqual(['sg-inner']);
  });

  test.each([
    [{ DBInstanceIdentifier: 'db1' }, /^DBInstanceAlreadyExistsFault/],
    [{ DBInstanceIdentifier: '-' }, /^InvalidParameterValue/],
    [{ DBSnapshotIdentifier: 's2' }, /^DBSnapshotNotFoundFault/],
    [{ DBSubnetGroupName: 'outer' }, /^DBSubnetGroupNotFoundFault/],
    [{ DBParameterGroupName: 'other' }, /^DBParameterGroupNotFoundFault/],
    [{ DBParameterGroupName: 'default.mysql8.0' }, /^InvalidParameterCombination: The Parameter Group/],
    [{ OptionGroupName: 'other' }, /^OptionGroupNotFoundFault/],
    [{ VpcSecurityGroupIds: ['sg-elsewhere'] }, /^InvalidParameterValue: Invalid security group/],
    [{ VpcSecurityGroupIds: ['sg-app'] }, /^InvalidParameterCombination: .*different VPCs/],
    [{ MultiAZ: true, AvailabilityZone: 'eu-west-1a' }, /^InvalidParameterCombination/],
    [{ AllocatedStorage: 5 }, /^InvalidParameterCombination/],
    [{ Engine: 'mysql' }, /^InvalidParameterCombination/],
  ])('with %j is refused, and makes nothing', async (more, said) => {
    const { rds, west } = await withSnapshot();
    expect(await refusal(restore(west, more))).toMatch(said);
    expect([...rds.place('eu-west-1').place.instances.keys()]).toEqual(['db1']);
  });

  test('of a version that the region no longer offers is refused', async () => {
    const { rds, west } = await withSnapshot();
    rds.place('eu-west-1').withdraw('postgres', '16.4');
    expect(await refusal(restore(west))).toBe('InvalidParameterCombination: Cannot find version 16.4 for postgres');
  });

  test('is refused when there are as many instances as may be', async () => {
    const { west } = await withSnapshot({ quotas: { instances: 1 } });
    expect(await refusal(restore(west))).toMatch(/^InstanceQuotaExceededFault/);
  });

  test('of a snapshot that is not available, or not in this region, is refused', async () => {
    const { rds, west, central } = await withSnapshot();
    const DBSnapshotIdentifier = 'arn:aws:rds:eu-west-1:123456789012:snapshot:s1';
    expect(await refusal(restore(central, { DBSnapshotIdentifier }))).toMatch(/^DBSnapshotNotFoundFault/);
    rds.place('eu-west-1').snapshot('s1').Status = 'failed';
    expect(await refusal(restore(west))).toMatch(/^InvalidDBSnapshotStateFault/);
  });

  test('of a copy in the other region works there, without the groups of the first one', async () => {
    const { central, clock } = await withSnapshot();
    const source = 'arn:aws:rds:eu-west-1:123456789012:snapshot:s1';
    await central.send(
      new CopyDBSnapshotCommand({ SourceDBSnapshotIdentifier: source, TargetDBSnapshotIdentifier: 'c1' }),
    );
    await clock.sleep(hours(1));
    expect(await refusal(restore(central, { DBSnapshotIdentifier: 'c1', VpcSecurityGroupIds: ['sg-app'] }))).toMatch(
      /^InvalidParameterValue: Invalid security group/,
    );
    expect(await refusal(restore(central, { DBSnapshotIdentifier: 'c1', DBSubnetGroupName: 'inner' }))).toMatch(
      /^DBSubnetGroupNotFoundFault/,
    );
    const { DBInstance } = await restore(central, { DBSnapshotIdentifier: 'c1' });
    expect(DBInstance?.DBInstanceArn).toBe('arn:aws:rds:eu-central-1:123456789012:db:new');
  });

  test('needs the key of the snapshot', async () => {
    const all = await given();
    const west = all.rds.place('eu-west-1');
    const key = west.addKey('own');
    west.addInstance({ DBInstanceIdentifier: 'db1', KmsKeyId: key.arn });
    await all.west.send(new CreateDBSnapshotCommand({ DBSnapshotIdentifier: 's1', DBInstanceIdentifier: 'db1' }));
    await all.clock.sleep(minutes(20));
    key.state = 'PendingDeletion';
    expect(await refusal(restore(all.west))).toMatch(/^KMSKeyNotAccessibleFault/);
    key.state = 'Enabled';
    expect((await restore(all.west)).DBInstance).toMatchObject({ StorageEncrypted: true, KmsKeyId: key.arn });
  });

  test.each([
    [undefined, 'incompatible-restore'],
    ['incompatible-network', 'incompatible-network'],
    ['failed', 'failed'],
  ])('can end as %s', async (status, expected) => {
    const { rds, west, clock } = await withSnapshot();
    rds.inject({ process: 'restore', kind: 'fails', ...(status === undefined ? {} : { status }) });
    await restore(west);
    await clock.sleep(hours(1));
    const end = await look(west, 'new');
    expect(end.DBInstanceStatus).toBe(expected);
    expect(end.Endpoint).toBeUndefined();
  });
});

describe('a restore to a point in time', () => {
  const toPoint = (client: RDSClient, more: Partial<RestoreDBInstanceToPointInTimeCommandInput>) =>
    client.send(new RestoreDBInstanceToPointInTimeCommand({ TargetDBInstanceIdentifier: 'new', ...more }));
  const from = { SourceDBInstanceIdentifier: 'db1' };

  test('to the latest, or to any time in the window', async () => {
    const { rds, west, clock } = await withSnapshot();
    await clock.sleep(days(2));
    await toPoint(west, { ...from, UseLatestRestorableTime: true, TargetDBInstanceIdentifier: 'latest' });
    const latest = (await look(west, 'db1')).LatestRestorableTime;
    expect(rds.place('eu-west-1').instance('latest').restoredTo).toEqual(latest);
    const RestoreTime = new Date(clock.now().getTime() - days(1));
    await toPoint(west, { ...from, RestoreTime });
    expect(rds.place('eu-west-1').instance('new').restoredTo).toEqual(RestoreTime);
    expect(rds.place('eu-west-1').instance('new').VpcSecurityGroups[0]?.VpcSecurityGroupId).toBe(
      'sg-default-eu-west-1',
    );
  });

  test('before or after the window, at no time, or at two is refused', async () => {
    const { rds, west, clock } = await withSnapshot();
    await clock.sleep(days(2));
    rds.place('eu-west-1').stall('db1');
    await clock.sleep(hours(1));
    const now = clock.now().getTime();
    const at = (time: number) => refusal(toPoint(west, { ...from, RestoreTime: new Date(time) }));
    expect(await at(now - minutes(50))).toMatch(/^InvalidParameterValue: .*later than/);
    expect(await at(now - days(30))).toMatch(/^InvalidParameterValue: .*earlier than/);
    expect(await refusal(toPoint(west, from))).toMatch(/^InvalidParameterCombination/);
    const both = { ...from, RestoreTime: new Date(now - days(1)), UseLatestRestorableTime: true };
    expect(await refusal(toPoint(west, both))).toMatch(/^InvalidParameterCombination/);
    expect(await refusal(toPoint(west, { UseLatestRestorableTime: true }))).toMatch(/^InvalidParameterCombination/);
  });

  test('without automated backups is refused', async () => {
    const { rds, west } = await withSnapshot();
    rds.place('eu-west-1').addInstance({ DBInstanceIdentifier: 'off', BackupRetentionPeriod: 0 });
    expect(await refusal(toPoint(west, { SourceDBInstanceIdentifier: 'off', UseLatestRestorableTime: true }))).toMatch(
      /^PointInTimeRestoreNotEnabledFault/,
    );
  });

  test('from the automated backups that another region has', async () => {
    const { rds, central, clock } = await withSnapshot();
    await central.send(
      new StartDBInstanceAutomatedBackupsReplicationCommand({
        SourceDBInstanceArn: 'arn:aws:rds:eu-west-1:123456789012:db:db1',
      }),
    );
    const find = async () =>
      (await central.send(new DescribeDBInstanceAutomatedBackupsCommand({ DBInstanceIdentifier: 'db1' })))
        .DBInstanceAutomatedBackups?.[0];
    const source = async () => ({
      SourceDBInstanceAutomatedBackupsArn: (await find())?.DBInstanceAutomatedBackupsArn,
      UseLatestRestorableTime: true,
    });
    expect(await refusal(toPoint(central, await source()))).toMatch(/^PointInTimeRestoreNotEnabledFault/);
    await clock.sleep(days(1));
    const { DBInstance } = await toPoint(central, await source());
    expect(DBInstance?.DBInstanceArn).toBe('arn:aws:rds:eu-central-1:123456789012:db:new');
    expect(rds.place('eu-central-1').instance('new').restoredTo).toEqual((await find())?.RestoreWindow?.LatestTime);
  });
});

describe('clusters', () => {
  async function withCluster(): Promise<Given> {
    const all = await given();
    all.rds
      .place('eu-west-1')
      .addCluster({ DBClusterIdentifier: 'c1', BackupRetentionPeriod: 7, DeletionProtection: true });
    await all.west.send(
      new CreateDBClusterSnapshotCommand({ DBClusterSnapshotIdentifier: 's1', DBClusterIdentifier: 'c1' }),
    );
    await all.clock.sleep(hours(1));
    return all;
  }
  const fromSnapshot = (client: RDSClient, id = 'new') =>
    client.send(
      new RestoreDBClusterFromSnapshotCommand({
        DBClusterIdentifier: id,
        SnapshotIdentifier: 's1',
        Engine: 'aurora-postgresql',
      }),
    );
  const member = (client: RDSClient, more = {}) =>
    client.send(
      new CreateDBInstanceCommand({
        DBInstanceIdentifier: 'new-1',
        DBInstanceClass: 'db.r7g.large',
        Engine: 'aurora-postgresql',
        DBClusterIdentifier: 'new',
        ...more,
      }),
    );

  test('come back without instances, which are made when the cluster is available', async () => {
    const { west, clock } = await withCluster();
    expect((await fromSnapshot(west)).DBCluster).toMatchObject({
      Status: 'creating',
      DBClusterMembers: [],
      DeletionProtection: false,
    });
    expect(await refusal(member(west))).toMatch(/^InvalidDBClusterStateFault/);
    await clock.sleep(hours(1));
    expect((await lookCluster(west, 'new')).Status).toBe('available');
    expect(await refusal(member(west, { Engine: 'mysql' }))).toMatch(/^InvalidParameterCombination/);
    expect(await refusal(member(west, { BackupRetentionPeriod: 3 }))).toMatch(/^InvalidParameterCombination/);
    expect((await member(west)).DBInstance?.DBInstanceStatus).toBe('creating');
    await clock.sleep(hours(1));
    expect((await look(west, 'new-1')).DBInstanceStatus).toBe('available');
    expect((await lookCluster(west, 'new')).DBClusterMembers).toMatchObject([
      { DBInstanceIdentifier: 'new-1', IsClusterWriter: true },
    ]);
  });

  test('come back to a point in time, as a copy or as a clone', async () => {
    const { west, clock } = await withCluster();
    await clock.sleep(days(1));
    const toPoint = (input: object) =>
      west.send(
        new RestoreDBClusterToPointInTimeCommand({
          DBClusterIdentifier: 'new',
          SourceDBClusterIdentifier: 'c1',
          ...input,
        }),
      );
    const ahead = new Date(clock.now().getTime() + hours(1));
    expect(await refusal(toPoint({ RestoreToTime: ahead }))).toMatch(/^InvalidParameterValue: .*later/);
    expect(await refusal(toPoint({ RestoreType: 'copy-on-write', RestoreToTime: ahead }))).toMatch(
      /^InvalidParameterComb/,
    );
    expect((await toPoint({ UseLatestRestorableTime: true })).DBCluster?.Status).toBe('creating');
    expect(await refusal(toPoint({ UseLatestRestorableTime: true }))).toMatch(/^DBClusterAlreadyExistsFault/);
  });

  test('of another engine, or a snapshot that is not there, are refused', async () => {
    const { west } = await withCluster();
    const wrong = (input: object) =>
      refusal(
        west.send(
          new RestoreDBClusterFromSnapshotCommand({
            ...{ DBClusterIdentifier: 'new', SnapshotIdentifier: 's1', Engine: 'aurora-postgresql' },
            ...input,
          }),
        ),
      );
    expect(await wrong({ Engine: 'aurora-mysql' })).toMatch(/^InvalidParameterCombination/);
    expect(await wrong({ SnapshotIdentifier: 's2' })).toMatch(/^DBClusterSnapshotNotFoundFault/);
    expect(await wrong({ DBClusterIdentifier: 'c1' })).toMatch(/^DBClusterAlreadyExistsFault/);
  });
});

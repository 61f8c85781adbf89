/** Changes, new names and ends of instances and clusters, through the real SDK. */
import {
  CreateDBClusterCommand,
  CreateDBInstanceCommand,
  type DBInstance,
  DeleteDBClusterCommand,
  DeleteDBInstanceCommand,
  type DeleteDBInstanceCommandInput,
  DescribeDBClustersCommand,
  DescribeDBInstanceAutomatedBackupsCommand,
  DescribeDBInstancesCommand,
  DescribeDBSnapshotsCommand,
  ModifyDBClusterCommand,
  ModifyDBInstanceCommand,
  type ModifyDBInstanceCommandInput,
  RebootDBInstanceCommand,
  StartDBInstanceAutomatedBackupsReplicationCommand,
} from '@aws-sdk/client-rds';
import { describe, expect, test } from 'vitest';
import { days, type Given, given, hours, minutes, refusal } from './given.ts';

async function withInstance(more: object = {}): Promise<Given> {
  const all = await given();
  all.rds.place('eu-west-1').addInstance({
    DBInstanceIdentifier: 'db1',
    PreferredMaintenanceWindow: 'sun:02:00-sun:02:30',
    ...more,
  });
  return all;
}

const modify = ({ west }: Given, more: Partial<ModifyDBInstanceCommandInput>) =>
  west.send(new ModifyDBInstanceCommand({ DBInstanceIdentifier: 'db1', ...more }));

async function look({ west }: Given, id = 'db1'): Promise<DBInstance> {
  const { DBInstances } = await west.send(new DescribeDBInstancesCommand({ DBInstanceIdentifier: id }));
  return DBInstances?.[0] ?? {};
}

describe('a change', () => {
  test('is not seen at first: available with a pending value, then modifying, then done', async () => {
    const all = await withInstance();
    const { DBInstance } = await modify(all, { DBInstanceClass: 'db.m7g.large', ApplyImmediately: true });
    expect(DBInstance).toMatchObject({
      DBInstanceStatus: 'available',
      DBInstanceClass: 'db.t4g.medium',
      PendingModifiedValues: { DBInstanceClass: 'db.m7g.large' },
    });
    await all.clock.sleep(minutes(1));
    expect(await look(all)).toMatchObject({ DBInstanceStatus: 'modifying', DBInstanceClass: 'db.t4g.medium' });
    await all.clock.sleep(minutes(10));
    expect(await look(all)).toMatchObject({
      DBInstanceStatus: 'available',
      DBInstanceClass: 'db.m7g.large',
      PendingModifiedValues: {},
    });
  });

  test('without ApplyImmediately waits for the maintenance window; security groups do not', async () => {
    const all = await withInstance();
    all.rds.place('eu-west-1').addSecurityGroup('sg-app');
    await modify(all, { DBInstanceClass: 'db.m7g.large', VpcSecurityGroupIds: ['sg-app'] });
    await all.clock.sleep(minutes(10));
    expect(await look(all)).toMatchObject({
      DBInstanceClass: 'db.t4g.medium',
      PendingModifiedValues: { DBInstanceClass: 'db.m7g.large' },
      VpcSecurityGroups: [{ VpcSecurityGroupId: 'sg-app' }],
    });
    await all.clock.sleep(days(7));
    expect(await look(all)).toMatchObject({ DBInstanceClass: 'db.m7g.large', PendingModifiedValues: {} });
  });

  test('of the parameter group wants a reboot', async () => {
    const all = await withInstance();
    all.rds.place('eu-west-1').addParameterGroup('tuned', 'postgres16');
    await modify(all, { DBParameterGroupName: 'tuned' });
    await all.clock.sleep(minutes(10));
    const group = async () => (await look(all)).DBParameterGroups?.[0];
    expect(await group()).toEqual({ DBParameterGroupName: 'tuned', ParameterApplyStatus: 'pending-reboot' });
    await all.west.send(new RebootDBInstanceCommand({ DBInstanceIdentifier: 'db1' }));
    expect((await look(all)).DBInstanceStatus).toBe('rebooting');
    await all.clock.sleep(minutes(10));
    expect(await group()).toMatchObject({ ParameterApplyStatus: 'in-sync' });
  });

  test('can fail silently: available, and the value is still pending', async () => {
    const all = await withInstance();
    all.rds.inject({ process: 'modify', kind: 'fails' });
    await modify(all, { AllocatedStorage: 500, ApplyImmediately: true });
    await all.clock.sleep(minutes(10));
    expect(await look(all)).toMatchObject({
      DBInstanceStatus: 'available',
      AllocatedStorage: 100,
      PendingModifiedValues: { AllocatedStorage: 500 },
    });
  });

  test('of a busy instance is refused', async () => {
    const all = await withInstance({ DBInstanceStatus: 'backing-up' });
    expect(await refusal(modify(all, { AllocatedStorage: 500 }))).toMatch(/^InvalidDBInstanceStateFault/);
  });

  test('that turns backups on makes a first one; off closes the window', async () => {
    const all = await withInstance();
    await modify(all, { BackupRetentionPeriod: 0, ApplyImmediately: true });
    await all.clock.sleep(minutes(10));
    expect((await look(all)).LatestRestorableTime).toBeUndefined();
    await modify(all, { BackupRetentionPeriod: 7, ApplyImmediately: true });
    await all.clock.sleep(minutes(4));
    expect((await look(all)).LatestRestorableTime).toBeUndefined();
    await all.clock.sleep(minutes(20));
    expect((await look(all)).LatestRestorableTime).toBeInstanceOf(Date);
  });

  test('of what its cluster decides is refused for a member', async () => {
    const all = await withInstance();
    all.rds.place('eu-west-1').addCluster({ DBClusterIdentifier: 'c1' });
    expect(await refusal(modify(all, { DBInstanceIdentifier: 'c1-1', BackupRetentionPeriod: 5 }))).toMatch(
      /^InvalidParameterCombination: .*member of a cluster/,
    );
  });
});

describe('a new name', () => {
  test('comes after a while; the resource stays the same, the ARN and the endpoint do not', async () => {
    const all = await withInstance();
    const before = await look(all);
    await modify(all, { NewDBInstanceIdentifier: 'DB2', ApplyImmediately: true });
    expect(await refusal(look(all, 'db2'))).toMatch(/^DBInstanceNotFoundFault/);
    await all.clock.sleep(minutes(1));
    expect((await look(all)).DBInstanceStatus).toBe('renaming');
    await all.clock.sleep(minutes(5));
    expect(await refusal(look(all))).toMatch(/^DBInstanceNotFoundFault/);
    const after = await look(all, 'db2');
    expect(after).toMatchObject({
      DBInstanceStatus: 'available',
      DbiResourceId: before.DbiResourceId,
      DBInstanceArn: 'arn:aws:rds:eu-west-1:123456789012:db:db2',
      PendingModifiedValues: {},
    });
    expect(after.Endpoint?.Address).toMatch(/^db2\./);
  });

  test('that is taken is refused; two names are swapped in two steps', async () => {
    const all = await withInstance();
    all.rds.place('eu-west-1').addInstance({ DBInstanceIdentifier: 'restored' });
    const rename = (from: string, to: string) =>
      modify(all, { DBInstanceIdentifier: from, NewDBInstanceIdentifier: to, ApplyImmediately: true });
    expect(await refusal(rename('restored', 'db1'))).toMatch(/^DBInstanceAlreadyExistsFault/);
    await rename('db1', 'db1-old');
    await all.clock.sleep(minutes(5));
    await rename('restored', 'db1');
    await all.clock.sleep(minutes(5));
    expect((await look(all, 'db1')).DBInstanceStatus).toBe('available');
    expect((await look(all, 'db1-old')).DBInstanceStatus).toBe('available');
  });

  test('of a cluster changes it for its members', async () => {
    const all = await withInstance();
    all.rds.place('eu-west-1').addCluster({ DBClusterIdentifier: 'c1' });
    const change = { DBClusterIdentifier: 'c1', NewDBClusterIdentifier: 'c2', ApplyImmediately: true };
    await all.west.send(new ModifyDBClusterCommand(change));
    await all.clock.sleep(minutes(5));
    const { DBClusters } = await all.west.send(new DescribeDBClustersCommand({ DBClusterIdentifier: 'c2' }));
    expect(DBClusters?.[0]).toMatchObject({
      Status: 'available',
      DBClusterMembers: [{ DBInstanceIdentifier: 'c1-1' }],
    });
    expect((await look(all, 'c1-1')).DBClusterIdentifier).toBe('c2');
    await all.clock.sleep(days(2));
    await all.rds.settle();
    expect(all.rds.place('eu-west-1').snapshots.some(({ sourceId }) => sourceId === 'c2')).toBe(true);
  });
});

describe('the end of an instance', () => {
  const end = ({ west }: Given, more: Partial<DeleteDBInstanceCommandInput> = {}) =>
    west.send(new DeleteDBInstanceCommand({ DBInstanceIdentifier: 'db1', ...more }));

  test('takes its automated snapshots along, and leaves the manual one that was made last', async () => {
    const all = await withInstance();
    await all.clock.sleep(days(1) + hours(6));
    expect((await end(all, { FinalDBSnapshotIdentifier: 'final' })).DBInstance?.DBInstanceStatus).toBe('deleting');
    await all.clock.sleep(hours(1));
    expect(await refusal(look(all))).toMatch(/^DBInstanceNotFoundFault/);
    const { DBSnapshots } = await all.west.send(new DescribeDBSnapshotsCommand({}));
    expect(DBSnapshots?.map(({ DBSnapshotIdentifier, Status }) => `${DBSnapshotIdentifier} ${Status}`)).toEqual([
      'final available',
    ]);
  });

  test('can leave its automated backups, whose window stands still', async () => {
    const all = await withInstance({ BackupRetentionPeriod: 3 });
    await all.clock.sleep(days(1));
    await end(all, { SkipFinalSnapshot: true, DeleteAutomatedBackups: false });
    const retained = async () =>
      (await all.west.send(new DescribeDBInstanceAutomatedBackupsCommand({}))).DBInstanceAutomatedBackups;
    await all.clock.sleep(days(1));
    expect(await retained()).toMatchObject([{ Status: 'retained', DBInstanceIdentifier: 'db1' }]);
    await all.clock.sleep(days(3));
    expect(await retained()).toEqual([]);
  });

  test('leaves what another region has', async () => {
    const all = await withInstance();
    const SourceDBInstanceArn = 'arn:aws:rds:eu-west-1:123456789012:db:db1';
    await all.central.send(new StartDBInstanceAutomatedBackupsReplicationCommand({ SourceDBInstanceArn }));
    await all.clock.sleep(days(1));
    await end(all, { SkipFinalSnapshot: true });
    await all.clock.sleep(days(1));
    const { DBInstanceAutomatedBackups } = await all.central.send(new DescribeDBInstanceAutomatedBackupsCommand({}));
    expect(DBInstanceAutomatedBackups).toMatchObject([{ Status: 'retained' }]);
    const last = Number(DBInstanceAutomatedBackups?.[0]?.RestoreWindow?.LatestTime);
    expect(all.clock.now().getTime() - last).toBeGreaterThan(hours(23));
  });

  test('is refused for a protected one, without a word about the last snapshot, with two, and twice', async () => {
    const all = await withInstance({ DeletionProtection: true });
    expect(await refusal(end(all, { SkipFinalSnapshot: true }))).toMatch(
      /^InvalidParameterCombination: Cannot delete protected/,
    );
    await modify(all, { DeletionProtection: false });
    expect(await refusal(end(all))).toMatch(/^InvalidParameterCombination: FinalDBSnapshotIdentifier is required/);
    const two = { SkipFinalSnapshot: true, FinalDBSnapshotIdentifier: 'x' };
    expect(await refusal(end(all, two))).toMatch(/^InvalidParameterCombination/);
    await end(all, { SkipFinalSnapshot: true });
    expect(await refusal(end(all, { SkipFinalSnapshot: true }))).toMatch(/already being deleted/);
  });

  test('of a cluster comes after that of its instances', async () => {
    const all = await withInstance();
    all.rds.place('eu-west-1').addCluster({ DBClusterIdentifier: 'c1' });
    const remove = () =>
      all.west.send(new DeleteDBClusterCommand({ DBClusterIdentifier: 'c1', SkipFinalSnapshot: true }));
    expect(await refusal(remove())).toMatch(/^InvalidDBClusterStateFault: .*still contains DB instances/);
    await end(all, { DBInstanceIdentifier: 'c1-1', SkipFinalSnapshot: true });
    expect((await remove()).DBCluster?.Status).toBe('deleting');
    await all.clock.sleep(minutes(20));
    const gone = new DescribeDBClustersCommand({ DBClusterIdentifier: 'c1' });
    expect(await refusal(all.west.send(gone))).toMatch(/^DBClusterNotFoundFault/);
  });
});

describe('something new', () => {
  test('an instance is restorable when its first backup is there', async () => {
    const all = await given();
    const input = {
      DBInstanceIdentifier: 'db1',
      Engine: 'postgres',
      DBInstanceClass: 'db.t4g.medium',
      AllocatedStorage: 20,
    };
    const { DBInstance } = await all.west.send(new CreateDBInstanceCommand(input));
    expect(DBInstance).toMatchObject({ DBInstanceStatus: 'creating', EngineVersion: '17.4' });
    expect(await refusal(all.west.send(new CreateDBInstanceCommand(input)))).toMatch(/^DBInstanceAlreadyExistsFault/);
    await all.clock.sleep(hours(1));
    expect(await look(all)).toMatchObject({ DBInstanceStatus: 'available', LatestRestorableTime: expect.any(Date) });
  });

  test('a cluster that is to be encrypted gets the standard key when no other is named', async () => {
    const all = await given();
    const { DBCluster } = await all.west.send(
      new CreateDBClusterCommand({ DBClusterIdentifier: 'c1', Engine: 'aurora-postgresql', StorageEncrypted: true }),
    );
    expect(DBCluster?.KmsKeyId).toMatch(/^arn:aws:kms:eu-west-1:123456789012:key\//);
  });
});

/** Points in time: LatestRestorableTime, its stalls, and automated backups here and in another region. */
import {
  type DBInstanceAutomatedBackup,
  DescribeDBClusterAutomatedBackupsCommand,
  DescribeDBClustersCommand,
  DescribeDBInstanceAutomatedBackupsCommand,
  DescribeDBInstancesCommand,
  StartDBInstanceAutomatedBackupsReplicationCommand,
  type StartDBInstanceAutomatedBackupsReplicationCommandInput,
  StopDBInstanceAutomatedBackupsReplicationCommand,
} from '@aws-sdk/client-rds';
import { describe, expect, test } from 'vitest';
import { days, type Given, given, hours, minutes, refusal } from './given.ts';

const SourceDBInstanceArn = 'arn:aws:rds:eu-west-1:123456789012:db:db1';

async function withInstance(encrypted = false): Promise<Given> {
  const all = await given();
  const { arn } = all.rds.place('eu-west-1').addKey('west-key');
  all.rds.place('eu-west-1').addInstance({
    DBInstanceIdentifier: 'db1',
    StorageEncrypted: encrypted,
    ...(encrypted ? { KmsKeyId: arn } : {}),
  });
  return all;
}

const behind = async ({ west, clock }: Given): Promise<number> => {
  const { DBInstances } = await west.send(new DescribeDBInstancesCommand({ DBInstanceIdentifier: 'db1' }));
  return (clock.now().getTime() - (DBInstances?.[0]?.LatestRestorableTime?.getTime() ?? 0)) / 60_000;
};

describe('LatestRestorableTime', () => {
  test('follows in steps of five minutes', async () => {
    const all = await withInstance();
    const seen = [];
    for (let at = 0; at < 12; at += 1) {
      await all.clock.sleep(minutes(1));
      seen.push(await behind(all));
    }
    expect(seen).toEqual([1, 2, 3, 4, 0, 1, 2, 3, 4, 0, 1, 2]);
  });

  test('stands still while it is stalled, and catches up afterwards', async () => {
    const all = await withInstance();
    await all.clock.sleep(hours(1));
    all.rds.place('eu-west-1').stall('db1');
    await all.clock.sleep(minutes(60));
    expect(await behind(all)).toBe(60);
    all.rds.place('eu-west-1').resume('db1');
    expect(await behind(all)).toBe(0);
  });

  test('is not there without automated backups', async () => {
    const all = await withInstance();
    all.rds.place('eu-west-1').instance('db1').BackupRetentionPeriod = 0;
    const { DBInstances } = await all.west.send(new DescribeDBInstancesCommand({}));
    expect(DBInstances?.[0]).not.toHaveProperty('LatestRestorableTime');
  });

  test('of a cluster follows within five minutes, and its window opens with its retention', async () => {
    const all = await withInstance();
    all.rds.place('eu-west-1').addCluster({ DBClusterIdentifier: 'c1', BackupRetentionPeriod: 3 });
    await all.clock.sleep(days(10));
    const { DBClusters } = await all.west.send(new DescribeDBClustersCommand({}));
    const now = all.clock.now().getTime();
    expect(now - Number(DBClusters?.[0]?.LatestRestorableTime)).toBe(minutes(2));
    expect(now - Number(DBClusters?.[0]?.EarliestRestorableTime)).toBe(days(3));
    const { DBClusterAutomatedBackups } = await all.west.send(
      new DescribeDBClusterAutomatedBackupsCommand({ DBClusterIdentifier: 'c1' }),
    );
    expect(DBClusterAutomatedBackups?.[0]?.RestoreWindow?.LatestTime).toEqual(DBClusters?.[0]?.LatestRestorableTime);
    const members = await all.west.send(new DescribeDBInstanceAutomatedBackupsCommand({}));
    expect(members.DBInstanceAutomatedBackups?.map((one) => one.DBInstanceIdentifier)).toEqual(['db1']);
  });
});

describe('automated backups in another region', () => {
  const begin = ({ central }: Given, input: Partial<StartDBInstanceAutomatedBackupsReplicationCommandInput> = {}) =>
    central.send(new StartDBInstanceAutomatedBackupsReplicationCommand({ SourceDBInstanceArn, ...input }));

  const look = async ({ central }: Given): Promise<DBInstanceAutomatedBackup | undefined> =>
    (await central.send(new DescribeDBInstanceAutomatedBackupsCommand({ DBInstanceIdentifier: 'db1' })))
      .DBInstanceAutomatedBackups?.[0];

  test('have no window before the first backup is there; then it follows the source', async () => {
    const all = await withInstance();
    const { DBInstanceAutomatedBackup } = await begin(all, { BackupRetentionPeriod: 14 });
    expect(DBInstanceAutomatedBackup).toMatchObject({
      Status: 'pending',
      Region: 'eu-west-1',
      BackupRetentionPeriod: 14,
    });
    expect(DBInstanceAutomatedBackup?.DBInstanceAutomatedBackupsArn).toMatch(
      /^arn:aws:rds:eu-central-1:123456789012:auto-backup:ab-/,
    );
    expect((await look(all))?.RestoreWindow?.LatestTime).toBeUndefined();
    await all.clock.sleep(hours(2));
    const later = await look(all);
    expect(later?.Status).toBe('replicating');
    expect(all.clock.now().getTime() - Number(later?.RestoreWindow?.LatestTime)).toBe(minutes(5));
    const { DBInstances } = await all.west.send(new DescribeDBInstancesCommand({}));
    expect(DBInstances?.[0]?.DBInstanceAutomatedBackupsReplications).toEqual([
      { DBInstanceAutomatedBackupsArn: later?.DBInstanceAutomatedBackupsArn },
    ]);
  });

  test('can stand still on their own, or with their source', async () => {
    const all = await withInstance();
    await begin(all);
    await all.clock.sleep(hours(2));
    all.rds.place('eu-central-1').stall('db1');
    await all.clock.sleep(hours(1));
    const stalled = Number((await look(all))?.RestoreWindow?.LatestTime);
    expect(all.clock.now().getTime() - stalled).toBe(hours(1));
    expect(await behind(all)).toBe(0);
    all.rds.place('eu-central-1').resume('db1');
    all.rds.place('eu-west-1').stall('db1');
    await all.clock.sleep(hours(1));
    expect(all.clock.now().getTime() - Number((await look(all))?.RestoreWindow?.LatestTime)).toBe(
      hours(1) + minutes(5),
    );
  });

  test('that are stopped are retained, stand still, and go with their retention', async () => {
    const all = await withInstance();
    await begin(all, { BackupRetentionPeriod: 3 });
    await all.clock.sleep(hours(2));
    const stop = () => all.central.send(new StopDBInstanceAutomatedBackupsReplicationCommand({ SourceDBInstanceArn }));
    const { DBInstanceAutomatedBackup } = await stop();
    expect(DBInstanceAutomatedBackup?.Status).toBe('retained');
    const end = DBInstanceAutomatedBackup?.RestoreWindow?.LatestTime;
    await all.clock.sleep(days(1));
    expect((await look(all))?.RestoreWindow?.LatestTime).toEqual(end);
    expect(await refusal(stop())).toMatch(/^DBInstanceNotFoundFault/);
    expect((await begin(all)).DBInstanceAutomatedBackup?.Status).toBe('pending');
    await all.clock.sleep(days(3));
    expect((await look(all))?.Status).toBe('replicating');
  });

  test('of an encrypted instance need a key of the region that they go to', async () => {
    const all = await withInstance(true);
    const { arn } = all.rds.place('eu-central-1').addKey('central-key');
    expect(await refusal(begin(all))).toMatch(/^InvalidParameterValue: A KMS key/);
    expect(await refusal(begin(all, { KmsKeyId: 'west-key' }))).toMatch(/^KMSKeyNotAccessibleFault/);
    expect((await begin(all, { KmsKeyId: arn })).DBInstanceAutomatedBackup?.KmsKeyId).toBe(arn);
  });

  test('are refused twice, in the same region, of a busy instance, and of one without backups', async () => {
    const all = await withInstance();
    const instance = all.rds.place('eu-west-1').instance('db1');
    expect(
      await refusal(all.west.send(new StartDBInstanceAutomatedBackupsReplicationCommand({ SourceDBInstanceArn }))),
    ).toMatch(/^InvalidParameterValue/);
    instance.DBInstanceStatus = 'modifying';
    expect(await refusal(begin(all))).toMatch(/^InvalidDBInstanceStateFault/);
    instance.DBInstanceStatus = 'available';
    instance.BackupRetentionPeriod = 0;
    expect(await refusal(begin(all))).toMatch(/^InvalidDBInstanceStateFault: Automated backups are not enabled/);
    instance.BackupRetentionPeriod = 7;
    await begin(all);
    expect(await refusal(begin(all))).toMatch(/^InvalidDBInstanceAutomatedBackupStateFault/);
  });

  test('that never arrive say nothing of it', async () => {
    const all = await withInstance();
    all.rds.inject({ process: 'replication', kind: 'fails' });
    await begin(all);
    await all.clock.sleep(days(3));
    expect(await look(all)).toMatchObject({ Status: 'pending' });
    expect((await look(all))?.RestoreWindow?.LatestTime).toBeUndefined();
  });
});

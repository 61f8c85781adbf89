/**
 * Asks the RDS of `local/rds/` and another RDS endpoint (moto's server: `moto_server -p 5055`) the same questions through the
 * SDK, and prints the table of `docs/rds-fake.md`: `node scripts/compare-rds.ts http://127.0.0.1:5055`. Not part of the tests,
 * as the other one is not ours.
 */
import * as sdk from '@aws-sdk/client-rds';
import { startRds } from '../local/rds/server.ts';
import { VirtualClock } from '../src/core/clock.ts';

const account = '123456789012';
const tags = (...keys: string[]) => keys.map((Key) => ({ Key, Value: 'x' }));
const arn = (kind: string, name: string, region = 'eu-west-1') => `arn:aws:rds:${region}:${account}:${kind}:${name}`;

interface Under {
  readonly west: sdk.RDSClient;
  readonly central: sdk.RDSClient;
  /** Lets enough time pass for anything to be over. */
  pass(): Promise<void>;
}

const instance = (id: string, more: object = {}) =>
  new sdk.CreateDBInstanceCommand({
    ...{ DBInstanceIdentifier: id, Engine: 'postgres', DBInstanceClass: 'db.t4g.medium', AllocatedStorage: 20 },
    ...{ MasterUsername: 'master', MasterUserPassword: 'not-a-secret', BackupRetentionPeriod: 1 },
    ...more,
  });
const snapshot = (id: string, of = 'db1', Tags: sdk.Tag[] = []) =>
  new sdk.CreateDBSnapshotCommand({ DBSnapshotIdentifier: id, DBInstanceIdentifier: of, Tags });
const copy = (source: string, target: string, more: object = {}) =>
  new sdk.CopyDBSnapshotCommand({ SourceDBSnapshotIdentifier: source, TargetDBSnapshotIdentifier: target, ...more });

async function made({ west, pass }: Under, more: object = {}): Promise<void> {
  await west.send(instance('db1', more));
  await pass();
  await west.send(snapshot('s1'));
  await pass();
}

/** What is asked, and the answer in a few words. Each begins with an empty service. */
const questions: readonly (readonly [string, (on: Under) => Promise<unknown>])[] = [
  [
    'a snapshot just begun',
    async (on) => {
      await on.west.send(instance('db1'));
      await on.pass();
      return (await on.west.send(snapshot('s1'))).DBSnapshot?.Status;
    },
  ],
  [
    'the same name again',
    async (on) => {
      await made(on);
      return on.west.send(snapshot('s1'));
    },
  ],
  [
    'a second snapshot while the first is made',
    async (on) => {
      await on.west.send(instance('db1'));
      await on.pass();
      await on.west.send(snapshot('s1'));
      return (await on.west.send(snapshot('s2'))).DBSnapshot?.Status;
    },
  ],
  [
    'a snapshot of a member of a cluster',
    async (on) => {
      await on.west.send(
        new sdk.CreateDBClusterCommand({
          ...{ DBClusterIdentifier: 'c1', Engine: 'aurora-postgresql', MasterUsername: 'master' },
          ...{ MasterUserPassword: 'not-a-secret' },
        }),
      );
      await on.pass();
      const member = { DBInstanceIdentifier: 'm1', DBClusterIdentifier: 'c1', Engine: 'aurora-postgresql' };
      await on.west.send(new sdk.CreateDBInstanceCommand({ DBInstanceClass: 'db.r7g.large', ...member }));
      await on.pass();
      return (await on.west.send(snapshot('s1', 'm1'))).DBSnapshot?.Status;
    },
  ],
  [
    'a snapshot that is called `rds:x`',
    async (on) => {
      await made(on);
      return (await on.west.send(snapshot('rds:x'))).DBSnapshot?.Status;
    },
  ],
  ['a snapshot of an instance that is not there', (on) => on.west.send(snapshot('s1', 'db9'))],
  [
    'a tag that begins with `aws:`',
    async (on) => {
      await made(on);
      return (await on.west.send(snapshot('s2', 'db1', tags('aws:x')))).DBSnapshot?.Status;
    },
  ],
  [
    'the manual snapshot after the hundredth',
    async (on) => {
      await made(on);
      for (let at = 2; at <= 100; at += 1) {
        await on.west.send(snapshot(`s${at}`));
        await on.pass();
      }
      return (await on.west.send(snapshot('s101'))).DBSnapshot?.Status;
    },
  ],
  [
    'a list of 30 with MaxRecords 20',
    async (on) => {
      await made(on);
      for (let at = 2; at <= 30; at += 1) {
        await on.west.send(snapshot(`s${at}`));
        await on.pass();
      }
      const page = await on.west.send(new sdk.DescribeDBSnapshotsCommand({ MaxRecords: 20, SnapshotType: 'manual' }));
      return `${page.DBSnapshots?.length} and ${page.Marker === undefined ? 'no' : 'a'} marker`;
    },
  ],
  ['MaxRecords 19', (on) => on.west.send(new sdk.DescribeDBSnapshotsCommand({ MaxRecords: 19 }))],
  [
    'a snapshot that is not there',
    (on) => on.west.send(new sdk.DescribeDBSnapshotsCommand({ DBSnapshotIdentifier: 'x' })),
  ],
  [
    'snapshots of an instance that is not there',
    async (on) =>
      `${(await on.west.send(new sdk.DescribeDBSnapshotsCommand({ DBInstanceIdentifier: 'x' }))).DBSnapshots?.length} found`,
  ],
  [
    'a filter that nobody knows',
    (on) => on.west.send(new sdk.DescribeDBSnapshotsCommand({ Filters: [{ Name: 'tag:x', Values: ['y'] }] })),
  ],
  [
    'a copy into another region',
    async (on) => {
      await made(on);
      return (await on.central.send(copy(arn('snapshot', 's1'), 'c1'))).DBSnapshot?.Status;
    },
  ],
  [
    'the original time of that copy',
    async (on) => {
      await made(on);
      const { DBSnapshot } = await on.central.send(copy(arn('snapshot', 's1'), 'c1'));
      const { DBSnapshots } = await on.west.send(new sdk.DescribeDBSnapshotsCommand({ DBSnapshotIdentifier: 's1' }));
      return Number(DBSnapshot?.OriginalSnapshotCreateTime) === Number(DBSnapshots?.[0]?.SnapshotCreateTime)
        ? 'kept'
        : 'lost';
    },
  ],
  [
    'a copy of an encrypted one without a key',
    async (on) => {
      await made(on, { StorageEncrypted: true });
      return (await on.central.send(copy(arn('snapshot', 's1'), 'c1'))).DBSnapshot?.Status;
    },
  ],
  [
    'a copy with a key that is not there',
    async (on) => {
      await made(on, { StorageEncrypted: true });
      return (await on.central.send(copy(arn('snapshot', 's1'), 'c1', { KmsKeyId: 'nobody' }))).DBSnapshot?.Status;
    },
  ],
  [
    'a copy of an automated snapshot, by ARN',
    async (on) => {
      await made(on);
      const { DBSnapshots } = await on.west.send(new sdk.DescribeDBSnapshotsCommand({ SnapshotType: 'automated' }));
      const source = DBSnapshots?.[0]?.DBSnapshotArn;
      return source === undefined ? 'there is none' : (await on.central.send(copy(source, 'c1'))).DBSnapshot?.Status;
    },
  ],
  [
    'CopyTags',
    async (on) => {
      await made(on);
      await on.west.send(new sdk.AddTagsToResourceCommand({ ResourceName: arn('snapshot', 's1'), Tags: tags('team') }));
      const { DBSnapshot } = await on.west.send(copy('s1', 'c1', { CopyTags: true }));
      return DBSnapshot?.TagList?.map(({ Key }) => Key).join();
    },
  ],
  [
    'a snapshot that is deleted',
    async (on) => {
      await made(on);
      return (await on.west.send(new sdk.DeleteDBSnapshotCommand({ DBSnapshotIdentifier: 's1' }))).DBSnapshot?.Status;
    },
  ],
  [
    'an encrypted snapshot made public',
    async (on) => {
      await made(on, { StorageEncrypted: true });
      const all = { AttributeName: 'restore', ValuesToAdd: ['all'], DBSnapshotIdentifier: 's1' };
      await on.west.send(new sdk.ModifyDBSnapshotAttributeCommand(all));
      return 'done';
    },
  ],
  [
    'the groups of a restored instance',
    async (on) => {
      await made(on);
      const restore = { DBInstanceIdentifier: 'new', DBSnapshotIdentifier: 's1' };
      const { DBInstance } = await on.west.send(new sdk.RestoreDBInstanceFromDBSnapshotCommand(restore));
      return `${DBInstance?.DBInstanceStatus}, ${DBInstance?.DBParameterGroups?.[0]?.DBParameterGroupName}`;
    },
  ],
  [
    'a restore to a time in the future',
    async (on) => {
      await made(on);
      const target = { SourceDBInstanceIdentifier: 'db1', TargetDBInstanceIdentifier: 'new' };
      const later = { ...target, RestoreTime: new Date('2100-01-01') };
      return (await on.west.send(new sdk.RestoreDBInstanceToPointInTimeCommand(later))).DBInstance?.DBInstanceStatus;
    },
  ],
  [
    'a change, at once after it was asked for',
    async (on) => {
      await made(on);
      const change = { DBInstanceIdentifier: 'db1', AllocatedStorage: 50, ApplyImmediately: true };
      const { DBInstance } = await on.west.send(new sdk.ModifyDBInstanceCommand(change));
      return `${DBInstance?.DBInstanceStatus}, ${DBInstance?.AllocatedStorage} GiB`;
    },
  ],
  [
    'the end of a protected instance',
    async (on) => {
      await made(on, { DeletionProtection: true });
      const end = { DBInstanceIdentifier: 'db1', SkipFinalSnapshot: true };
      return (await on.west.send(new sdk.DeleteDBInstanceCommand(end))).DBInstance?.DBInstanceStatus;
    },
  ],
  [
    'the end of an instance without a word about its last snapshot',
    async (on) => {
      await made(on);
      return (await on.west.send(new sdk.DeleteDBInstanceCommand({ DBInstanceIdentifier: 'db1' }))).DBInstance
        ?.DBInstanceStatus;
    },
  ],
  [
    'LatestRestorableTime',
    async (on) => {
      await made(on);
      const { DBInstances } = await on.west.send(new sdk.DescribeDBInstancesCommand({ DBInstanceIdentifier: 'db1' }));
      return DBInstances?.[0]?.LatestRestorableTime === undefined ? 'missing' : 'there';
    },
  ],
  [
    'automated backups into another region',
    async (on) => {
      await made(on);
      const start = new sdk.StartDBInstanceAutomatedBackupsReplicationCommand({
        SourceDBInstanceArn: arn('db', 'db1'),
      });
      return (await on.central.send(start)).DBInstanceAutomatedBackup?.Status;
    },
  ],
  [
    'an export',
    async (on) => {
      await made(on);
      const task = { ExportTaskIdentifier: 'e1', SourceArn: arn('snapshot', 's1'), S3BucketName: 'b', KmsKeyId: 'own' };
      const role = `arn:aws:iam::${account}:role/export`;
      return (await on.west.send(new sdk.StartExportTaskCommand({ ...task, IamRoleArn: role }))).Status;
    },
  ],
  [
    'quotas',
    async (on) =>
      (await on.west.send(new sdk.DescribeAccountAttributesCommand({}))).AccountQuotas?.length ? 'listed' : 'none',
  ],
  [
    'events',
    async (on) => {
      await made(on);
      return (await on.west.send(new sdk.DescribeEventsCommand({}))).Events?.length ? 'listed' : 'none';
    },
  ],
];

const clients = (endpoint: string) => {
  const client = (region: string) =>
    new sdk.RDSClient({ region, endpoint, maxAttempts: 1, credentials: { accessKeyId: 'x', secretAccessKey: 'x' } });
  return { west: client('eu-west-1'), central: client('eu-central-1') };
};

async function ask(question: (on: Under) => Promise<unknown>, on: Under): Promise<string> {
  try {
    const said = await question(on);
    return typeof said === 'string' ? said : said === undefined ? 'nothing' : 'done';
  } catch (error) {
    const { name, $metadata } = error as { name: string; $metadata?: { httpStatusCode?: number } };
    return `\`${name}\` ${$metadata?.httpStatusCode ?? ''}`.trim();
  }
}

const other = process.argv[2] ?? 'http://127.0.0.1:5055';
console.log('| Asked | here | moto |\n|---|---|---|');
for (const [words, question] of questions) {
  const clock = new VirtualClock('2026-03-02T00:00:00Z');
  const rds = await startRds({ clock, account });
  rds.place('eu-west-1').addKey('own');
  const here = await ask(question, { ...clients(rds.url), pass: () => clock.sleep(3_600_000) });
  await rds.close();
  await fetch(`${other}/moto-api/reset`, { method: 'POST' });
  const there = await ask(question, { ...clients(other), pass: async () => {} });
  console.log(`| ${words} | ${here} | ${here === there ? 'the same' : there} |`);
}

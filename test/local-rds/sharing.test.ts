/** Sharing with another account, and what the other one may do with it, through the real SDK. */
import {
  CopyDBSnapshotCommand,
  CreateDBSnapshotCommand,
  DescribeDBSnapshotAttributesCommand,
  DescribeDBSnapshotsCommand,
  ModifyDBSnapshotAttributeCommand,
  type ModifyDBSnapshotAttributeCommandInput,
} from '@aws-sdk/client-rds';
import { describe, expect, test } from 'vitest';
import { days, type Given, given, minutes, refusal } from './given.ts';

const them = '999999999999';
const arn = 'arn:aws:rds:eu-west-1:123456789012:snapshot:s1';

async function withSnapshot(key?: string): Promise<Given> {
  const all = await given();
  const west = all.rds.place('eu-west-1');
  west.addKey('own', { sharedWith: [them] });
  west.addKey('private');
  const KmsKeyId = key === undefined ? undefined : west.place.keys.find(key)?.arn;
  west.addInstance({
    DBInstanceIdentifier: 'db1',
    StorageEncrypted: key !== undefined,
    ...(KmsKeyId === undefined ? {} : { KmsKeyId }),
  });
  await all.west.send(new CreateDBSnapshotCommand({ DBSnapshotIdentifier: 's1', DBInstanceIdentifier: 'db1' }));
  await all.clock.sleep(minutes(20));
  return all;
}

const modify = ({ west }: Given, input: Partial<ModifyDBSnapshotAttributeCommandInput>) =>
  west.send(new ModifyDBSnapshotAttributeCommand({ DBSnapshotIdentifier: 's1', AttributeName: 'restore', ...input }));
const share = (all: Given, ...accounts: string[]) => modify(all, { ValuesToAdd: accounts });

const shared = async (all: Given) => {
  const found = await all.west.send(new DescribeDBSnapshotAttributesCommand({ DBSnapshotIdentifier: 's1' }));
  return found.DBSnapshotAttributesResult?.DBSnapshotAttributes?.[0]?.AttributeValues;
};

const theirs = async (all: Given, input: object) =>
  (await all.other('eu-west-1').send(new DescribeDBSnapshotsCommand(input))).DBSnapshots?.map(
    (one) => one.DBSnapshotArn,
  );

const pull = (all: Given, region: string, KmsKeyId?: string) =>
  all
    .other(region)
    .send(
      new CopyDBSnapshotCommand({ SourceDBSnapshotIdentifier: arn, TargetDBSnapshotIdentifier: 'pulled', KmsKeyId }),
    );

describe('a snapshot', () => {
  test('is seen by another account only when it is shared, and only when shared ones are asked for', async () => {
    const all = await withSnapshot();
    expect(await theirs(all, { SnapshotType: 'shared' })).toEqual([]);
    expect(await refusal(pull(all, 'eu-west-1'))).toMatch(/^DBSnapshotNotFoundFault/);
    await share(all, them);
    expect(await shared(all)).toEqual([them]);
    expect(await theirs(all, {})).toEqual([]);
    expect(await theirs(all, { SnapshotType: 'shared' })).toEqual([arn]);
    expect(await theirs(all, { IncludeShared: true })).toEqual([arn]);
    expect(await theirs(all, { DBSnapshotIdentifier: arn, IncludeShared: true })).toEqual([arn]);
    expect((await pull(all, 'eu-west-1')).DBSnapshot?.Status).toBe('copying');
    await modify(all, { ValuesToRemove: [them] });
    expect(await theirs(all, { SnapshotType: 'shared' })).toEqual([]);
  });

  test('may be public, and is then listed as such', async () => {
    const all = await withSnapshot();
    await share(all, 'all');
    expect(await theirs(all, { SnapshotType: 'public' })).toEqual([arn]);
    expect(await shared(all)).toEqual(['all']);
  });

  test('that is encrypted is never public', async () => {
    expect(await refusal(share(await withSnapshot('own'), 'all'))).toMatch(/^InvalidParameterValue: Encrypted/);
  });

  test('that is encrypted with the key that Amazon manages is not shared at all', async () => {
    expect(await refusal(share(await withSnapshot('alias/aws/rds'), them))).toMatch(/^InvalidDBSnapshotStateFault/);
  });

  test('that RDS made is not shared', async () => {
    const all = await withSnapshot();
    await all.clock.sleep(days(1));
    await all.rds.settle();
    const automated = all.rds.place('eu-west-1').snapshots.find(({ SnapshotType }) => SnapshotType === 'automated');
    expect(await refusal(modify(all, { DBSnapshotIdentifier: automated?.arn, ValuesToAdd: [them] }))).toMatch(
      /^InvalidDBSnapshotStateFault: Automated/,
    );
  });

  test('is shared with 20 accounts at most', async () => {
    const all = await withSnapshot();
    const accounts = Array.from({ length: 21 }, (_, at) => String(100_000_000_000 + at));
    expect(await refusal(share(all, ...accounts))).toMatch(/^SharedSnapshotQuotaExceededFault/);
    expect(await shared(all)).toEqual([]);
    await share(all, ...accounts.slice(1));
    expect(await refusal(share(all, '1234'))).toMatch(/^InvalidParameterValue/);
  });
});

describe('an encrypted snapshot of another account', () => {
  test('needs a key of the one that copies, and the use of the key that it has', async () => {
    const all = await withSnapshot('own');
    await share(all, them);
    const { arn: key } = all.rds.place('eu-west-1', them).addKey('theirs');
    expect(await refusal(pull(all, 'eu-west-1'))).toMatch(/^InvalidParameterValue: Must specify a KMS key/);
    expect((await pull(all, 'eu-west-1', key)).DBSnapshot?.KmsKeyId).toBe(key);
  });

  test('is out of reach when its key is not shared', async () => {
    const all = await withSnapshot('private');
    await share(all, them);
    const { arn: key } = all.rds.place('eu-west-1', them).addKey('theirs');
    expect(await refusal(pull(all, 'eu-west-1', key))).toMatch(/^KMSKeyNotAccessibleFault: .*private/);
  });

  test('goes into another region and account in one step', async () => {
    const all = await withSnapshot('own');
    await share(all, them);
    const { arn: key } = all.rds.place('eu-central-1', them).addKey('theirs');
    expect((await pull(all, 'eu-central-1', key)).DBSnapshot).toMatchObject({
      DBSnapshotArn: 'arn:aws:rds:eu-central-1:999999999999:snapshot:pulled',
      SourceDBSnapshotIdentifier: arn,
    });
  });
});

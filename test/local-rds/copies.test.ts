/** Copies between regions and accounts, keys and sharing, through the real SDK. Each test is a rule of the service. */
import {
  CopyDBClusterSnapshotCommand,
  CopyDBSnapshotCommand,
  type CopyDBSnapshotCommandInput,
  CreateDBClusterSnapshotCommand,
  CreateDBSnapshotCommand,
  type DBSnapshot,
  DeleteDBSnapshotCommand,
  DescribeDBClusterSnapshotsCommand,
  DescribeDBSnapshotsCommand,
  type RDSClient,
} from '@aws-sdk/client-rds';
import { describe, expect, test } from 'vitest';
import { days, type Given, given, minutes, refusal } from './given.ts';

const arn = (id: string, account = '123456789012') => `arn:aws:rds:eu-west-1:${account}:snapshot:${id}`;

const copy = (client: RDSClient, source: string, target: string, more: Partial<CopyDBSnapshotCommandInput> = {}) =>
  client.send(
    new CopyDBSnapshotCommand({ SourceDBSnapshotIdentifier: source, TargetDBSnapshotIdentifier: target, ...more }),
  );

async function look(client: RDSClient, id: string): Promise<DBSnapshot> {
  const { DBSnapshots } = await client.send(new DescribeDBSnapshotsCommand({ DBSnapshotIdentifier: id }));
  return DBSnapshots?.[0] ?? {};
}

/** Snapshot `s1` of `db1` in eu-west-1, encrypted with a key of that region unless told otherwise; a key in the other one. */
async function withSnapshot(
  options: Parameters<typeof given>[0] = {},
  encrypted = true,
): Promise<Given & { key: string }> {
  const all = await given(options);
  const west = all.rds.place('eu-west-1');
  const { arn: sourceKey } = west.addKey('west-key');
  const { arn: key } = all.rds.place('eu-central-1').addKey('central-key', { aliases: ['alias/backup'] });
  west.addInstance({
    DBInstanceIdentifier: 'db1',
    BackupRetentionPeriod: 0,
    StorageEncrypted: encrypted,
    ...(encrypted ? { KmsKeyId: sourceKey } : {}),
  });
  await all.west.send(new CreateDBSnapshotCommand({ DBSnapshotIdentifier: 's1', DBInstanceIdentifier: 'db1' }));
  await all.clock.sleep(minutes(20));
  return { ...all, key };
}

describe('a copy into another region', () => {
  test('copying, then available; SnapshotCreateTime is its own, the original time stays', async () => {
    const { west, central, clock, key } = await withSnapshot();
    const original = await look(west, 's1');
    await clock.sleep(days(2));
    const { DBSnapshot } = await copy(central, arn('s1'), 'c1', { KmsKeyId: key, Tags: [{ Key: 'a', Value: 'b' }] });
    expect(DBSnapshot).toMatchObject({
      Status: 'copying',
      SourceRegion: 'eu-west-1',
      SourceDBSnapshotIdentifier: arn('s1'),
      OriginalSnapshotCreateTime: original.SnapshotCreateTime,
      TagList: [{ Key: 'a', Value: 'b' }],
      KmsKeyId: key,
    });
    await clock.sleep(minutes(60));
    const done = await look(central, 'c1');
    expect(done).toMatchObject({ Status: 'available', PercentProgress: 100, Encrypted: true });
    expect(done.SnapshotCreateTime?.getTime()).toBeGreaterThan(original.SnapshotCreateTime!.getTime() + days(2));
    expect(done.OriginalSnapshotCreateTime).toEqual(original.SnapshotCreateTime);
  });

  test('wants an ARN: a name is looked for in the region that is asked', async () => {
    const { central, key } = await withSnapshot();
    expect(await refusal(copy(central, 's1', 'c1', { KmsKeyId: key }))).toMatch(/^DBSnapshotNotFoundFault/);
    expect(await refusal(copy(central, arn('s2'), 'c1', { KmsKeyId: key }))).toMatch(/^DBSnapshotNotFoundFault/);
  });

  test('wants an available source', async () => {
    const { west, central, key } = await withSnapshot();
    await west.send(new CreateDBSnapshotCommand({ DBSnapshotIdentifier: 's2', DBInstanceIdentifier: 'db1' }));
    expect(await refusal(copy(central, arn('s2'), 'c1', { KmsKeyId: key }))).toMatch(
      /^InvalidDBSnapshotStateFault: .*creating/,
    );
  });

  test('of an automated snapshot by its ARN is possible', async () => {
    const { rds, central, clock, key } = await withSnapshot();
    rds.place('eu-west-1').instance('db1').BackupRetentionPeriod = 1;
    await clock.sleep(days(1));
    await rds.settle();
    const automated = rds.place('eu-west-1').snapshots.find(({ SnapshotType }) => SnapshotType === 'automated');
    await copy(central, automated?.arn ?? '', 'c1', { KmsKeyId: key });
    await clock.sleep(minutes(60));
    expect(await look(central, 'c1')).toMatchObject({ Status: 'available', SnapshotType: 'manual' });
  });

  test('a name that is taken, or begins with rds:', async () => {
    const { central, key } = await withSnapshot();
    await copy(central, arn('s1'), 'c1', { KmsKeyId: key });
    expect(await refusal(copy(central, arn('s1'), 'c1', { KmsKeyId: key }))).toMatch(/^DBSnapshotAlreadyExistsFault/);
    expect(await refusal(copy(central, arn('s1'), 'rds:c1', { KmsKeyId: key }))).toMatch(/^InvalidParameterValue/);
  });

  test('can fail hours later, with nothing but a status', async () => {
    const { rds, central, clock, key } = await withSnapshot();
    rds.inject({ process: 'copy', kind: 'fails', at: 0.9 });
    await copy(central, arn('s1'), 'c1', { KmsKeyId: key });
    await clock.sleep(minutes(60));
    expect((await look(central, 'c1')).Status).toBe('failed');
    rds.requireAllFired();
  });

  test('can take days', async () => {
    const { rds, central, clock, key } = await withSnapshot();
    rds.inject({ process: 'copy', kind: 'slow', factor: 150 });
    await copy(central, arn('s1'), 'c1', { KmsKeyId: key });
    await clock.sleep(days(1));
    expect((await look(central, 'c1')).Status).toBe('copying');
    await clock.sleep(days(3));
    expect((await look(central, 'c1')).Status).toBe('available');
  });

  test('fails when its source is deleted too early', async () => {
    const { west, central, clock, key } = await withSnapshot();
    await copy(central, arn('s1'), 'c1', { KmsKeyId: key });
    await west.send(new DeleteDBSnapshotCommand({ DBSnapshotIdentifier: 's1' }));
    await clock.sleep(minutes(60));
    expect((await look(central, 'c1')).Status).toBe('failed');
  });

  test('is called off by deleting it', async () => {
    const { central, clock, key } = await withSnapshot();
    await copy(central, arn('s1'), 'c1', { KmsKeyId: key });
    await central.send(new DeleteDBSnapshotCommand({ DBSnapshotIdentifier: 'c1' }));
    await clock.sleep(minutes(60));
    expect(await refusal(look(central, 'c1'))).toMatch(/^DBSnapshotNotFoundFault/);
  });
});

describe('keys', () => {
  test('an encrypted snapshot needs one of the target region', async () => {
    const { central } = await withSnapshot();
    expect(await refusal(copy(central, arn('s1'), 'c1'))).toBe(
      'InvalidParameterValue: Must specify new KMS key for cross region encrypted snapshot copy',
    );
  });

  test.each(['arn:aws:kms:eu-west-1:123456789012:key/west-key', 'west-key', 'alias/nobody'])(
    '%s is none of the target region',
    async (KmsKeyId) => {
      const { central } = await withSnapshot();
      expect(await refusal(copy(central, arn('s1'), 'c1', { KmsKeyId }))).toMatch(
        /^KMSKeyNotAccessibleFault: The specified KMS key \[/,
      );
    },
  );

  test.each(['central-key', 'alias/backup', 'arn:aws:kms:eu-central-1:123456789012:alias/backup', 'alias/aws/rds'])(
    '%s is one',
    async (KmsKeyId) => {
      const { central } = await withSnapshot();
      expect((await copy(central, arn('s1'), 'c1', { KmsKeyId })).DBSnapshot?.KmsKeyId).toMatch(
        /^arn:aws:kms:eu-central-1:/,
      );
    },
  );

  test('a key that is disabled or waits for its deletion cannot be used, of the source no more than of the target', async () => {
    const { rds, central, key } = await withSnapshot();
    const target = rds.place('eu-central-1').place.keys.find(key)!;
    for (const state of ['Disabled', 'PendingDeletion'] as const) {
      target.state = state;
      expect(await refusal(copy(central, arn('s1'), 'c1', { KmsKeyId: key }))).toMatch(/^KMSKeyNotAccessibleFault/);
    }
    target.state = 'Enabled';
    rds.place('eu-west-1').place.keys.find('west-key')!.state = 'Disabled';
    expect(await refusal(copy(central, arn('s1'), 'c1', { KmsKeyId: key }))).toMatch(
      /^KMSKeyNotAccessibleFault: .*west-key/,
    );
  });

  test('an unencrypted snapshot of an instance is encrypted by a key; of a cluster it is refused', async () => {
    const { rds, west, central, clock, key } = await withSnapshot({}, false);
    expect((await copy(central, arn('s1'), 'plain')).DBSnapshot?.Encrypted).toBe(false);
    expect((await copy(central, arn('s1'), 'sealed', { KmsKeyId: key })).DBSnapshot?.Encrypted).toBe(true);
    rds.place('eu-west-1').addCluster({ DBClusterIdentifier: 'k1' });
    await west.send(
      new CreateDBClusterSnapshotCommand({ DBClusterSnapshotIdentifier: 'k', DBClusterIdentifier: 'k1' }),
    );
    await clock.sleep(minutes(20));
    const of = (KmsKeyId?: string) =>
      central.send(
        new CopyDBClusterSnapshotCommand({
          SourceDBClusterSnapshotIdentifier: 'arn:aws:rds:eu-west-1:123456789012:cluster-snapshot:k',
          TargetDBClusterSnapshotIdentifier: 'k-copy',
          KmsKeyId,
        }),
      );
    expect(await refusal(of(key))).toMatch(/^InvalidParameterCombination/);
    expect((await of()).DBClusterSnapshot?.Status).toBe('copying');
  });
});

test('the copy of a cluster snapshot has only its own time', async () => {
  const { rds, west, central, clock } = await withSnapshot({}, false);
  rds.place('eu-west-1').addCluster({ DBClusterIdentifier: 'k1' });
  await west.send(new CreateDBClusterSnapshotCommand({ DBClusterSnapshotIdentifier: 'k', DBClusterIdentifier: 'k1' }));
  await clock.sleep(days(1));
  const source = 'arn:aws:rds:eu-west-1:123456789012:cluster-snapshot:k';
  await central.send(
    new CopyDBClusterSnapshotCommand({
      SourceDBClusterSnapshotIdentifier: source,
      TargetDBClusterSnapshotIdentifier: 'k-copy',
    }),
  );
  await clock.sleep(minutes(60));
  const times = [];
  for (const client of [west, central]) {
    const { DBClusterSnapshots } = await client.send(new DescribeDBClusterSnapshotsCommand({ SnapshotType: 'manual' }));
    times.push(DBClusterSnapshots?.[0]?.SnapshotCreateTime?.getTime());
    if (client === central) expect(DBClusterSnapshots?.[0]?.SourceDBClusterSnapshotArn).toBe(source);
  }
  expect(times[1]! - times[0]!).toBeGreaterThan(days(0.9));
});

describe('tags', () => {
  test('CopyTags takes them along, and trips over a reserved one', async () => {
    const { rds, central, key } = await withSnapshot();
    const source = rds.place('eu-west-1').snapshot('s1');
    source.TagList = [{ Key: 'team', Value: 'nodes' }];
    const { DBSnapshot } = await copy(central, arn('s1'), 'c1', { KmsKeyId: key, CopyTags: true });
    expect(DBSnapshot?.TagList).toEqual([{ Key: 'team', Value: 'nodes' }]);
    source.TagList = [{ Key: 'aws:rds:primaryDBInstanceArn', Value: 'x' }];
    expect(await refusal(copy(central, arn('s1'), 'c2', { KmsKeyId: key, CopyTags: true }))).toMatch(
      /^InvalidParameterValue: Tag keys cannot start with the reserved prefix/,
    );
    expect((await copy(central, arn('s1'), 'c2', { KmsKeyId: key })).DBSnapshot?.TagList).toEqual([]);
  });
});

describe('the two meanings of SnapshotQuotaExceeded', () => {
  async function sources(given: Given, count: number): Promise<void> {
    for (let at = 0; at < count; at += 1) {
      given.rds.place('eu-west-1').addInstance({ DBInstanceIdentifier: `x${at}`, BackupRetentionPeriod: 0 });
      await given.west.send(
        new CreateDBSnapshotCommand({ DBSnapshotIdentifier: `x${at}`, DBInstanceIdentifier: `x${at}` }),
      );
    }
    await given.clock.sleep(minutes(20));
  }

  test('too many copies under way into this region, which passes', async () => {
    const all = await withSnapshot({ quotas: { copies: 2 } });
    await sources(all, 3);
    await copy(all.central, arn('x0'), 'c0');
    await copy(all.central, arn('x1'), 'c1');
    expect(await refusal(copy(all.central, arn('x2'), 'c2'))).toBe(
      'SnapshotQuotaExceededFault: Cannot copy more than 2 snapshots across regions',
    );
    expect((await copy(all.west, 'x2', 'near')).DBSnapshot?.Status).toBe('copying');
    await all.clock.sleep(minutes(60));
    expect((await copy(all.central, arn('x2'), 'c2')).DBSnapshot?.Status).toBe('copying');
  });

  test('too many manual snapshots in this region, which does not', async () => {
    const all = await withSnapshot({ quotas: { manualSnapshots: 4 } });
    await sources(all, 3);
    expect(await refusal(copy(all.west, 'x0', 'near'))).toBe(
      'SnapshotQuotaExceededFault: Cannot create more than 4 manual snapshots',
    );
    expect((await copy(all.central, arn('x0'), 'far')).DBSnapshot?.Status).toBe('copying');
  });
});

describe('a copy is incremental', () => {
  async function history(key: (round: number) => string, between: (all: Given, round: number) => Promise<unknown>) {
    const all = await withSnapshot();
    all.rds.place('eu-central-1').addKey('another');
    for (let round = 1; round <= 3; round += 1) {
      const id = `h${round}`;
      await all.west.send(new CreateDBSnapshotCommand({ DBSnapshotIdentifier: id, DBInstanceIdentifier: 'db1' }));
      await all.clock.sleep(minutes(20));
      await copy(all.central, arn(id), id, { KmsKeyId: key(round) });
      await all.clock.sleep(minutes(60));
      await between(all, round);
    }
    await all.rds.settle();
    return ['h1', 'h2', 'h3'].map((id) => all.rds.place('eu-central-1').place.snapshots.instance.get(id)?.transfer);
  }
  const nothing = async () => {};
  const remove = (all: Given, id: string) =>
    all.central.send(new DeleteDBSnapshotCommand({ DBSnapshotIdentifier: id })).then(() => all.clock.sleep(minutes(5)));

  test('after a first full one', async () => {
    expect(await history(() => 'central-key', nothing)).toEqual(['full', 'incremental', 'incremental']);
  });

  test('not with another key', async () => {
    expect(await history((round) => (round === 2 ? 'another' : 'central-key'), nothing)).toEqual([
      'full',
      'full',
      'full',
    ]);
  });

  test('not when the newest copy was deleted', async () => {
    const states = await history(
      () => 'central-key',
      (all, round) => (round === 2 ? remove(all, 'h2') : nothing()),
    );
    expect(states).toEqual(['full', undefined, 'full']);
  });

  test('also when an older one was deleted', async () => {
    const states = await history(
      () => 'central-key',
      (all, round) => (round === 2 ? remove(all, 'h1') : nothing()),
    );
    expect(states).toEqual([undefined, 'incremental', 'incremental']);
  });

  test('never of a copy', async () => {
    const { rds, west, central, clock, key } = await withSnapshot();
    await copy(west, 's1', 's1-again', { KmsKeyId: 'west-key' });
    await clock.sleep(minutes(60));
    await copy(central, arn('s1'), 'c1', { KmsKeyId: key });
    await clock.sleep(minutes(60));
    await copy(central, arn('s1-again'), 'c2', { KmsKeyId: key });
    await clock.sleep(minutes(1));
    await rds.settle();
    expect(rds.place('eu-central-1').snapshot('c2').transfer).toBe('full');
  });
});

test('copies of one source wait for each other; one that waits reports no progress', async () => {
  const { west, central, clock, key } = await withSnapshot();
  await west.send(new CreateDBSnapshotCommand({ DBSnapshotIdentifier: 's2', DBInstanceIdentifier: 'db1' }));
  await clock.sleep(minutes(20));
  await copy(central, arn('s1'), 'c1', { KmsKeyId: key });
  await copy(central, arn('s2'), 'c2', { KmsKeyId: key });
  await clock.sleep(minutes(10));
  expect((await look(central, 'c1')).PercentProgress).toBeGreaterThan(20);
  expect(await look(central, 'c2')).toMatchObject({ Status: 'copying', PercentProgress: 0 });
  await clock.sleep(minutes(90));
  expect((await look(central, 'c2')).Status).toBe('available');
});

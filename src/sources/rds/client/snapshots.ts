/** Manual snapshots of instances and clusters: two families of requests that differ in names and are one thing to us. */
import {
  CopyDBClusterSnapshotCommand,
  CopyDBSnapshotCommand,
  CreateDBClusterSnapshotCommand,
  CreateDBSnapshotCommand,
  type DBClusterSnapshot,
  type DBSnapshot,
  DeleteDBClusterSnapshotCommand,
  DeleteDBSnapshotCommand,
  DescribeAccountAttributesCommand,
  DescribeDBClusterSnapshotsCommand,
  DescribeDBSnapshotsCommand,
  type RDSClient,
} from '@aws-sdk/client-rds';
import type { Database, DatabaseKind, DatabaseSnapshot, Quota, Tags, Taken } from '../port.ts';
import { allPages, asked, pagesOrNothing } from './client.ts';
import { plain, tagList, tagsOf } from './databases.ts';
import { isNotFound, outcomeOf, rdsFailure } from './failures.ts';

export async function listSnapshots(
  client: RDSClient,
  region: string,
  kind: DatabaseKind,
): Promise<DatabaseSnapshot[]> {
  const action = `list the manual ${kind} snapshots of ${region}`;
  if (kind === 'instance') {
    const found = await allPages(
      (Marker) => client.send(new DescribeDBSnapshotsCommand({ SnapshotType: 'manual', Marker })),
      (answer) => answer.DBSnapshots,
      action,
    );
    return found.map((one) => instanceSnapshot(one, region));
  }
  const found = await allPages(
    (Marker) => client.send(new DescribeDBClusterSnapshotsCommand({ SnapshotType: 'manual', Marker })),
    (answer) => answer.DBClusterSnapshots,
    action,
  );
  return found.map((one) => clusterSnapshot(one, region));
}

/** `undefined` when it is not there, and only then. */
export async function findSnapshot(
  client: RDSClient,
  region: string,
  kind: DatabaseKind,
  id: string,
): Promise<DatabaseSnapshot | undefined> {
  const action = `look at the ${kind} snapshot ${id} in ${region}`;
  if (kind === 'instance') {
    const [found] = await pagesOrNothing(
      (Marker) => client.send(new DescribeDBSnapshotsCommand({ DBSnapshotIdentifier: id, Marker })),
      (answer) => answer.DBSnapshots,
      action,
    );
    return found && instanceSnapshot(found, region);
  }
  const [found] = await pagesOrNothing(
    (Marker) => client.send(new DescribeDBClusterSnapshotsCommand({ DBClusterSnapshotIdentifier: id, Marker })),
    (answer) => answer.DBClusterSnapshots,
    action,
  );
  return found && clusterSnapshot(found, region);
}

export function takeSnapshot(
  client: RDSClient,
  { kind, id: database }: Pick<Database, 'kind' | 'id'>,
  id: string,
  tags: Tags,
): Promise<Taken> {
  const Tags = tagList(tags);
  return taken(
    () =>
      kind === 'instance'
        ? client.send(new CreateDBSnapshotCommand({ DBInstanceIdentifier: database, DBSnapshotIdentifier: id, Tags }))
        : client.send(
            new CreateDBClusterSnapshotCommand({
              DBClusterIdentifier: database,
              DBClusterSnapshotIdentifier: id,
              Tags,
            }),
          ),
    `take the snapshot ${id} of ${database}`,
  );
}

/**
 * The SDK signs the request for the source's region too, as the source is an ARN of another region. `CopyTags` stays off: a
 * reserved tag would break the copy, so the tags that it shall have are given.
 */
export function copySnapshot(
  client: RDSClient,
  original: DatabaseSnapshot,
  id: string,
  key: string | undefined,
  tags: Tags,
): Promise<Taken> {
  // an unencrypted cluster snapshot cannot be encrypted by copying it, and saying a key is an error there
  const KmsKeyId = original.encrypted || original.kind === 'instance' ? key : undefined;
  const wish = { CopyTags: false, Tags: tagList(tags), ...(KmsKeyId !== undefined && { KmsKeyId }) };
  return taken(
    () =>
      original.kind === 'instance'
        ? client.send(
            new CopyDBSnapshotCommand({
              SourceDBSnapshotIdentifier: original.arn,
              TargetDBSnapshotIdentifier: id,
              ...wish,
            }),
          )
        : client.send(
            new CopyDBClusterSnapshotCommand({
              SourceDBClusterSnapshotIdentifier: original.arn,
              TargetDBClusterSnapshotIdentifier: id,
              ...wish,
            }),
          ),
    `copy the snapshot ${original.arn}`,
  );
}

/** A snapshot that is gone already is no error. Errors: `DeleteIncomplete` when its state does not allow it now. */
export async function removeSnapshot(client: RDSClient, kind: DatabaseKind, id: string): Promise<void> {
  try {
    if (kind === 'instance') await client.send(new DeleteDBSnapshotCommand({ DBSnapshotIdentifier: id }));
    else await client.send(new DeleteDBClusterSnapshotCommand({ DBClusterSnapshotIdentifier: id }));
  } catch (error) {
    if (isNotFound(error)) return;
    throw rdsFailure(error, `delete the ${kind} snapshot ${id}`, 'DeleteIncomplete');
  }
}

/** Quotas of the account here, by the names of https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_AccountQuota.html */
export async function quotas(client: RDSClient, region: string): Promise<ReadonlyMap<string, Quota>> {
  const { AccountQuotas = [] } = await asked(
    () => client.send(new DescribeAccountAttributesCommand({})),
    `read the quotas of ${region}`,
  );
  return new Map(
    AccountQuotas.map(({ AccountQuotaName = '', Used = 0, Max = 0 }) => [AccountQuotaName, { used: Used, most: Max }]),
  );
}

async function taken(ask: () => Promise<unknown>, action: string): Promise<Taken> {
  try {
    await ask();
    return { outcome: 'started' };
  } catch (error) {
    const outcome = outcomeOf(error);
    if (outcome) return outcome;
    throw rdsFailure(error, action);
  }
}

function instanceSnapshot(one: DBSnapshot, region: string): DatabaseSnapshot {
  const copiedFrom = one.SourceDBSnapshotIdentifier || undefined;
  return {
    kind: 'instance',
    id: one.DBSnapshotIdentifier ?? '',
    arn: one.DBSnapshotArn ?? '',
    region,
    database: one.DBInstanceIdentifier ?? '',
    status: one.Status ?? 'unknown',
    progress: one.PercentProgress,
    originalTime: one.OriginalSnapshotCreateTime ?? (copiedFrom === undefined ? one.SnapshotCreateTime : undefined),
    time: one.SnapshotCreateTime,
    copiedFrom,
    encrypted: one.Encrypted ?? false,
    key: one.KmsKeyId,
    tags: tagsOf(one.TagList),
    about: plain(one),
  };
}

function clusterSnapshot(one: DBClusterSnapshot, region: string): DatabaseSnapshot {
  const copiedFrom = one.SourceDBClusterSnapshotArn || undefined;
  return {
    kind: 'cluster',
    id: one.DBClusterSnapshotIdentifier ?? '',
    arn: one.DBClusterSnapshotArn ?? '',
    region,
    database: one.DBClusterIdentifier ?? '',
    status: one.Status ?? 'unknown',
    progress: one.PercentProgress,
    originalTime: copiedFrom === undefined ? one.SnapshotCreateTime : undefined,
    time: one.SnapshotCreateTime,
    copiedFrom,
    encrypted: one.StorageEncrypted ?? false,
    key: one.KmsKeyId,
    tags: tagsOf(one.TagList),
    about: plain(one),
  };
}

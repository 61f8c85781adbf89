/** Instances and clusters, from the service's words into ours. */
import {
  type DBCluster,
  type DBInstance,
  DescribeDBClustersCommand,
  DescribeDBInstancesCommand,
  type RDSClient,
  type Tag,
} from '@aws-sdk/client-rds';
import type { Json } from '../../../core/json.ts';
import type { Database, DatabaseKind, Tags } from '../port.ts';
import { allPages, pagesOrNothing } from './client.ts';

export async function listDatabases(client: RDSClient, region: string): Promise<Database[]> {
  const instances = await allPages(
    (Marker) => client.send(new DescribeDBInstancesCommand({ Marker })),
    (answer) => answer.DBInstances,
    `list the database instances of ${region}`,
  );
  const clusters = await allPages(
    (Marker) => client.send(new DescribeDBClustersCommand({ Marker })),
    (answer) => answer.DBClusters,
    `list the database clusters of ${region}`,
  );
  return [
    ...instances.filter((one) => !one.DBClusterIdentifier).map((one) => instanceOf(one, region)),
    ...clusters.map((one) => clusterOf(one, region)),
  ];
}

/** `undefined` when it is not there, and only then. A member of a cluster counts as an instance here. */
export async function findDatabase(
  client: RDSClient,
  region: string,
  kind: DatabaseKind,
  id: string,
): Promise<Database | undefined> {
  const action = `look at the ${kind} ${id} in ${region}`;
  if (kind === 'instance') {
    const [found] = await pagesOrNothing(
      (Marker) => client.send(new DescribeDBInstancesCommand({ DBInstanceIdentifier: id, Marker })),
      (answer) => answer.DBInstances,
      action,
    );
    return found && instanceOf(found, region);
  }
  const [found] = await pagesOrNothing(
    (Marker) => client.send(new DescribeDBClustersCommand({ DBClusterIdentifier: id, Marker })),
    (answer) => answer.DBClusters,
    action,
  );
  return found && clusterOf(found, region);
}

function instanceOf(one: DBInstance, region: string): Database {
  return {
    kind: 'instance',
    id: one.DBInstanceIdentifier ?? '',
    arn: one.DBInstanceArn ?? '',
    resource: one.DbiResourceId ?? '',
    region,
    status: one.DBInstanceStatus ?? 'unknown',
    engine: one.Engine ?? '',
    version: one.EngineVersion ?? '',
    created: one.InstanceCreateTime,
    encrypted: one.StorageEncrypted ?? false,
    key: one.KmsKeyId,
    tags: tagsOf(one.TagList),
    backupDays: one.BackupRetentionPeriod ?? 0,
    latestRestorable: one.LatestRestorableTime,
    earliestRestorable: undefined,
    members: [],
    about: plain(one),
  };
}

function clusterOf(one: DBCluster, region: string): Database {
  const members = [...(one.DBClusterMembers ?? [])].sort(
    (a, b) => Number(b.IsClusterWriter ?? false) - Number(a.IsClusterWriter ?? false),
  );
  return {
    kind: 'cluster',
    id: one.DBClusterIdentifier ?? '',
    arn: one.DBClusterArn ?? '',
    resource: one.DbClusterResourceId ?? '',
    region,
    status: one.Status ?? 'unknown',
    engine: one.Engine ?? '',
    version: one.EngineVersion ?? '',
    created: one.ClusterCreateTime,
    encrypted: one.StorageEncrypted ?? false,
    key: one.KmsKeyId,
    tags: tagsOf(one.TagList),
    backupDays: one.BackupRetentionPeriod ?? 0,
    latestRestorable: one.LatestRestorableTime,
    earliestRestorable: one.EarliestRestorableTime,
    members: members.map(({ DBInstanceIdentifier }) => DBInstanceIdentifier ?? ''),
    about: plain(one),
  };
}

export function tagsOf(list: readonly Tag[] | undefined): Tags {
  return Object.fromEntries((list ?? []).map(({ Key = '', Value = '' }) => [Key, Value]));
}

export function tagList(tags: Tags): Tag[] {
  return Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
}

/** The service's own words as JSON: times become text, what is not said is left out. */
export function plain(value: object): Readonly<Record<string, Json>> {
  return JSON.parse(JSON.stringify(value)) as Record<string, Json>;
}

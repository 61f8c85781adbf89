/** Making databases anew. Settings are members of the service's own requests, so nothing is lost on the way through us. */
import {
  CreateDBInstanceCommand,
  DescribeDBClusterParameterGroupsCommand,
  DescribeDBEngineVersionsCommand,
  DescribeDBParameterGroupsCommand,
  DescribeDBSubnetGroupsCommand,
  ModifyDBClusterCommand,
  ModifyDBInstanceCommand,
  type RDSClient,
  RestoreDBClusterFromSnapshotCommand,
  type RestoreDBClusterFromSnapshotCommandInput,
  RestoreDBClusterToPointInTimeCommand,
  RestoreDBInstanceFromDBSnapshotCommand,
  RestoreDBInstanceToPointInTimeCommand,
} from '@aws-sdk/client-rds';
import type { RdsRestores, RestoreFrom } from '../port.ts';
import { allPages } from './client.ts';
import { tagList } from './databases.ts';
import { rdsFailure } from './failures.ts';
import { quotas } from './snapshots.ts';

export function restoresIn(client: RDSClient, region: string): RdsRestores {
  return {
    instance: (id, from, settings, tags) =>
      made(async () => {
        const wish = { ...settings, Tags: tagList(tags) };
        if ('snapshot' in from) {
          await client.send(
            new RestoreDBInstanceFromDBSnapshotCommand({
              DBInstanceIdentifier: id,
              DBSnapshotIdentifier: from.snapshot,
              ...wish,
            }),
          );
          return;
        }
        const source =
          'backup' in from
            ? { SourceDBInstanceAutomatedBackupsArn: from.backup }
            : { SourceDBInstanceIdentifier: from.database };
        await client.send(
          new RestoreDBInstanceToPointInTimeCommand({
            TargetDBInstanceIdentifier: id,
            ...source,
            ...timeOf(from),
            ...wish,
          }),
        );
      }, `restore the instance ${id}`),
    cluster: (id, from, settings, tags) =>
      made(async () => {
        const wish = { ...settings, Tags: tagList(tags) };
        if ('snapshot' in from) {
          const input = { DBClusterIdentifier: id, SnapshotIdentifier: from.snapshot, ...wish };
          await client.send(
            new RestoreDBClusterFromSnapshotCommand(input as unknown as RestoreDBClusterFromSnapshotCommandInput),
          );
          return;
        }
        const source = 'backup' in from ? from.backup : from.database;
        const { RestoreTime, UseLatestRestorableTime } = timeOf(from);
        await client.send(
          new RestoreDBClusterToPointInTimeCommand({
            DBClusterIdentifier: id,
            SourceDBClusterIdentifier: source,
            ...(RestoreTime === undefined ? { UseLatestRestorableTime } : { RestoreToTime: RestoreTime }),
            ...wish,
          }),
        );
      }, `restore the cluster ${id}`),
    member: (cluster, id, settings, tags) =>
      made(
        () =>
          client.send(
            new CreateDBInstanceCommand({
              DBInstanceIdentifier: id,
              DBClusterIdentifier: cluster,
              ...(settings as { Engine: string; DBInstanceClass: string }),
              Tags: tagList(tags),
            }),
          ),
        `make the instance ${id} of the cluster ${cluster}`,
      ),
    modify: (kind, id, settings) =>
      made(
        () =>
          kind === 'instance'
            ? client.send(
                new ModifyDBInstanceCommand({ DBInstanceIdentifier: id, ApplyImmediately: true, ...settings }),
              )
            : client.send(new ModifyDBClusterCommand({ DBClusterIdentifier: id, ApplyImmediately: true, ...settings })),
        `change the ${kind} ${id}`,
      ),
    versions: async (engine) => {
      const found = await allPages(
        (Marker) => client.send(new DescribeDBEngineVersionsCommand({ Engine: engine, Marker })),
        (answer) => answer.DBEngineVersions,
        `list the versions of ${engine} in ${region}`,
      );
      return found.flatMap(({ EngineVersion }) => EngineVersion ?? []);
    },
    subnetGroups: async () => {
      const found = await allPages(
        (Marker) => client.send(new DescribeDBSubnetGroupsCommand({ Marker })),
        (answer) => answer.DBSubnetGroups,
        `list the subnet groups of ${region}`,
      );
      return found.flatMap(({ DBSubnetGroupName }) => DBSubnetGroupName ?? []);
    },
    parameterGroups: async (kind) => {
      if (kind === 'cluster') {
        const found = await allPages(
          (Marker) => client.send(new DescribeDBClusterParameterGroupsCommand({ Marker })),
          (answer) => answer.DBClusterParameterGroups,
          `list the cluster parameter groups of ${region}`,
        );
        return found.flatMap(({ DBClusterParameterGroupName }) => DBClusterParameterGroupName ?? []);
      }
      const found = await allPages(
        (Marker) => client.send(new DescribeDBParameterGroupsCommand({ Marker })),
        (answer) => answer.DBParameterGroups,
        `list the parameter groups of ${region}`,
      );
      return found.flatMap(({ DBParameterGroupName }) => DBParameterGroupName ?? []);
    },
    room: async () => {
      const all = await quotas(client, region);
      return { instance: all.get('DBInstances'), cluster: all.get('DBClusters') };
    },
  };
}

function timeOf(from: Exclude<RestoreFrom, { readonly snapshot: string }>): {
  readonly RestoreTime?: Date;
  readonly UseLatestRestorableTime?: boolean;
} {
  return from.at === 'latest' ? { UseLatestRestorableTime: true } : { RestoreTime: from.at };
}

async function made(ask: () => Promise<unknown>, action: string): Promise<void> {
  try {
    await ask();
  } catch (error) {
    throw rdsFailure(error, action, 'TargetUnusable');
  }
}

/**
 * New instances and clusters: https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBInstance.html. A restored
 * cluster has no instances; they are made here, "you must invoke the CreateDBInstance operation to create DB instances for
 * the restored DB cluster ... only after the cluster is available" (API_RestoreDBClusterFromSnapshot.html).
 */
import { inaccessible, usable } from '../keys.ts';
import { clusterArrives, instanceArrives } from '../life/arrival.ts';
import { identifier } from '../names.ts';
import { type Call, checkTags, type Operations } from '../operation.ts';
import { newCluster, newInstance } from '../records/birth.ts';
import { type Cluster, showCluster } from '../records/cluster.ts';
import { showInstance } from '../records/instance.ts';
import { invalidCombination, invalidValue, refuse } from '../wire/refusal.ts';
import { isOffered, offers } from './catalogue/engines.ts';
import { requireFreeCluster } from './cluster-restores.ts';
import { findCluster } from './instances.ts';
import { clusterParameters, instanceParameters, requestedCluster, requestedInstance } from './requested.ts';
import { requireFree } from './restores.ts';

export const makingOperations: Operations = {
  CreateDBInstance: {
    takes: [
      ...['DBInstanceIdentifier', 'DBName', 'Engine', 'EngineVersion', 'MasterUsername', 'MasterUserPassword', 'Port'],
      ...['AvailabilityZone', 'PreferredMaintenanceWindow', 'DBClusterIdentifier', 'StorageEncrypted', 'KmsKeyId'],
      ...['Tags', 'PromotionTier', 'MonitoringInterval', 'MonitoringRoleArn', 'EnablePerformanceInsights'],
      ...['PerformanceInsightsKMSKeyId', 'PerformanceInsightsRetentionPeriod', 'EnableCloudwatchLogsExports'],
      ...['ManageMasterUserPassword', ...instanceParameters],
    ],
    perform(call) {
      const { input, place, now } = call;
      const id = identifier('DBInstanceIdentifier', input.required('DBInstanceIdentifier'));
      const tags = checkTags(input.tags() ?? [], place.world.quotas.tags);
      requireFree(place, id);
      const engine = input.required('Engine');
      const cluster = clusterFor(call, engine);
      const version = cluster?.EngineVersion ?? versionFor(call, engine);
      const key = keyFor(call);
      const asked = requestedInstance(call, { Engine: engine, EngineVersion: version });
      if (asked.DBInstanceClass === undefined) input.required('DBInstanceClass');
      const made = newInstance(
        place,
        {
          DBInstanceIdentifier: id,
          Engine: engine,
          EngineVersion: version,
          MasterUsername: cluster?.MasterUsername ?? input.text('MasterUsername') ?? 'master',
          ...(input.has('DBName') ? { DBName: input.required('DBName') } : {}),
          ...(input.has('Port') ? { DbInstancePort: input.whole('Port') ?? 0 } : {}),
          ...(key === undefined ? {} : { KmsKeyId: key, StorageEncrypted: true }),
          ...asked,
          ...(cluster === undefined ? {} : memberOf(call, cluster)),
          MonitoringInterval: input.whole('MonitoringInterval') ?? 0,
          ...(input.has('MonitoringRoleArn') ? { MonitoringRoleArn: input.required('MonitoringRoleArn') } : {}),
          PerformanceInsightsEnabled: input.flag('EnablePerformanceInsights') ?? false,
          TagList: tags,
        },
        now,
      );
      const exports = input.texts('EnableCloudwatchLogsExports');
      if (exports !== undefined) made.EnabledCloudwatchLogsExports = exports;
      if (cluster !== undefined) join(cluster, id, input.whole('PromotionTier') ?? 1);
      instanceArrives(place, made, 'create', now);
      return { DBInstance: showInstance(made, now) };
    },
  },
  CreateDBCluster: {
    takes: [
      ...['DBClusterIdentifier', 'Engine', 'EngineVersion', 'EngineMode', 'DatabaseName', 'MasterUsername'],
      ...['MasterUserPassword', 'StorageEncrypted', 'KmsKeyId', 'Tags', 'AvailabilityZones', 'AllocatedStorage'],
      ...['PreferredMaintenanceWindow', 'ManageMasterUserPassword', ...clusterParameters],
    ],
    perform(call) {
      const { input, place, now } = call;
      const id = identifier('DBClusterIdentifier', input.required('DBClusterIdentifier'));
      const tags = checkTags(input.tags() ?? [], place.world.quotas.tags);
      requireFreeCluster(place, id);
      const engine = input.required('Engine');
      const version = versionFor(call, engine);
      const key = keyFor(call);
      const made = newCluster(
        place,
        {
          DBClusterIdentifier: id,
          Engine: engine,
          EngineVersion: version,
          ...(input.has('MasterUsername') ? { MasterUsername: input.required('MasterUsername') } : {}),
          ...(input.has('DatabaseName') ? { DatabaseName: input.required('DatabaseName') } : {}),
          ...(input.has('AllocatedStorage') ? { AllocatedStorage: input.whole('AllocatedStorage') ?? 1 } : {}),
          ...(key === undefined ? {} : { KmsKeyId: key, StorageEncrypted: true }),
          ...requestedCluster(call, { Engine: engine, EngineVersion: version }),
          TagList: tags,
        },
        now,
      );
      clusterArrives(place, made, 'create', now);
      return { DBCluster: showCluster(made, now) };
    },
  },
};

function clusterFor({ input, place }: Call, engine: string): Cluster | undefined {
  const name = input.text('DBClusterIdentifier');
  if (name === undefined) return undefined;
  const cluster = findCluster(place, name);
  if (cluster.Status !== 'available') {
    refuse('InvalidDBClusterStateFault', `The cluster ${name} is not in the available state: ${cluster.Status}`);
  }
  if (cluster.Engine !== engine) {
    invalidCombination(`The engine name ${engine} does not match that of the cluster: ${cluster.Engine}`);
  }
  // What the cluster decides for all of its members: the parameters' descriptions say "managed by the DB cluster".
  const forbidden = [
    'BackupRetentionPeriod',
    'VpcSecurityGroupIds',
    'AllocatedStorage',
    'DeletionProtection',
    'KmsKeyId',
  ];
  const said = forbidden.find((parameter) => input.has(parameter));
  if (said !== undefined)
    invalidCombination(`${said} is managed by the cluster ${name} and cannot be given for its instances`);
  return cluster;
}

function memberOf({ input, place }: Call, cluster: Cluster) {
  const group = place.subnetGroups.get(cluster.DBSubnetGroup);
  return {
    DBClusterIdentifier: cluster.DBClusterIdentifier,
    VpcSecurityGroups: cluster.VpcSecurityGroups,
    ...(group === undefined ? {} : { DBSubnetGroup: group.show() }),
    DbInstancePort: cluster.Port,
    AllocatedStorage: cluster.AllocatedStorage,
    StorageType: 'aurora',
    StorageEncrypted: cluster.StorageEncrypted,
    ...(cluster.KmsKeyId === undefined ? {} : { KmsKeyId: cluster.KmsKeyId }),
    BackupRetentionPeriod: cluster.BackupRetentionPeriod,
    PromotionTier: input.whole('PromotionTier') ?? 1,
  };
}

/** The first one writes. */
function join(cluster: Cluster, id: string, tier: number): void {
  const writer = cluster.members.every(({ IsClusterWriter }) => !IsClusterWriter);
  cluster.members = [...cluster.members, { DBInstanceIdentifier: id, IsClusterWriter: writer, PromotionTier: tier }];
}

function versionFor({ input, place }: Call, engine: string): string {
  const version = input.text('EngineVersion') ?? offers(place).findLast((offer) => offer.engine === engine)?.version;
  if (version === undefined) invalidValue(`Invalid DB engine: ${engine}`);
  if (!isOffered(place, engine, version)) invalidCombination(`Cannot find version ${version} for ${engine}`);
  return version;
}

function keyFor({ input, place }: Call): string | undefined {
  const given = input.text('KmsKeyId');
  if (given === undefined && input.flag('StorageEncrypted') !== true) return undefined;
  const key = given === undefined ? place.keys.standard : place.keys.find(given);
  if (key === undefined || !usable(key, place.account)) inaccessible(given ?? 'null');
  return key.arn;
}

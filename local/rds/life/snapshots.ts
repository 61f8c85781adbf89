/** How snapshots come to be, become usable, fail and go. The same for those that people make and those that RDS makes. */
import type { Place } from '../place.ts';
import type { Cluster } from '../records/cluster.ts';
import type { Instance } from '../records/instance.ts';
import { type Snapshot, snapshotKinds } from '../records/snapshot.ts';
import type { Tag } from '../wire/input.ts';
import { follow } from './data.ts';
import { instanceStatus, snapshotStatus, tellOfSnapshot } from './statuses.ts';

export interface SnapshotRequest {
  readonly id: string;
  readonly type: 'manual' | 'automated';
  readonly tags: readonly Tag[];
  readonly at: Date;
  /** When it is available, with the moment. */
  done?(snapshot: Snapshot, at: Date): void;
}

/** The instance is `backing-up` meanwhile: https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/accessing-monitoring.html */
export function snapshotInstance(place: Place, instance: Instance, request: SnapshotRequest): Snapshot {
  const snapshot: Snapshot = {
    ...frame(place, 'instance', request),
    sourceId: instance.DBInstanceIdentifier,
    resourceId: instance.DbiResourceId,
    encrypted: instance.StorageEncrypted,
    Engine: instance.Engine,
    EngineVersion: instance.EngineVersion,
    AllocatedStorage: instance.AllocatedStorage,
    Port: instance.DbInstancePort,
    VpcId: String(instance.DBSubnetGroup.VpcId),
    MasterUsername: instance.MasterUsername,
    LicenseModel: instance.LicenseModel,
    StorageType: instance.StorageType,
    ...(instance.KmsKeyId === undefined ? {} : { KmsKeyId: instance.KmsKeyId }),
    settings: settingsOf(instance),
  };
  const before = instance.DBInstanceStatus;
  instanceStatus(place, instance, 'backing-up', request.at);
  begin(place, snapshot, request, (at) => {
    if (instance.DBInstanceStatus === 'backing-up') instanceStatus(place, instance, before, at);
  });
  follow(place.world, instance, snapshot, request.at);
  return snapshot;
}

export function settingsOf(instance: Instance): Snapshot['settings'] {
  return {
    ...(instance.InstanceCreateTime === undefined ? {} : { createTime: instance.InstanceCreateTime }),
    zone: instance.AvailabilityZone,
    optionGroup: instance.OptionGroupMemberships[0]?.OptionGroupName ?? '',
    ...(instance.Iops === undefined ? {} : { iops: instance.Iops }),
    ...(instance.StorageThroughput === undefined ? {} : { throughput: instance.StorageThroughput }),
    iamAuthentication: instance.IAMDatabaseAuthenticationEnabled,
    ...(instance.DBName === undefined ? {} : { databaseName: instance.DBName }),
    multiAz: instance.MultiAZ,
    instanceClass: instance.DBInstanceClass,
    retentionDays: instance.BackupRetentionPeriod,
    window: instance.PreferredBackupWindow,
  };
}

export function snapshotCluster(place: Place, cluster: Cluster, request: SnapshotRequest): Snapshot {
  const snapshot: Snapshot = {
    ...frame(place, 'cluster', request),
    sourceId: cluster.DBClusterIdentifier,
    resourceId: cluster.DbClusterResourceId,
    encrypted: cluster.StorageEncrypted,
    Engine: cluster.Engine,
    EngineVersion: cluster.EngineVersion,
    AllocatedStorage: cluster.AllocatedStorage,
    Port: cluster.Port,
    VpcId: cluster.vpc,
    MasterUsername: cluster.MasterUsername,
    LicenseModel: 'postgresql-license',
    StorageType: cluster.StorageType ?? 'aurora',
    ...(cluster.KmsKeyId === undefined ? {} : { KmsKeyId: cluster.KmsKeyId }),
    settings: clusterSettings(cluster),
  };
  begin(place, snapshot, request, () => {});
  follow(place.world, cluster, snapshot, request.at);
  return snapshot;
}

export function clusterSettings(cluster: Cluster): Snapshot['settings'] {
  return {
    ...(cluster.ClusterCreateTime === undefined ? {} : { createTime: cluster.ClusterCreateTime }),
    zone: cluster.AvailabilityZones[0] ?? '',
    optionGroup: '',
    iamAuthentication: cluster.IAMDatabaseAuthenticationEnabled,
    ...(cluster.DatabaseName === undefined ? {} : { databaseName: cluster.DatabaseName }),
    multiAz: cluster.MultiAZ,
    ...(cluster.DBClusterInstanceClass === undefined ? {} : { instanceClass: cluster.DBClusterInstanceClass }),
    retentionDays: cluster.BackupRetentionPeriod,
    window: cluster.PreferredBackupWindow,
    engineMode: cluster.EngineMode,
  };
}

function frame(place: Place, kind: 'instance' | 'cluster', { id, type, tags }: SnapshotRequest) {
  const of = snapshotKinds[kind];
  return {
    of,
    id,
    arn: place.arn(of.arnKind, id),
    account: place.account,
    sharedWith: new Set<string>(),
    Status: '',
    SnapshotType: type,
    PercentProgress: 0,
    TagList: tags,
  };
}

/** Manual and automated, of instances and of clusters: begun, created. */
const events = {
  instance: { manual: ['0040', '0042'], automated: ['0090', '0091'] },
  cluster: { manual: ['0074', '0075'], automated: ['0168', '0169'] },
} as const;

/**
 * `SnapshotCreateTime` is missing at first: https://github.com/awslabs/rds-snapshot-tool/issues/45. Here it comes with a third
 * of the way, which is also the moment whose data is in the snapshot.
 */
function begin(place: Place, snapshot: Snapshot, request: SnapshotRequest, over: (at: Date) => void): void {
  const { world } = place;
  const { kind } = snapshot.of;
  const [begun, created] = events[kind][snapshot.SnapshotType];
  const manner = snapshot.SnapshotType === 'manual' ? 'manual' : 'automated';
  place.snapshots[kind].set(snapshot.id, snapshot);
  snapshotStatus(place, snapshot, 'creating', request.at);
  tellOfSnapshot(place, snapshot, request.at, [begun, `Creating ${manner} snapshot`, 'creation']);
  const process = place.begin(
    {
      kind: 'snapshot',
      subject: snapshot.id,
      work: { gibibytes: snapshot.AllocatedStorage },
      done(at) {
        settle(snapshot, at, 100);
        stamp(snapshot, at);
        snapshotStatus(place, snapshot, 'available', at);
        const words = manner === 'manual' ? 'Manual snapshot created' : 'Automated snapshot created';
        tellOfSnapshot(place, snapshot, at, [created, words, 'creation']);
        over(at);
        request.done?.(snapshot, at);
      },
      failed(at, status) {
        settle(snapshot, at);
        snapshotStatus(place, snapshot, status ?? 'failed', at);
        over(at);
      },
    },
    request.at,
  );
  snapshot.process = process;
  const third = request.at.getTime() + (Number(process.until ?? request.at) - request.at.getTime()) / 3;
  if (process.until !== undefined) world.timeline.plan(third, (at) => stamp(snapshot, at));
}

function stamp(snapshot: Snapshot, at: Date): void {
  snapshot.SnapshotCreateTime ??= at;
  snapshot.originalCreateTime ??= at;
  snapshot.dataTime ??= at;
}

/** The end of a process: what is shown of its progress does not move any more. */
export function settle(snapshot: Snapshot, at: Date, percent = snapshot.process?.percent(at)): void {
  snapshot.PercentProgress = percent ?? 0;
  delete snapshot.process;
}

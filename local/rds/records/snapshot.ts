/**
 * Snapshots of instances and of clusters. The service has the same operations twice, with other names and a few other rules:
 * the two kinds are the rows of a table here, and each operation is written once.
 */
import type { ArnKind } from '../names.ts';
import type { Shape } from '../wire/answer.ts';
import type { Tag } from '../wire/input.ts';
import type { Process } from '../world.ts';
import { shown } from './instance.ts';

export interface SnapshotKind {
  readonly kind: 'instance' | 'cluster';
  /** As in the names of operations and of the answer's element. */
  readonly noun: 'DBSnapshot' | 'DBClusterSnapshot';
  readonly idName: string;
  readonly arnName: string;
  readonly sourceNoun: 'DBInstance' | 'DBCluster';
  readonly sourceIdName: string;
  readonly arnKind: ArnKind;
  /** CreateDBSnapshot takes 255 characters, CreateDBClusterSnapshot 63. */
  readonly longest: number;
  readonly exists: string;
  readonly missing: string;
  readonly wrongState: string;
  readonly sourceMissing: string;
  readonly sourceWrongState: string;
  readonly quota: 'manualSnapshots' | 'manualClusterSnapshots';
  readonly eventType: 'db-snapshot' | 'db-cluster-snapshot';
}

/** The codes are those of the model; their irregular endings are the service's. */
export const snapshotKinds: Record<'instance' | 'cluster', SnapshotKind> = {
  instance: {
    kind: 'instance',
    noun: 'DBSnapshot',
    idName: 'DBSnapshotIdentifier',
    arnName: 'DBSnapshotArn',
    sourceNoun: 'DBInstance',
    sourceIdName: 'DBInstanceIdentifier',
    arnKind: 'snapshot',
    longest: 255,
    exists: 'DBSnapshotAlreadyExists',
    missing: 'DBSnapshotNotFound',
    wrongState: 'InvalidDBSnapshotState',
    sourceMissing: 'DBInstanceNotFound',
    sourceWrongState: 'InvalidDBInstanceState',
    quota: 'manualSnapshots',
    eventType: 'db-snapshot',
  },
  cluster: {
    kind: 'cluster',
    noun: 'DBClusterSnapshot',
    idName: 'DBClusterSnapshotIdentifier',
    arnName: 'DBClusterSnapshotArn',
    sourceNoun: 'DBCluster',
    sourceIdName: 'DBClusterIdentifier',
    arnKind: 'cluster-snapshot',
    longest: 63,
    exists: 'DBClusterSnapshotAlreadyExistsFault',
    missing: 'DBClusterSnapshotNotFoundFault',
    wrongState: 'InvalidDBClusterSnapshotStateFault',
    sourceMissing: 'DBClusterNotFoundFault',
    sourceWrongState: 'InvalidDBClusterStateFault',
    quota: 'manualClusterSnapshots',
    eventType: 'db-cluster-snapshot',
  },
};

export interface Snapshot {
  readonly of: SnapshotKind;
  readonly id: string;
  readonly arn: string;
  readonly account: string;
  /** The name that the source had then, and the id that it has for ever. */
  readonly sourceId: string;
  readonly resourceId: string;
  readonly encrypted: boolean;
  /** Accounts that may restore or copy it; `all` makes it public. */
  readonly sharedWith: Set<string>;
  /** The snapshot that this is a copy of, in another region or account. */
  readonly copyOf?: string;
  readonly copyFrom?: string;
  /** The ARN of the snapshot that it was copied from, wherever that is; and whether that was no copy itself. */
  readonly madeFrom?: string;
  readonly ofOriginal?: boolean;
  /** How much a copy had to carry. */
  transfer?: 'full' | 'incremental';
  /** When the data in it was the data of the database. */
  dataTime?: Date;
  originalCreateTime?: Date;
  process?: Process;
  data?: string;
  /** Settings of the source that a restore takes over. */
  readonly settings: SourceSettings;

  Status: string;
  readonly SnapshotType: 'manual' | 'automated';
  SnapshotCreateTime?: Date;
  PercentProgress?: number;
  readonly Engine: string;
  readonly EngineVersion: string;
  readonly AllocatedStorage: number;
  readonly Port: number;
  readonly VpcId: string;
  readonly MasterUsername: string;
  readonly LicenseModel: string;
  readonly StorageType: string;
  readonly KmsKeyId?: string;
  TagList: readonly Tag[];
}

export interface SourceSettings {
  readonly createTime?: Date;
  readonly zone: string;
  readonly optionGroup: string;
  readonly iops?: number;
  readonly throughput?: number;
  readonly iamAuthentication: boolean;
  readonly databaseName?: string;
  readonly multiAz: boolean;
  readonly instanceClass?: string;
  readonly retentionDays: number;
  readonly window: string;
  readonly engineMode?: string;
}

export function showSnapshot(snapshot: Snapshot, now: Date): Shape {
  const { of, settings } = snapshot;
  const both = {
    ...shown(snapshot),
    [of.idName]: snapshot.id,
    [of.arnName]: snapshot.arn,
    [of.sourceIdName]: snapshot.sourceId,
    PercentProgress: snapshot.process?.percent(now) ?? snapshot.PercentProgress ?? 0,
    StorageEncryptionType: snapshot.encrypted ? 'sse-kms' : 'none',
    IAMDatabaseAuthenticationEnabled: settings.iamAuthentication,
  };
  if (of.kind === 'cluster') {
    // No original time: only `SnapshotCreateTime`, of this copy. https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DBClusterSnapshot.html
    return {
      ...both,
      AvailabilityZones: [settings.zone],
      ClusterCreateTime: settings.createTime,
      EngineMode: settings.engineMode,
      StorageEncrypted: snapshot.encrypted,
      DbClusterResourceId: snapshot.resourceId,
      SourceDBClusterSnapshotArn: snapshot.copyOf,
    };
  }
  // https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DBSnapshot.html: `SnapshotCreateTime` "changes for the copy
  // when the snapshot is copied", `OriginalSnapshotCreateTime` "doesn't change when the snapshot is copied".
  return {
    ...both,
    AvailabilityZone: settings.zone,
    InstanceCreateTime: settings.createTime,
    Encrypted: snapshot.encrypted,
    DbiResourceId: snapshot.resourceId,
    OptionGroupName: settings.optionGroup,
    Iops: settings.iops,
    StorageThroughput: settings.throughput,
    SnapshotTarget: 'region',
    OriginalSnapshotCreateTime: snapshot.originalCreateTime,
    SnapshotDatabaseTime: snapshot.dataTime,
    SourceDBSnapshotIdentifier: snapshot.copyOf,
    SourceRegion: snapshot.copyFrom,
  };
}

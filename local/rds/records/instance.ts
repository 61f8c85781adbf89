/**
 * What the fake keeps of an instance. Fields with a capital are shown to clients under that name, those without are ours.
 * (DBInstance in https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DBInstance.html)
 */
import type { Shape } from '../wire/answer.ts';
import type { Tag } from '../wire/input.ts';
import type { Process } from '../world.ts';

export interface Instance {
  DBInstanceIdentifier: string;
  DBInstanceArn: string;
  readonly DbiResourceId: string;
  DBInstanceStatus: string;
  DBInstanceClass: string;
  readonly Engine: string;
  EngineVersion: string;
  AllocatedStorage: number;
  MasterUsername: string;
  DBName?: string;
  Endpoint?: Shape;
  DbInstancePort: number;
  InstanceCreateTime?: Date;
  BackupRetentionPeriod: number;
  PreferredBackupWindow: string;
  PreferredMaintenanceWindow: string;
  VpcSecurityGroups: { VpcSecurityGroupId: string; Status: string }[];
  DBParameterGroups: { DBParameterGroupName: string; ParameterApplyStatus: string }[];
  OptionGroupMemberships: { OptionGroupName: string; Status: string }[];
  DBSubnetGroup: Shape;
  AvailabilityZone: string;
  MultiAZ: boolean;
  PubliclyAccessible: boolean;
  StorageType: string;
  Iops?: number;
  StorageThroughput?: number;
  MaxAllocatedStorage?: number;
  StorageEncrypted: boolean;
  KmsKeyId?: string;
  LicenseModel: string;
  CACertificateIdentifier: string;
  CopyTagsToSnapshot: boolean;
  AutoMinorVersionUpgrade: boolean;
  IAMDatabaseAuthenticationEnabled: boolean;
  DeletionProtection: boolean;
  MonitoringInterval: number;
  MonitoringRoleArn?: string;
  PerformanceInsightsEnabled: boolean;
  PerformanceInsightsKMSKeyId?: string;
  PerformanceInsightsRetentionPeriod?: number;
  EnabledCloudwatchLogsExports?: string[];
  DBClusterIdentifier?: string;
  PromotionTier?: number;
  ReadReplicaSourceDBInstanceIdentifier?: string;
  PendingModifiedValues: Shape;
  DBInstanceAutomatedBackupsReplications: { DBInstanceAutomatedBackupsArn: string }[];
  TagList: readonly Tag[];

  /** The first moment to which it can be restored. Nothing before the first automated backup. */
  restorableFrom?: Date;
  /** `LatestRestorableTime` stands still here. */
  stalledAt?: Date;
  /** The last moment that its logs reached, when it no longer runs. */
  endedAt?: Date;
  process?: Process;
  /** The moment that it was restored to. */
  restoredTo?: Date;
  /** Where its data really is, for one that has a server. */
  data?: string;
}

/** A status in which a snapshot may be made: https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBSnapshot.html */
export const snapshotStatuses: readonly string[] = ['available', 'storage-optimization'];

/**
 * "RDS uploads transaction logs for DB instances to Amazon S3 every five minutes":
 * https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_PIT.html
 */
export function latestRestorable(instance: Instance, now: Date): Date | undefined {
  if (instance.BackupRetentionPeriod === 0 || instance.restorableFrom === undefined) return undefined;
  const reached = Math.min(
    now.getTime(),
    instance.stalledAt?.getTime() ?? Number.POSITIVE_INFINITY,
    instance.endedAt?.getTime() ?? Number.POSITIVE_INFINITY,
  );
  const uploaded = Math.floor(reached / 300_000) * 300_000;
  return new Date(Math.max(uploaded, instance.restorableFrom.getTime()));
}

/** Backups older than the retention period are gone, and with them the start of the window. */
export function earliestRestorable(from: Date, retentionDays: number, now: Date): Date {
  return new Date(Math.max(from.getTime(), now.getTime() - retentionDays * 86_400_000));
}

export function showInstance(instance: Instance, now: Date): Shape {
  const latest = instance.DBClusterIdentifier === undefined ? latestRestorable(instance, now) : undefined;
  return { ...shown(instance), LatestRestorableTime: latest };
}

/** The fields that clients see. */
export function shown(record: object): Shape {
  return Object.fromEntries(Object.entries(record).filter(([name]) => /^[A-Z]/.test(name)));
}

/** What the fake keeps of a cluster (https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DBCluster.html). */
import type { Shape } from '../wire/answer.ts';
import type { Tag } from '../wire/input.ts';
import type { Process } from '../world.ts';
import { earliestRestorable, shown } from './instance.ts';

export interface Cluster {
  DBClusterIdentifier: string;
  DBClusterArn: string;
  readonly DbClusterResourceId: string;
  Status: string;
  readonly Engine: string;
  EngineVersion: string;
  EngineMode: string;
  AllocatedStorage: number;
  MasterUsername: string;
  DatabaseName?: string;
  Endpoint?: string;
  ReaderEndpoint?: string;
  Port: number;
  ClusterCreateTime?: Date;
  BackupRetentionPeriod: number;
  PreferredBackupWindow: string;
  PreferredMaintenanceWindow: string;
  VpcSecurityGroups: { VpcSecurityGroupId: string; Status: string }[];
  DBClusterParameterGroup: string;
  DBSubnetGroup: string;
  AvailabilityZones: string[];
  MultiAZ: boolean;
  StorageType?: string;
  StorageEncrypted: boolean;
  KmsKeyId?: string;
  CopyTagsToSnapshot: boolean;
  IAMDatabaseAuthenticationEnabled: boolean;
  DeletionProtection: boolean;
  EnabledCloudwatchLogsExports?: string[];
  /** Multi-AZ clusters that are not Aurora have one. */
  DBClusterInstanceClass?: string;
  PendingModifiedValues?: Shape;
  ServerlessV2ScalingConfiguration?: Shape;
  TagList: readonly Tag[];

  readonly vpc: string;
  members: { DBInstanceIdentifier: string; IsClusterWriter: boolean; PromotionTier: number }[];
  restorableFrom?: Date;
  stalledAt?: Date;
  endedAt?: Date;
  process?: Process;
  data?: string;
}

export const isAurora = (engine: string): boolean => engine.startsWith('aurora');

/**
 * Aurora backs up continuously: "the latest restorable time for a DB cluster ... is typically within the last five minutes":
 * https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-pitr.html. Here it is two minutes behind.
 */
export function latestClusterTime(cluster: Cluster, now: Date): Date | undefined {
  if (cluster.restorableFrom === undefined) return undefined;
  const reached = Math.min(
    now.getTime() - 120_000,
    cluster.stalledAt?.getTime() ?? Number.POSITIVE_INFINITY,
    cluster.endedAt?.getTime() ?? Number.POSITIVE_INFINITY,
  );
  return new Date(Math.max(Math.floor(reached / 1000) * 1000, cluster.restorableFrom.getTime()));
}

export function earliestClusterTime(cluster: Cluster, now: Date): Date | undefined {
  return cluster.restorableFrom && earliestRestorable(cluster.restorableFrom, cluster.BackupRetentionPeriod, now);
}

export function showCluster(cluster: Cluster, now: Date): Shape {
  return {
    ...shown(cluster),
    EarliestRestorableTime: earliestClusterTime(cluster, now),
    LatestRestorableTime: latestClusterTime(cluster, now),
    DBClusterMembers: cluster.members.map((member) => ({ ...member, DBClusterParameterGroupStatus: 'in-sync' })),
  };
}

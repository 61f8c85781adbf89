/** Backups that RDS keeps itself, their replication to another region, and exports of snapshots. */
import {
  DescribeDBClusterAutomatedBackupsCommand,
  DescribeDBInstanceAutomatedBackupsCommand,
  DescribeExportTasksCommand,
  type RDSClient,
  StartDBInstanceAutomatedBackupsReplicationCommand,
  StartExportTaskCommand,
} from '@aws-sdk/client-rds';
import type { AutomatedBackup, ExportTask, RdsRegion } from '../port.ts';
import { allPages } from './client.ts';
import { codeOf, rdsFailure } from './failures.ts';

export async function listAutomatedBackups(client: RDSClient, region: string): Promise<AutomatedBackup[]> {
  const instances = await allPages(
    (Marker) => client.send(new DescribeDBInstanceAutomatedBackupsCommand({ Marker })),
    (answer) => answer.DBInstanceAutomatedBackups,
    `list the automated backups of ${region}`,
  );
  const clusters = await allPages(
    (Marker) => client.send(new DescribeDBClusterAutomatedBackupsCommand({ Marker })),
    (answer) => answer.DBClusterAutomatedBackups,
    `list the automated cluster backups of ${region}`,
  );
  return [
    ...instances.map(
      (one): AutomatedBackup => ({
        kind: 'instance',
        arn: one.DBInstanceAutomatedBackupsArn ?? '',
        database: one.DBInstanceIdentifier ?? '',
        databaseArn: one.DBInstanceArn ?? '',
        region,
        status: one.Status ?? 'unknown',
        earliest: one.RestoreWindow?.EarliestTime,
        latest: one.RestoreWindow?.LatestTime,
        key: one.KmsKeyId,
        days: one.BackupRetentionPeriod ?? 0,
      }),
    ),
    ...clusters.map(
      (one): AutomatedBackup => ({
        kind: 'cluster',
        arn: one.DBClusterAutomatedBackupsArn ?? '',
        database: one.DBClusterIdentifier ?? '',
        databaseArn: one.DBClusterArn ?? '',
        region,
        status: one.Status ?? 'unknown',
        earliest: one.RestoreWindow?.EarliestTime,
        latest: one.RestoreWindow?.LatestTime,
        key: one.KmsKeyId,
        days: one.BackupRetentionPeriod ?? 0,
      }),
    ),
  ];
}

export async function replicateBackups(
  client: RDSClient,
  databaseArn: string,
  key: string | undefined,
  days: number,
): Promise<void> {
  try {
    await client.send(
      new StartDBInstanceAutomatedBackupsReplicationCommand({
        SourceDBInstanceArn: databaseArn,
        BackupRetentionPeriod: days,
        ...(key !== undefined && { KmsKeyId: key }),
      }),
    );
  } catch (error) {
    throw rdsFailure(error, `replicate the automated backups of ${databaseArn}`, 'ManagedFailed');
  }
}

export async function listExports(client: RDSClient, region: string): Promise<ExportTask[]> {
  const found = await allPages(
    (Marker) => client.send(new DescribeExportTasksCommand({ Marker })),
    (answer) => answer.ExportTasks,
    `list the export tasks of ${region}`,
  );
  return found.map((one) => ({
    id: one.ExportTaskIdentifier ?? '',
    status: one.Status ?? 'unknown',
    progress: one.PercentProgress,
    failure: one.FailureCause || undefined,
    warning: one.WarningMessage || undefined,
    place: `s3://${one.S3Bucket ?? ''}/${one.S3Prefix ?? ''}`,
  }));
}

/** One that was started already under this name is no error: names of exports are never used twice. */
export async function startExport(client: RDSClient, task: Parameters<RdsRegion['startExport']>[0]): Promise<void> {
  try {
    await client.send(
      new StartExportTaskCommand({
        ExportTaskIdentifier: task.id,
        SourceArn: task.snapshot,
        S3BucketName: task.bucket,
        S3Prefix: task.prefix,
        IamRoleArn: task.role,
        KmsKeyId: task.key,
      }),
    );
  } catch (error) {
    if (codeOf(error) === 'ExportTaskAlreadyExists') return;
    throw rdsFailure(error, `start the export ${task.id}`, 'ManagedFailed');
  }
}

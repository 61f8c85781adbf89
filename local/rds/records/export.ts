/** An export of a snapshot to S3 (https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_ExportTask.html). */
import type { Process } from '../world.ts';

export interface ExportTask {
  readonly ExportTaskIdentifier: string;
  readonly SourceArn: string;
  readonly SourceType: 'SNAPSHOT' | 'CLUSTER';
  readonly ExportOnly?: readonly string[];
  readonly SnapshotTime?: Date;
  TaskStartTime?: Date;
  TaskEndTime?: Date;
  readonly S3Bucket: string;
  readonly S3Prefix?: string;
  readonly IamRoleArn: string;
  readonly KmsKeyId: string;
  Status: 'STARTING' | 'IN_PROGRESS' | 'COMPLETE' | 'FAILED' | 'CANCELING' | 'CANCELED';
  PercentProgress: number;
  TotalExtractedDataInGB: number;
  FailureCause?: string;
  WarningMessage?: string;
  readonly gibibytes: number;
  process?: Process;
}

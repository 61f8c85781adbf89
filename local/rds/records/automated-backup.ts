/**
 * Automated backups that are not those of a running instance here: replicated from another region, or retained after their
 * instance was deleted (https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DBInstanceAutomatedBackup.html).
 */
import type { Tag } from '../wire/input.ts';
import type { Process } from '../world.ts';
import type { Snapshot } from './snapshot.ts';

export interface AutomatedBackup {
  readonly arn: string;
  readonly resourceId: string;
  /** The ARN of the instance, in its own region. */
  readonly instanceArn: string;
  readonly instanceId: string;
  readonly sourceRegion: string;
  status: 'creating' | 'active' | 'retained' | 'replicating' | 'pending';
  retentionDays: number;
  readonly kmsKeyId?: string;
  /** What a restore needs of the instance. */
  settings: Pick<
    Snapshot,
    | 'Engine'
    | 'EngineVersion'
    | 'AllocatedStorage'
    | 'Port'
    | 'MasterUsername'
    | 'LicenseModel'
    | 'StorageType'
    | 'encrypted'
    | 'settings'
  >;
  restorableFrom?: Date;
  /** The window's end, when it does not move any more. */
  restorableTo?: Date;
  stalledAt?: Date;
  TagList: readonly Tag[];
  process?: Process;
  data?: string;
}

/** Every operation that the fake knows, by its name. */
import type { Operations } from '../operation.ts';
import { automatedBackupOperations } from './automated-backups.ts';
import { accountOperations } from './catalogue/account.ts';
import { engineOperations } from './catalogue/engines.ts';
import { eventOperations } from './catalogue/events.ts';
import { groupOperations } from './catalogue/groups.ts';
import { copyOperations } from './copies.ts';
import { exportOperations } from './exports.ts';
import { listOperations } from './instances.ts';
import { sharingOperations } from './sharing.ts';
import { snapshotOperations } from './snapshots.ts';
import { tagOperations } from './tags.ts';

export const operations: Operations = {
  ...listOperations,
  ...snapshotOperations,
  ...copyOperations,
  ...sharingOperations,
  ...automatedBackupOperations,
  ...exportOperations,
  ...groupOperations,
  ...engineOperations,
  ...accountOperations,
  ...eventOperations,
  ...tagOperations,
};

/** Every operation that the fake knows, by its name. */
import type { Operations } from '../operation.ts';
import { automatedBackupOperations } from './automated-backups.ts';
import { accountOperations } from './catalogue/account.ts';
import { engineOperations } from './catalogue/engines.ts';
import { eventOperations } from './catalogue/events.ts';
import { groupOperations } from './catalogue/groups.ts';
import { changingOperations } from './changing.ts';
import { clusterRestoreOperations } from './cluster-restores.ts';
import { copyOperations } from './copies.ts';
import { deletingOperations } from './deleting.ts';
import { exportOperations } from './exports.ts';
import { listOperations } from './instances.ts';
import { makingOperations } from './making.ts';
import { restoreOperations } from './restores.ts';
import { sharingOperations } from './sharing.ts';
import { snapshotOperations } from './snapshots.ts';
import { tagOperations } from './tags.ts';

export const operations: Operations = {
  ...listOperations,
  ...snapshotOperations,
  ...copyOperations,
  ...makingOperations,
  ...changingOperations,
  ...deletingOperations,
  ...restoreOperations,
  ...clusterRestoreOperations,
  ...sharingOperations,
  ...automatedBackupOperations,
  ...exportOperations,
  ...groupOperations,
  ...engineOperations,
  ...accountOperations,
  ...eventOperations,
  ...tagOperations,
};

/** Every operation that the fake knows, by its name. */
import type { Operations } from '../operation.ts';
import { copyOperations } from './copies.ts';
import { listOperations } from './instances.ts';
import { snapshotOperations } from './snapshots.ts';
import { tagOperations } from './tags.ts';

export const operations: Operations = {
  ...listOperations,
  ...snapshotOperations,
  ...copyOperations,
  ...tagOperations,
};

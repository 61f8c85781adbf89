/** Sums up a restore: its record, and an alert when it failed. */
import { concludeRestore, concludeRestoreInput } from '../src/operations/restore/conclude-restore.ts';
import { alerts } from './dependencies/alerts.ts';
import { handle } from './handler.ts';

export const handler = handle('conclude-restore', concludeRestoreInput, concludeRestore, { alerts });

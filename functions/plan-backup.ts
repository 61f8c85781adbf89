/** What a run has to do: which sources are due, from a cadence, a list or an event. */
import { planBackup, planBackupInput } from '../src/operations/backup/plan-backup.ts';
import { handle } from './handler.ts';

export const handler = handle('plan-backup', planBackupInput, planBackup);

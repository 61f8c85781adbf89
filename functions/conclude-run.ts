/** Sums up a run: its record, and alerts for jobs that failed. */
import { concludeRun, concludeRunInput } from '../src/operations/backup/conclude-run.ts';
import { alerts } from './dependencies/alerts.ts';
import { handle } from './handler.ts';

export const handler = handle('conclude-run', concludeRunInput, concludeRun, { alerts });

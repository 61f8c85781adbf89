/** Cuts a job into shards, or finds that its version is in the vault already. */
import { splitJob, splitJobInput } from '../src/operations/backup/split-job.ts';
import { sources } from './dependencies/sources.ts';
import { handle } from './handler.ts';

export const handler = handle('split-job', splitJobInput, splitJob, { sources });

/** Finds the snapshot that an operator asks for and cuts its restore into shards. */
import { planRestore, planRestoreInput } from '../src/operations/restore/plan-restore.ts';
import { sources } from './dependencies/sources.ts';
import { handle } from './handler.ts';

export const handler = handle('plan-restore', planRestoreInput, planRestore, { sources });

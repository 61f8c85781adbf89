/** Compares the target with the snapshot, by content. */
import { validateRestore, validateRestoreInput } from '../src/operations/restore/validate-restore.ts';
import { sources } from './dependencies/sources.ts';
import { handle } from './handler.ts';

export const handler = handle('validate-restore', validateRestoreInput, validateRestore, { sources });

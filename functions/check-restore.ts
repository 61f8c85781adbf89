/** Makes sure that all that will be read is there and that the target may be written. */
import { checkRestore, checkRestoreInput } from '../src/operations/restore/check-restore.ts';
import { sources } from './dependencies/sources.ts';
import { handle } from './handler.ts';

export const handler = handle('check-restore', checkRestoreInput, checkRestore, { sources });

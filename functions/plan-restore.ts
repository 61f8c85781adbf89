/** Finds the snapshot that an operator asks for and holds it fast. */
import { planRestore, planRestoreInput } from '../src/operations/restore/plan-restore.ts';
import { handle } from './handler.ts';

export const handler = handle('plan-restore', planRestoreInput, planRestore);

/** Deletes the snapshots that AWS keeps and a plan names, in one region. */
import { deleteManaged, deleteManagedInput } from '../src/operations/managed/delete-managed.ts';
import { databases } from './dependencies/rds.ts';
import { handle } from './handler.ts';

export const handler = handle('delete-managed', deleteManagedInput, deleteManaged, { databases });

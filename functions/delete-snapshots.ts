/** Deletes from one vault the snapshots that a prune plan names. */
import { deleteSnapshots, deleteSnapshotsInput } from '../src/operations/prune/delete-snapshots.ts';
import { handle } from './handler.ts';

export const handler = handle('delete-snapshots', deleteSnapshotsInput, deleteSnapshots);

/** Puts the shards of a job together and publishes the snapshot. */
import { commitSnapshot, commitSnapshotInput } from '../src/operations/backup/commit-snapshot.ts';
import { sources } from './dependencies/sources.ts';
import { handle } from './handler.ts';

export const handler = handle('commit-snapshot', commitSnapshotInput, commitSnapshot, { sources });

/** Publishes a snapshot in a replica, once everything it needs is there. */
import { commitReplica, commitReplicaInput } from '../src/operations/backup/commit-replica.ts';
import { handle } from './handler.ts';

export const handler = handle('commit-replica', commitReplicaInput, commitReplica);

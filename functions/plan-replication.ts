/** What a replica lacks of a snapshot, in batches. */
import { planReplication, planReplicationInput } from '../src/operations/backup/plan-replication.ts';
import { handle } from './handler.ts';

export const handler = handle('plan-replication', planReplicationInput, planReplication);

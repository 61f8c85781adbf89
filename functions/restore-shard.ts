/** Writes one part of a snapshot to the target, as far as one invocation gets. */
import { restoreShard, restoreShardInput } from '../src/operations/restore/restore-shard.ts';
import { sources } from './dependencies/sources.ts';
import { handle } from './handler.ts';

export const handler = handle('restore-shard', restoreShardInput, restoreShard, { sources });

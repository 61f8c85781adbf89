/** Reads one part of a source into the vault, as far as one invocation gets. */
import { captureShard, captureShardInput } from '../src/operations/backup/capture-shard.ts';
import { sources } from './dependencies/sources.ts';
import { handle } from './handler.ts';

export const handler = handle('capture-shard', captureShardInput, captureShard, { sources });

/** Rewrites packs of one vault that are mostly garbage, or copies what the primary has rewritten. */
import { repackPacks, repackPacksInput } from '../src/operations/prune/repack-packs.ts';
import { handle } from './handler.ts';

export const handler = handle('repack-packs', repackPacksInput, repackPacks);

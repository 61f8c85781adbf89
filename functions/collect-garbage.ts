/** Deletes packs of one vault that were marked long enough ago, and revives those used again. */
import { collectGarbage, collectGarbageInput } from '../src/operations/prune/collect-garbage.ts';
import { handle } from './handler.ts';

export const handler = handle('collect-garbage', collectGarbageInput, collectGarbage);

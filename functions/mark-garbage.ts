/** Marks packs of one vault that no snapshot reaches. */
import { markGarbage, markGarbageInput } from '../src/operations/prune/mark-garbage.ts';
import { handle } from './handler.ts';

export const handler = handle('mark-garbage', markGarbageInput, markGarbage);

/** Empties the scratch place of a rehearsal. */
import { discardDrill, discardDrillInput } from '../src/operations/drill/discard-drill.ts';
import { sources } from './dependencies/sources.ts';
import { handle } from './handler.ts';

export const handler = handle('discard-drill', discardDrillInput, discardDrill, { sources });

/** Which snapshots are rehearsed, from which vault, into which scratch place. */
import { planDrill, planDrillInput } from '../src/operations/drill/plan-drill.ts';
import { handle } from './handler.ts';

export const handler = handle('plan-drill', planDrillInput, planDrill);

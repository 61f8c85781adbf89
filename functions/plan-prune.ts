/** Writes down which snapshots retention keeps and which it deletes, with reasons. */
import { planPrune, planPruneInput } from '../src/operations/prune/plan-prune.ts';
import { databases } from './dependencies/rds.ts';
import { handle } from './handler.ts';

export const handler = handle('plan-prune', planPruneInput, planPrune, { databases });

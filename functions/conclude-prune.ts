/** Sums up a prune: its record, and alerts for vaults that failed. */
import { concludePrune, concludePruneInput } from '../src/operations/prune/conclude-prune.ts';
import { alerts } from './dependencies/alerts.ts';
import { handle } from './handler.ts';

export const handler = handle('conclude-prune', concludePruneInput, concludePrune, { alerts });

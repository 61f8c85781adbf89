/** Sums up a drill: its report, and alerts for rehearsals that failed. */
import { concludeDrill, concludeDrillInput } from '../src/operations/drill/conclude-drill.ts';
import { alerts } from './dependencies/alerts.ts';
import { handle } from './handler.ts';

export const handler = handle('conclude-drill', concludeDrillInput, concludeDrill, { alerts });

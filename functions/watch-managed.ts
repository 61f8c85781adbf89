/** Watches how far databases that AWS runs can be restored to. */
import { watchManaged, watchManagedInput } from '../src/operations/managed/watch-managed.ts';
import { alerts } from './dependencies/alerts.ts';
import { databases } from './dependencies/rds.ts';
import { handle } from './handler.ts';

export const handler = handle('watch-managed', watchManagedInput, watchManaged, { databases, alerts });

/** Takes snapshots of databases that AWS runs, or looks how far they are. */
import { takeManaged, takeManagedInput } from '../src/operations/managed/take-managed.ts';
import { alerts } from './dependencies/alerts.ts';
import { databases } from './dependencies/rds.ts';
import { handle } from './handler.ts';

export const handler = handle('take-managed', takeManagedInput, takeManaged, { databases, alerts });

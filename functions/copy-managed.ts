/** Copies snapshots of databases that AWS runs to other regions, or looks how far the copies are. */
import { copyManaged, copyManagedInput } from '../src/operations/managed/copy-managed.ts';
import { alerts } from './dependencies/alerts.ts';
import { databases } from './dependencies/rds.ts';
import { handle } from './handler.ts';

export const handler = handle('copy-managed', copyManagedInput, copyManaged, { databases, alerts });

/** Checks that everything a new snapshot reaches is in the vault. */
import { verifySnapshot, verifySnapshotInput } from '../src/operations/backup/verify-snapshot.ts';
import { handle } from './handler.ts';

export const handler = handle('verify-snapshot', verifySnapshotInput, verifySnapshot);

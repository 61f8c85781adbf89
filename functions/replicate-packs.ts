/** Copies one batch of packs to a replica. */
import { replicatePacks, replicatePacksInput } from '../src/operations/backup/replicate-packs.ts';
import { handle } from './handler.ts';

export const handler = handle('replicate-packs', replicatePacksInput, replicatePacks);

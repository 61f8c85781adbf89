/** Reads and hashes a batch of packs, and repairs what is damaged from another vault. */
import { verifyPacks, verifyPacksInput } from '../src/operations/verify/verify-packs.ts';
import { handle } from './handler.ts';

export const handler = handle('verify-packs', verifyPacksInput, verifyPacks);

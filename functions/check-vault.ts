/** Checks the structure of one vault and cuts what is to be read into batches. */
import { checkVault, checkVaultInput } from '../src/operations/verify/check-vault.ts';
import { handle } from './handler.ts';

export const handler = handle('check-vault', checkVaultInput, checkVault);

/** Which vaults are to be verified, and how much of each. */
import { planVerify, planVerifyInput } from '../src/operations/verify/plan-verify.ts';
import { handle } from './handler.ts';

export const handler = handle('plan-verify', planVerifyInput, planVerify);

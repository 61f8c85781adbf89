/** Sums up a verification: its record, and alerts for damage. */
import { concludeVerify, concludeVerifyInput } from '../src/operations/verify/conclude-verify.ts';
import { alerts } from './dependencies/alerts.ts';
import { handle } from './handler.ts';

export const handler = handle('conclude-verify', concludeVerifyInput, concludeVerify, { alerts });

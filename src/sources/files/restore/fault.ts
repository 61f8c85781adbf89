/** What went wrong while something was put back: this thing's trouble, or the end of the restore. */
import { errnoOf, fail, isTidemarkError } from '../../../core/errors.ts';

/** No other entry would fare better. */
const fatal: Readonly<Record<string, string>> = {
  ENOSPC: 'no space is left',
  EDQUOT: 'the quota is used up',
  EROFS: 'the file system is read-only',
  EIO: 'the disk reports errors',
  EMFILE: 'too many files are open',
  ENFILE: 'too many files are open',
};
const known: Readonly<Record<string, string>> = {
  EEXIST: 'something of that name is already there',
  ENOTEMPTY: 'a directory that is not empty has its place',
  ENOSYS: 'this machine cannot make one',
};

/** In words, when it concerns one entry. Errors: `TargetUnusable`; what is neither the target's nor the entry's fault is thrown on. */
export function entryFault(error: unknown, target: string): string {
  if (isTidemarkError(error)) {
    const damaged = ['VaultDamaged', 'ObjectMissing', 'ChecksumMismatch'].includes(error.name);
    if (!damaged) throw error;
    return `cannot be restored: ${error.message}`;
  }
  const code = errnoOf(error);
  if (code === undefined || code.startsWith('ERR_')) throw error;
  if (fatal[code] !== undefined) {
    fail('TargetUnusable', `${target} takes no more: ${fatal[code]} (${code})`, {
      hint: 'Make room or choose another target, and restore again.',
      context: { target, code },
      cause: error,
    });
  }
  return `cannot be restored: ${known[code] ?? 'the system refused'} (${code})`;
}

/** System errors of a file system as errors of the object store, each with the path and what to do about it. */
import { type ErrorName, errnoOf, isTidemarkError, TidemarkError } from '../../core/errors.ts';

interface Row {
  readonly name: ErrorName;
  readonly reason: string;
  readonly hint: string;
}

const full: Row = {
  name: 'StoreFull',
  reason: 'no space is left',
  hint: 'Free space there (tidemark prune --dry-run shows what could go) or give the vault a larger disk.',
};
const quota: Row = { ...full, reason: 'the disk quota is used up', hint: 'Raise the quota, or free space under it.' };
const readOnly: Row = {
  name: 'StoreReadOnly',
  reason: 'the file system is read-only',
  hint: 'Mount it for writing; when nobody mounted it read-only, the disk failed: look at the kernel log.',
};
const denied: Row = {
  name: 'StoreDenied',
  reason: 'access is denied',
  hint: 'Give the user that runs Tidemark the right to read and write there.',
};
const busy: Row = {
  name: 'StoreThrottled',
  reason: 'too many files are open, or the file system is busy',
  hint: 'Try again later; raise the limit of open files (ulimit -n) when it happens often.',
};
const gone: Row = {
  name: 'StoreUnreachable',
  reason: 'the disk or share does not answer',
  hint: 'Check the disk, the mount and the network, then try again.',
};
const otherFileSystem: Row = {
  name: 'StoreLawBroken',
  reason: 'part of the store lies on another file system',
  hint: 'Keep the whole store on one file system; mount points and links inside it break atomic puts.',
};
const notAKey: Row = {
  name: 'ObjectKeyInvalid',
  reason: 'the file system cannot hold a name like this',
  hint: 'Use shorter keys, and no key that is also the folder of others.',
};

const rows: Readonly<Record<string, Row>> = {
  ENOSPC: full,
  EFBIG: {
    ...full,
    reason: 'the file would be larger than allowed',
    hint: 'Raise the limit on file sizes (ulimit -f).',
  },
  EDQUOT: quota,
  EROFS: readOnly,
  EACCES: denied,
  EPERM: denied,
  EMFILE: busy,
  ENFILE: busy,
  EBUSY: busy,
  EAGAIN: busy,
  EIO: gone,
  ENXIO: gone,
  ENODEV: gone,
  ESTALE: gone,
  ETIMEDOUT: gone,
  EHOSTDOWN: gone,
  EHOSTUNREACH: gone,
  ENOTCONN: gone,
  ECONNRESET: gone,
  ENOENT: { ...gone, reason: 'something vanished while it was in use' },
  EXDEV: otherFileSystem,
  ENAMETOOLONG: notAKey,
  ENOTDIR: notAKey,
  EISDIR: notAKey,
  EILSEQ: notAKey,
};

/** Numbers of errors for which libuv has no name (Linux, then macOS). */
const unnamed: Readonly<Record<number, string>> = { 122: 'EDQUOT', 116: 'ESTALE', 69: 'EDQUOT', 70: 'ESTALE' };

/** `action` continues "cannot": `write`, `list`. A TidemarkError is handed back as it is. */
export function storeFailure(error: unknown, action: string, path: string): TidemarkError {
  if (isTidemarkError(error)) return error;
  const number = (error as { errno?: unknown } | null)?.errno;
  const code = (typeof number === 'number' ? unnamed[-number] : undefined) ?? errnoOf(error);
  const row = code === undefined ? undefined : rows[code];
  const message = `cannot ${action} ${path}: ${row ? `${row.reason} (${code})` : String(error)}`;
  return new TidemarkError(row?.name ?? 'Unexpected', message, {
    hint: row?.hint ?? 'Look at the cause; when it makes no sense, check the disk.',
    context: { path, ...(code === undefined ? {} : { code }) },
    cause: error,
  });
}

/** True when a failed call only says that nothing has that name. `ENOTDIR`: a file stands where a folder would be. */
export function isAbsence(error: unknown): boolean {
  const code = errnoOf(error);
  return code === 'ENOENT' || code === 'ENOTDIR';
}

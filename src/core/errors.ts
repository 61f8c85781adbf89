/**
 * Every error that Tidemark raises on purpose, in one table. Names are public: state machines match on them, the command
 * line turns them into exit codes, and `docs/errors.md` explains each. Raise with `fail(name, message, {hint, ...})`.
 */

/** `never`: the same call will fail again. `later`: try again after a pause. `maybe`: one more try is worth it. */
export type Retry = 'never' | 'later' | 'maybe';

interface ErrorRow {
  readonly retry: Retry;
  /** Exit code of the command line, after BSD's sysexits where one fits. */
  readonly exit: number;
  readonly summary: string;
}

export const errorTable = {
  UsageInvalid: { retry: 'never', exit: 64, summary: 'The command line is wrong.' },
  PlanInvalid: { retry: 'never', exit: 65, summary: 'The plan file has a mistake; nothing in it was used.' },
  InputInvalid: {
    retry: 'never',
    exit: 65,
    summary: 'The input of a workflow or function does not have the right shape.',
  },
  EventUnknown: { retry: 'never', exit: 65, summary: 'An event arrived whose shape Tidemark does not know.' },
  SourceUnknown: { retry: 'never', exit: 66, summary: 'The plan has no source of this id.' },
  SourceMissing: { retry: 'maybe', exit: 66, summary: 'What the plan says to protect is not there.' },
  SourceIncomplete: {
    retry: 'maybe',
    exit: 75,
    summary: 'Part of a source could not be read; the snapshot says which part.',
  },
  DatabaseUnreachable: { retry: 'later', exit: 69, summary: 'The database server does not answer.' },
  DatabaseRefused: {
    retry: 'never',
    exit: 77,
    summary: 'The database server refused the login or a right is missing.',
  },
  WalLost: {
    retry: 'never',
    exit: 66,
    summary: 'The server no longer has the log that follows on what the vault holds; a new base has to be taken.',
  },
  DatabaseThrottled: { retry: 'later', exit: 75, summary: 'The database service asked to slow down.' },
  KeyUnusable: {
    retry: 'never',
    exit: 77,
    summary: 'An encryption key is missing, disabled, of another region, or may not be used.',
  },
  QuotaReached: { retry: 'never', exit: 75, summary: 'A quota of the account leaves no room.' },
  ManagedFailed: {
    retry: 'never',
    exit: 70,
    summary: 'A snapshot, copy, export or restore that the database service took on ended as failed.',
  },
  ManagedStuck: {
    retry: 'never',
    exit: 75,
    summary: 'The database service did not end in time what it took on; the next run looks at it again.',
  },
  DumpFailed: { retry: 'maybe', exit: 70, summary: 'The dump program ended with an error; nothing was published.' },
  RestoreFailed: {
    retry: 'never',
    exit: 70,
    summary: 'The restore program ended with an error; the target is not complete.',
  },
  ToolMissing: { retry: 'never', exit: 69, summary: 'A program that this kind of source needs is not installed.' },
  StoreMissing: {
    retry: 'maybe',
    exit: 66,
    summary: 'The place of the vault is not there: no such folder, mount or bucket.',
  },
  StoreUnreachable: { retry: 'later', exit: 69, summary: 'The object store does not answer.' },
  StoreThrottled: { retry: 'later', exit: 75, summary: 'The object store asked to slow down.' },
  StoreFull: { retry: 'later', exit: 74, summary: 'No space is left where the vault is kept.' },
  StoreReadOnly: { retry: 'never', exit: 73, summary: 'The vault is on a read-only file system.' },
  StoreDenied: { retry: 'never', exit: 77, summary: 'The object store denied access.' },
  StoreLawBroken: { retry: 'never', exit: 76, summary: 'The object store broke a law that the vault relies on.' },
  ObjectMissing: { retry: 'never', exit: 74, summary: 'An object that should be in the vault is not there.' },
  ObjectExists: { retry: 'never', exit: 75, summary: 'A conditional create lost: the object is already there.' },
  ObjectKeyInvalid: { retry: 'never', exit: 70, summary: 'An object key or prefix is empty or not allowed.' },
  ChecksumMismatch: { retry: 'maybe', exit: 74, summary: 'Bytes do not have the checksum that they should have.' },
  DeleteIncomplete: { retry: 'later', exit: 75, summary: 'Some objects of a batch could not be deleted.' },
  VaultMissing: { retry: 'never', exit: 66, summary: 'There is no vault at this place.' },
  VaultFormatUnknown: {
    retry: 'never',
    exit: 76,
    summary: 'The vault was written by a newer Tidemark, or is no vault.',
  },
  VaultDamaged: { retry: 'maybe', exit: 74, summary: 'Stored bytes are missing or damaged.' },
  VaultKeyWrong: {
    retry: 'never',
    exit: 77,
    summary: 'The vault is sealed and the passphrase or key does not open it.',
  },
  SnapshotMissing: { retry: 'never', exit: 66, summary: 'There is no such snapshot.' },
  RestorePointMissing: { retry: 'never', exit: 66, summary: 'No snapshot exists at or before the time asked for.' },
  TargetNotEmpty: {
    retry: 'never',
    exit: 73,
    summary: 'The restore target holds something already; nothing was overwritten.',
  },
  TargetUnusable: { retry: 'never', exit: 73, summary: 'The restore target cannot be written to or is not valid.' },
  ValidationFailed: { retry: 'maybe', exit: 74, summary: 'What was restored is not what the snapshot holds.' },
  PruneRefused: { retry: 'never', exit: 75, summary: 'Prune stopped itself; nothing was deleted.' },
  WriterFenced: {
    retry: 'maybe',
    exit: 75,
    summary: 'A writer slept past its lease; what it wrote cannot be committed.',
  },
  DeadlineExceeded: { retry: 'later', exit: 75, summary: 'The invocation would have ended before the work was done.' },
  PayloadTooLarge: { retry: 'never', exit: 70, summary: 'A state passed on more than 256 KiB.' },
  AlertUndelivered: { retry: 'later', exit: 69, summary: 'An alert could not be delivered.' },
  RunFailed: { retry: 'never', exit: 1, summary: 'At least one job of the run failed; the others ran to their end.' },
  ExecutionExists: { retry: 'never', exit: 75, summary: 'An execution of this name exists, with another input.' },
  WorkflowFailed: { retry: 'never', exit: 1, summary: 'A workflow execution ended in failure.' },
  Unexpected: { retry: 'maybe', exit: 70, summary: 'Something that Tidemark did not foresee.' },
} as const satisfies Record<string, ErrorRow>;

export type ErrorName = keyof typeof errorTable;

export interface ErrorDetails {
  /** What to do about it, in one sentence that starts with a verb. */
  readonly hint?: string;
  /** Where it happened: paths, keys, ids. JSON values only; never a secret. */
  readonly context?: Readonly<Record<string, unknown>>;
  readonly cause?: unknown;
}

export class TidemarkError extends Error {
  override readonly name: ErrorName;
  readonly hint: string | undefined;
  readonly context: Readonly<Record<string, unknown>>;

  constructor(name: ErrorName, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = name;
    this.hint = details.hint;
    this.context = details.context ?? {};
  }

  get retry(): Retry {
    return errorTable[this.name].retry;
  }

  get exitCode(): number {
    return errorTable[this.name].exit;
  }
}

/** Throws a {@link TidemarkError}; usable as an expression (`x ?? fail(...)`). */
export function fail(name: ErrorName, message: string, details?: ErrorDetails): never {
  throw new TidemarkError(name, message, details);
}

export function isTidemarkError(error: unknown, name?: ErrorName): error is TidemarkError {
  return error instanceof TidemarkError && (name === undefined || error.name === name);
}

/** Any thrown value as a TidemarkError; what is not one already becomes `Unexpected`, with the original as its cause. */
export function asTidemarkError(error: unknown): TidemarkError {
  if (error instanceof TidemarkError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new TidemarkError('Unexpected', message, {
    hint: 'Run again with TIDEMARK_LOG=debug and report what it prints.',
    cause: error,
  });
}

/** The POSIX error code (`ENOENT`, ...) of a failed system call, if it is one. */
export function errnoOf(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : undefined;
}

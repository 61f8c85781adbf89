/** Errors of S3, of the SDK and of the network as errors of the object store. Knows names and numbers, not the SDK. */
import { type ErrorName, errnoOf, isTidemarkError, TidemarkError } from '../../core/errors.ts';

interface Row {
  readonly name: ErrorName;
  readonly hint: string;
  readonly codes: readonly string[];
  /**
   * For answers with a code that is not listed, or none. There is no row for 404: an unknown code with that number may be
   * anything (an unknown user, in one store), and must not pass for "the object is not there".
   */
  readonly statuses?: readonly number[];
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html#ErrorCodeList, and what else was met. */
const rows: readonly Row[] = [
  {
    name: 'ObjectMissing',
    hint: 'Run tidemark verify.',
    codes: ['NoSuchKey', 'NoSuchVersion'],
  },
  {
    name: 'StoreMissing',
    hint: 'Correct the name of the bucket in the plan, or create the bucket (it is part of the deployment).',
    codes: ['NoSuchBucket'],
  },
  {
    name: 'StoreMissing',
    hint: 'Set the region of the vault in the plan to the region that the bucket is in.',
    codes: [
      'PermanentRedirect',
      'TemporaryRedirect',
      'AuthorizationHeaderMalformed',
      'IllegalLocationConstraintException',
    ],
    statuses: [301, 307],
  },
  {
    name: 'StoreDenied',
    hint: 'Find credentials first: a role for functions, a profile or AWS_ACCESS_KEY_ID elsewhere.',
    codes: ['CredentialsProviderError', 'CredentialsError'],
  },
  {
    name: 'StoreDenied',
    hint: 'Sign in again, or replace the access key: these credentials are unknown, wrong or expired.',
    codes: [
      ...['InvalidAccessKeyId', 'SignatureDoesNotMatch', 'ExpiredToken', 'ExpiredTokenException', 'InvalidToken'],
      'XAdminUserNotFound',
    ],
  },
  { name: 'StoreDenied', hint: 'Set the clock of this machine.', codes: ['RequestTimeTooSkewed'] },
  {
    name: 'StoreDenied',
    hint: 'Check the KMS key of the bucket: it must be enabled, and this role may use it.',
    codes: [
      'KMS.DisabledException',
      'KMS.NotFoundException',
      'KMS.KMSInvalidStateException',
      'KMS.AccessDeniedException',
    ],
  },
  {
    name: 'StoreDenied',
    hint: 'Restore the object from its archive class, and keep lifecycle rules away from the vault.',
    codes: ['InvalidObjectState'],
  },
  {
    name: 'StoreDenied',
    hint: 'Allow s3:GetObject, s3:PutObject, s3:DeleteObject and s3:ListBucket to this role; look at the bucket policy too.',
    codes: ['AccessDenied', 'AllAccessDisabled', 'AccountProblem', 'Forbidden', 'UnauthorizedAccess'],
    statuses: [401, 403],
  },
  {
    name: 'StoreThrottled',
    hint: 'Wait; with many writers at once, let fewer run.',
    codes: [
      ...['SlowDown', 'ServiceUnavailable', 'Throttling', 'ThrottlingException', 'TooManyRequestsException'],
      ...['RequestLimitExceeded', 'BandwidthLimitExceeded', 'Busy', 'OperationAborted', 'ConditionalRequestConflict'],
    ],
    statuses: [429, 503],
  },
  {
    name: 'StoreFull',
    hint: 'Give the store more space or a larger quota.',
    codes: ['QuotaExceeded', 'XMinioStorageFull', 'InsufficientStorage'],
    statuses: [507],
  },
  {
    name: 'ChecksumMismatch',
    hint: 'Try again; when it happens twice, suspect the memory of this machine.',
    codes: [
      'BadDigest',
      'XAmzContentSHA256Mismatch',
      'XAmzContentChecksumMismatch',
      'InvalidDigest',
      'ChecksumMismatch',
    ],
  },
  { name: 'ObjectExists', hint: 'Nothing was overwritten.', codes: ['PreconditionFailed'], statuses: [412] },
  {
    name: 'StoreLawBroken',
    hint: 'Use another store: this one does not know a request that the vault relies on. docs/stores.md names some that do.',
    codes: ['NotImplemented', 'MethodNotAllowed', 'UnsupportedArgument'],
    statuses: [501, 405],
  },
  {
    name: 'StoreUnreachable',
    hint: 'Check the network and the endpoint, then try again.',
    codes: [
      ...['InternalError', 'InternalFailure', 'RequestTimeout', 'TimeoutError', 'AbortError', 'NetworkingError'],
      ...['ECONNREFUSED', 'ECONNRESET', 'ECONNABORTED', 'ENOTFOUND', 'EAI_AGAIN', 'EPIPE', 'ETIMEDOUT', 'ENETUNREACH'],
      ...['EHOSTUNREACH', 'ERR_STREAM_PREMATURE_CLOSE', 'UND_ERR_SOCKET', 'IncompleteBody'],
    ],
    statuses: [500, 502, 504],
  },
];

interface SdkError {
  readonly name?: string;
  readonly message?: string;
  readonly $metadata?: { readonly httpStatusCode?: number; readonly attempts?: number };
}

/** The HTTP status of a failed request, when it got as far as an answer. */
export function statusOf(error: unknown): number | undefined {
  return (error as SdkError | null)?.$metadata?.httpStatusCode;
}

/** Requests the SDK made for one call. */
export function attemptsOf(error: unknown): number {
  return (error as SdkError | null)?.$metadata?.attempts ?? 1;
}

export function codeOf(error: unknown): string | undefined {
  return (error as SdkError | null)?.name;
}

/** `action` continues "cannot": `get packs/ab/abcd from s3://bucket`. */
export function s3Failure(error: unknown, action: string): TidemarkError {
  if (isTidemarkError(error)) return error;
  const status = statusOf(error);
  const { name, hint, code } = classify(error, status);
  const message = (error as SdkError | null)?.message || String(error);
  return new TidemarkError(name, `cannot ${action}: ${message}${message.includes(code) ? '' : ` (${code})`}`, {
    hint,
    context: { code, ...(status === undefined ? {} : { status }) },
    cause: error,
  });
}

function classify(error: unknown, status: number | undefined): Pick<Row, 'name' | 'hint'> & { readonly code: string } {
  const codes = [codeOf(error), errnoOf(error)].filter((code) => code !== undefined);
  const known = rows.find((row) => row.codes.some((code) => codes.includes(code)));
  const code = codes.find((each) => known?.codes.includes(each)) ?? codes[0] ?? 'unknown error';
  if (known) return { ...known, code };
  // The body did not have the checksum that S3 keeps with it; the SDK found out and has no name for it.
  if ((error as SdkError | null)?.message?.startsWith('Checksum mismatch')) {
    return { name: 'ChecksumMismatch', hint: 'Try again; when it stays, the object or the wire is damaged.', code };
  }
  const byStatus = rows.find((row) => status !== undefined && row.statuses?.includes(status));
  if (byStatus) return { ...byStatus, code };
  if (status !== undefined && status >= 500) return { name: 'StoreUnreachable', hint: 'Try again later.', code };
  if (status !== undefined && status < 300) {
    return {
      name: 'StoreLawBroken',
      hint: 'Check that the endpoint really speaks S3: its answer made no sense.',
      code,
    };
  }
  return { name: 'Unexpected', hint: 'Look the code up in the documentation of the store.', code };
}

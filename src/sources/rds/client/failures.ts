/**
 * Errors of RDS, of the SDK and of the network, as errors of Tidemark or as outcomes that a caller acts on. Names come in two
 * spellings, the wire's code and the SDK's shape with `Fault` at its end; both are looked up without it.
 */
import { type ErrorName, errnoOf, isTidemarkError, TidemarkError } from '../../../core/errors.ts';
import type { Taken } from '../port.ts';

interface SdkError {
  readonly name?: string;
  readonly Code?: string;
  readonly message?: string;
  readonly $metadata?: { readonly httpStatusCode?: number };
}

/** https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/CommonErrors.html and the errors of each operation. */
const rows: readonly { readonly name: ErrorName; readonly codes: RegExp; readonly hint: string }[] = [
  {
    name: 'DatabaseThrottled',
    codes: /^(Throttling|ThrottlingException|RequestLimitExceeded|TooManyRequestsException|SlowDown)$/,
    hint: 'Wait; it is tried again. If it stays, find out who else asks RDS so often in this account.',
  },
  {
    name: 'DatabaseRefused',
    codes:
      /^(AccessDenied|AccessDeniedException|NotAuthorized|UnauthorizedOperation|OptInRequired|SignatureDoesNotMatch|IncompleteSignature|InvalidClientTokenId|ExpiredToken|ExpiredTokenException|MissingAuthenticationToken|CredentialsProviderError|UnrecognizedClientException)$/,
    hint: 'Check the credentials, and that the role may do this: docs/deploy.md names the rights.',
  },
  {
    name: 'KeyUnusable',
    codes: /^KMSKeyNotAccessible$/,
    hint: 'Check the key: it has to be enabled, in the region of the copy, and this role may use it.',
  },
  {
    name: 'QuotaReached',
    codes:
      /^(SnapshotQuotaExceeded|InstanceQuotaExceeded|DBClusterQuotaExceeded|StorageQuotaExceeded|DBInstanceAutomatedBackupQuotaExceeded|\w*QuotaExceeded)$/,
    hint: 'Ask for a higher quota in the Service Quotas console, or remove what nobody needs.',
  },
];

/** The code without `Fault`: `SnapshotQuotaExceeded`. */
export function codeOf(error: unknown): string {
  const { name, Code } = (error ?? {}) as SdkError;
  return (name && name !== 'Error' ? name : (Code ?? errnoOf(error) ?? 'unknown error')).replace(/Fault$/, '');
}

export const messageOf = (error: unknown): string => (error as SdkError | null)?.message || String(error);

/** `action` continues "cannot": `list the snapshots of eu-west-1`. */
export function rdsFailure(error: unknown, action: string, fallback: ErrorName = 'Unexpected'): TidemarkError {
  if (isTidemarkError(error)) return error;
  const code = codeOf(error);
  const status = (error as SdkError | null)?.$metadata?.httpStatusCode;
  const message = `cannot ${action}: ${messageOf(error)}${messageOf(error).includes(code) ? '' : ` (${code})`}`;
  const context = { code, ...(status === undefined ? {} : { status }) };
  const row = rows.find(({ codes }) => codes.test(code));
  if (row) return new TidemarkError(row.name, message, { hint: row.hint, context, cause: error });
  if (status === undefined || status >= 500) {
    return new TidemarkError('DatabaseUnreachable', message, {
      hint: 'Check the way to the RDS API (inside a VPC: a NAT gateway or the endpoint of RDS), then try again.',
      context,
      cause: error,
    });
  }
  return new TidemarkError(fallback, message, {
    hint: 'Look the code up in the API reference of RDS.',
    context,
    cause: error,
  });
}

/** True for "there is no such thing", of which RDS has a name for each kind of thing. */
export function isNotFound(error: unknown): boolean {
  return /NotFound$/.test(codeOf(error));
}

/**
 * What became of a request to take or copy a snapshot. One code has two meanings that only its message tells apart: too many
 * copies at once, which passes, and too many manual snapshots, which does not.
 * https://github.com/pbudzon/aws-maintenance/issues/19 and /issues/12
 */
export function outcomeOf(error: unknown): Taken | undefined {
  const code = codeOf(error);
  const why = messageOf(error);
  if (/AlreadyExists$/.test(code)) return { outcome: 'exists' };
  if (code === 'SnapshotQuotaExceeded') {
    return { outcome: /copy|copies|in progress/i.test(why) ? 'copies-full' : 'quota', why };
  }
  if (code === 'KMSKeyNotAccessible') return { outcome: 'key', why };
  if (/^InvalidDB(Instance|Cluster|Snapshot|ClusterSnapshot)State$/.test(code)) return { outcome: 'busy', why };
  if (isNotFound(error)) return { outcome: 'missing', why };
  if (/^(InvalidParameter|Validation)/.test(code)) {
    return { outcome: /kms|key/i.test(why) && !/tag key/i.test(why) ? 'key' : 'refused', why };
  }
  return undefined;
}

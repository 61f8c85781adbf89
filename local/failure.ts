/** How a state fails: an error name that `Retry` and `Catch` match on, and a cause. */

export class StateFailure extends Error {
  /** Terminal failures are past retrying and catching, `States.ALL` included. */
  readonly terminal: boolean;

  constructor(error: string, cause: string, terminal = false) {
    super(cause);
    this.name = error;
    this.terminal = terminal;
    this.stack = error;
  }

  get isRetryable(): boolean {
    return !this.terminal;
  }

  get isCatchable(): boolean {
    return !this.terminal;
  }
}

/** Any thrown value as a state's failure. */
export function asStateFailure(error: unknown): StateFailure {
  if (error instanceof StateFailure) return error;
  const {
    name = 'States.Runtime',
    message = String(error),
    isCatchable = true,
  } = error as Error & { isCatchable?: boolean };
  return new StateFailure(name, message, !isCatchable);
}

/** Bytes of JSON that a state may take or hand on: https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html */
export const payloadLimit = 262_144;

/** Throws what Step Functions ends an execution with when a payload is too large. */
export function limitPayload(payload: unknown, what: string): void {
  const bytes = Buffer.byteLength(JSON.stringify(payload) ?? '');
  if (bytes <= payloadLimit) return;
  throw new StateFailure(
    'States.DataLimitExceeded',
    `${what} is ${bytes} bytes; the most that a state may take or hand on is ${payloadLimit}.`,
    true,
  );
}

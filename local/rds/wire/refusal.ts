/**
 * An answer of the service that says no. Codes and statuses are those of the service's public model (botocore,
 * `rds/2014-10-31/service-2.json`), which is what the SDK turns into the names of its exceptions. The codes that every
 * Query service shares: https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/CommonErrors.html
 */
export class Refusal extends Error {
  readonly code: string;
  readonly status: number;

  constructor(code: string, message: string, status = statusOf(code)) {
    super(message);
    this.code = code;
    this.status = status;
  }
}

/** Things that are not there are 404, except where the model says otherwise; the rest of what a caller did wrong is 400. */
function statusOf(code: string): number {
  return /NotFound(Fault)?$/.test(code) ? 404 : 400;
}

export function refuse(code: string, message: string, status?: number): never {
  throw new Refusal(code, message, status);
}

export function invalidValue(message: string): never {
  throw new Refusal('InvalidParameterValue', message);
}

export function invalidCombination(message: string): never {
  throw new Refusal('InvalidParameterCombination', message);
}

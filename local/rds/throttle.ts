/**
 * A bucket of requests for each account and region, as Amazon's services have: so many at once, then so many a second.
 * "Throttling ... Rate exceeded": https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/CHAP_Limits.html; the rates are not
 * published, so a test chooses them.
 */
export interface Rate {
  readonly perSecond: number;
  readonly burst: number;
}

export class Throttle {
  readonly #rate: Rate;
  readonly #buckets = new Map<string, { tokens: number; at: number }>();

  constructor(rate: Rate) {
    this.#rate = rate;
  }

  /** False when the caller has to slow down. */
  admits(caller: string, now: Date): boolean {
    const { perSecond, burst } = this.#rate;
    const bucket = this.#buckets.get(caller) ?? { tokens: burst, at: now.getTime() };
    const filled = Math.min(burst, bucket.tokens + ((now.getTime() - bucket.at) / 1000) * perSecond);
    this.#buckets.set(caller, { tokens: filled >= 1 ? filled - 1 : filled, at: now.getTime() });
    return filled >= 1;
  }
}

/**
 * `Retry` of the States Language: the first retrier that names the error waits, longer each time, until its own attempts are
 * used up. Waiting goes through the clock and jitter through the random source, so a month of retries can pass in a test and
 * passes the same way twice.
 */
import type { Clock } from '../src/core/clock.ts';
import type { Random } from '../src/core/random.ts';
import { asStateFailure, type StateFailure } from './failure.ts';

export interface Retrier {
  readonly ErrorEquals: readonly string[];
  readonly IntervalSeconds?: number;
  readonly MaxAttempts?: number;
  readonly BackoffRate?: number;
  readonly MaxDelaySeconds?: number;
  readonly JitterStrategy?: 'NONE' | 'FULL';
}

export interface Catcher {
  readonly ErrorEquals: readonly string[];
  readonly Next: string;
  readonly ResultPath?: string | null;
}

export interface RetryDoors {
  readonly clock: Clock;
  readonly random: Random;
  /** Aborted when nobody waits for the result any more. */
  readonly signal: AbortSignal;
  /** Told before each wait. `attempt` counts from 1, over all retriers. */
  readonly onRetry: (failure: StateFailure, attempt: number, waitMilliseconds: number) => void;
}

export async function retrying<Result>(
  retriers: readonly Retrier[],
  doors: RetryDoors,
  attempt: () => Promise<Result>,
): Promise<Result> {
  const used = retriers.map(() => 0);
  for (let retries = 1; ; retries += 1) {
    try {
      return await attempt();
    } catch (error) {
      const failure = asStateFailure(error);
      const index = retriers.findIndex((retrier) => matches(retrier.ErrorEquals, failure));
      const retrier = retriers[index];
      if (!retrier || used[index]! >= (retrier.MaxAttempts ?? 3)) throw failure;
      const wait = waitBefore(retrier, used[index]!, doors.random);
      used[index]! += 1;
      doors.onRetry(failure, retries, wait);
      await doors.clock.sleep(wait, doors.signal);
      if (doors.signal.aborted) throw failure;
    }
  }
}

/** True when a name of an `ErrorEquals` covers the failure. */
export function matches(names: readonly string[], failure: StateFailure): boolean {
  if (failure.terminal) return false;
  return names.some(
    (name) =>
      name === failure.name ||
      name === 'States.ALL' ||
      (name === 'States.TaskFailed' && failure.name !== 'States.Timeout'),
  );
}

/** Milliseconds; `attempt` counts the retrier's earlier uses. */
export function waitBefore(retrier: Retrier, attempt: number, random: Random): number {
  const { IntervalSeconds = 1, BackoffRate = 2, MaxDelaySeconds = Number.POSITIVE_INFINITY } = retrier;
  const most = Math.min(IntervalSeconds * BackoffRate ** attempt, MaxDelaySeconds) * 1000;
  if (retrier.JitterStrategy !== 'FULL') return most;
  return Math.floor((random.bytes(4).readUInt32BE() / 0x1_0000_0000) * most);
}

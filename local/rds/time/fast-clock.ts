/** A clock that runs faster than the day, for one who looks on: with a speed of 60, an hour of the service takes a minute. */
import { type Clock, systemClock } from '../../../src/core/clock.ts';

export function fastClock(speed: number): Clock {
  const start = systemClock.now().getTime();
  const since = systemClock.elapsed();
  return {
    now: () => new Date(start + (systemClock.elapsed() - since) * speed),
    elapsed: () => systemClock.elapsed() * speed,
    sleep: (milliseconds, signal) => systemClock.sleep(milliseconds / speed, signal),
  };
}

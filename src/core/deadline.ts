/** When an invocation has to stop. Work looks at it between pieces and hands back a cursor while there is still time. */
import type { Clock } from './clock.ts';

export interface Deadline {
  /** Milliseconds left before the work should be put down; `Infinity` when nothing presses. */
  remaining(): number;
  /** True once the remaining time is used up. */
  passed(): boolean;
}

export const noDeadline: Deadline = { remaining: () => Number.POSITIVE_INFINITY, passed: () => false };

/** `milliseconds` from now, less `reserve` for flushing what is under way. */
export function deadlineIn(clock: Clock, milliseconds: number, reserve = 0): Deadline {
  const end = clock.elapsed() + milliseconds - reserve;
  const remaining = (): number => end - clock.elapsed();
  return { remaining, passed: () => remaining() <= 0 };
}

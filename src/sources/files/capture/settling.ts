/**
 * File times tick. Two writes within one tick (10 ms on Linux before 6.13, up to 2 s on old file systems) leave the same
 * times, so a write just after the reading could not be told from what was read. A file is therefore read when its change
 * time is a tick old; what keeps changing is read all the same, and its entry must not be trusted the next time.
 */
import { systemClock } from '../../../core/clock.ts';

const fineTick = 20_000_000n;
const coarseTick = 2_000_000_000n;
const aSecond = 1_000_000_000n;

export class Settling {
  #now = 0n;
  #patience: number;

  /** `patience`: milliseconds that may be spent waiting, in all. */
  constructor(patience = 1_000) {
    this.#patience = patience;
  }

  /** True when any later write will leave a later change time. */
  isSettled(changed: bigint): boolean {
    if (changed + coarseTick <= this.#now) return true;
    // These times come from the kernel, so they are held against the system's clock and no other.
    this.#now = BigInt(systemClock.now().getTime()) * 1_000_000n;
    return changed + tickOf(changed) <= this.#now;
  }

  /** Waits until that is so; false when it would take too long. */
  async settle(changed: bigint): Promise<boolean> {
    const milliseconds = Number((changed + tickOf(changed) - this.#now) / 1_000_000n) + 1;
    if (milliseconds > Number(tickOf(changed) / 1_000_000n) + 1 || milliseconds > this.#patience) return false;
    this.#patience -= milliseconds;
    await systemClock.sleep(milliseconds);
    // Timers can fire a little before the wall clock says so.
    for (let extra = 0; extra < 5 && !this.isSettled(changed); extra += 1) await systemClock.sleep(1);
    return this.isSettled(changed);
  }
}

/** Whole seconds are what a file system without finer times gives. */
function tickOf(changed: bigint): bigint {
  return changed % aSecond === 0n ? coarseTick : fineTick;
}

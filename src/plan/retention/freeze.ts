/**
 * When nothing of a source may expire, whatever its age. Age alone would delete everything once backups stop, and an empty or
 * damaged newcomer must not push out the good ones before it.
 */
import { day, hour, minute } from '../calendar/zone.ts';
import type { FreezeCause } from './decision.ts';
import type { History } from './history.ts';

export interface Freeze {
  readonly because: FreezeCause;
  readonly reason: string;
}

/** `rpo` in milliseconds. A clock that runs far ahead freezes too, as every snapshot then looks too old. */
export function freezeOf(history: History, rpo: number, now: number): Freeze | undefined {
  const { entries, future, newestGood } = history;
  if (!newestGood) return { because: 'no-good-snapshot', reason: 'the source has no good snapshot' };
  const { id } = newestGood.candidate;
  const newcomer =
    entries.find((entry) => !entry.candidate.good && entry.newest >= newestGood.newest)?.candidate ??
    future.find((candidate) => !candidate.good);
  if (newcomer) {
    const flaw = newcomer.flaw ?? 'not good';
    return {
      because: 'newest-is-not-good',
      reason: `${newcomer.id} is newer than the newest good snapshot ${id} and is ${flaw}`,
    };
  }
  const age = now - newestGood.newest;
  if (age > rpo) {
    return {
      because: 'newest-good-too-old',
      reason: `the newest good snapshot ${id} is ${ageWords(age)} old, and the plan promises ${ageWords(rpo)} at most`,
    };
  }
  return undefined;
}

/** The two largest units: `1 day 7 hours`. */
export function ageWords(milliseconds: number): string {
  const units = [
    [day, 'day'],
    [hour, 'hour'],
    [minute, 'minute'],
  ] as const;
  const words: string[] = [];
  let rest = milliseconds;
  for (const [length, name] of units) {
    const count = Math.floor(rest / length);
    rest -= count * length;
    if (count > 0) words.push(`${count} ${name}${count === 1 ? '' : 's'}`);
  }
  return words.slice(0, 2).join(' ') || 'less than a minute';
}

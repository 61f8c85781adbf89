/**
 * Prints a hash of two years of decisions, slots and promises in several zones. Run as a program of its own, so that the
 * machine's time zone can be another one each time.
 */
import { hash } from 'node:crypto';
import { promisesOf, slotsBetween, tiersOf } from '../../../src/plan/index.ts';
import { guidelines } from './snapshots.ts';
import { liveThrough } from './ten-years.ts';

const said: unknown[] = [];
for (const timeZone of ['UTC', 'Europe/Rome', 'Pacific/Kiritimati', 'America/New_York']) {
  liveThrough(
    { seed: 3, timeZone, policy: guidelines, years: 2, missed: 5, flawed: 5, outages: 3, pruneEvery: 9 },
    (moment) => {
      const { now, decision, left } = moment;
      said.push(decision, [...tiersOf(left, guidelines, timeZone, now)]);
      if (left[0]) said.push(promisesOf(left[0], left, guidelines, timeZone));
    },
  );
  const weekly = { unit: 'weeks', count: 1, on: 'sunday', at: '02:30' } as const;
  said.push(slotsBetween(weekly, timeZone, new Date('2026-01-01T00:00Z'), new Date('2028-01-01T00:00Z')));
}
// The local hour shows that the machine's zone really is what the caller asked for.
process.stdout.write(
  JSON.stringify({
    hour: new Date('2026-06-15T12:00:00Z').getHours(),
    hash: hash('sha256', JSON.stringify(said), 'hex'),
  }),
);

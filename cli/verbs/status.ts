/** `tidemark status`: is every source as safe as the plan promises? */
import { candidateOf, rpoOf } from '../../src/plan/index.ts';
import { windowsOf, withSightings } from '../../src/sources/postgres/wal/moment.ts';
import { strongest } from '../../src/vault/records/snapshots.ts';
import { windowLines } from '../snapshot.ts';
import type { Answer, Verb } from '../verb.ts';
import { duration, moment, table } from '../words.ts';

export const status: Verb = {
  about: 'says how old the last good snapshot of each source is',
  details: `Good means: all of it is there, nothing was left out, nothing looks wrong. "late"
and "never" mean that the plan's promise is broken now; the exit code is not 0.`,
  options: {},
  examples: [['status', 'one line for each source']],
  async run(asked): Promise<Answer> {
    const machine = await asked.open();
    const { plan, clock, vaults } = machine.context;
    const vault = await vaults.open(0);
    const [all, trust] = await Promise.all([vault.snapshots.list(), vault.snapshots.trust()]);
    const accepted = await vault.snapshots.acceptancesOf(all);
    const sightings = await vault.snapshots.sightings();
    const sources = plan.sources.map((source) => {
      const own = all.filter((snapshot) => snapshot.source === source.id);
      const level = (id: string) => strongest(trust.get(id) ?? []);
      const good = own.find(
        (one) => candidateOf(one, { trust: level(one.id), held: false, accepted: accepted.has(one.id) }).good,
      );
      // a run that found nothing new has found this very state
      const seen = good && Math.max(Date.parse(good.time), ...(sightings.get(good.id) ?? []).map(Number));
      const age = seen === undefined ? undefined : clock.now().getTime() - seen;
      const windows = windowsOf(withSightings(own, sightings));
      const state = age === undefined ? 'never' : age > rpoOf(source) ? 'late' : 'good';
      return {
        source: source.id,
        status: state,
        snapshots: own.length,
        lastGood: seen === undefined ? null : new Date(seen).toISOString(),
        ...(windows.length > 0 && { anySecond: windows }),
        ageMs: age ?? null,
      };
    });
    return {
      document: { status: sources.every((source) => source.status === 'good') ? 'good' : 'broken', sources },
      text: `${table(
        ['SOURCE', 'STATUS', 'LAST GOOD', '>AGE', '>SNAPSHOTS'],
        sources.map((one) => [
          one.source,
          one.status,
          one.lastGood === null ? '-' : moment(one.lastGood),
          one.ageMs === null ? '-' : duration(one.ageMs),
          String(one.snapshots),
        ]),
      )}${sources.map(({ source, anySecond }) => windowLines(source, anySecond)).join('')}`,
      ...(sources.some((source) => source.status !== 'good') && { failure: 'RunFailed' as const }),
    };
  },
};

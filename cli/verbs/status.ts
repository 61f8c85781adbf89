/** `tidemark status`: is every source as safe as the plan promises? */
import { candidateOf, rpoOf } from '../../src/plan/index.ts';
import { strongest } from '../../src/vault/records/snapshots.ts';
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
    const sources = plan.sources.map((source) => {
      const own = all.filter((snapshot) => snapshot.source === source.id);
      const level = (id: string) => strongest(trust.get(id) ?? []);
      const good = own.find(
        (one) => candidateOf(one, { trust: level(one.id), held: false, accepted: accepted.has(one.id) }).good,
      );
      const age = good && clock.now().getTime() - Date.parse(good.time);
      const state = age === undefined ? 'never' : age > rpoOf(source) ? 'late' : 'good';
      return {
        source: source.id,
        status: state,
        snapshots: own.length,
        lastGood: good?.time ?? null,
        ageMs: age ?? null,
      };
    });
    return {
      document: { status: sources.every((source) => source.status === 'good') ? 'good' : 'broken', sources },
      text: table(
        ['SOURCE', 'STATUS', 'LAST GOOD', '>AGE', '>SNAPSHOTS'],
        sources.map((one) => [
          one.source,
          one.status,
          one.lastGood === null ? '-' : moment(one.lastGood),
          one.ageMs === null ? '-' : duration(one.ageMs),
          String(one.snapshots),
        ]),
      ),
      ...(sources.some((source) => source.status !== 'good') && { failure: 'RunFailed' as const }),
    };
  },
};

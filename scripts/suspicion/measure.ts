/** How often the rules cry wolf on ordinary days, and how often they miss what they are for: over seeded histories. */
import { seededRandom } from '../../src/core/random.ts';
import { type Known, remembered } from '../../src/operations/suspicion/signals.ts';
import { oddities } from '../../src/operations/suspicion/suspicion.ts';
import { disasters } from './disasters.ts';
import { profiles } from './profiles.ts';
import { share, signalsIn, type World } from './world.ts';

export interface Figures {
  readonly seeds: number;
  /** Ordinary days of each profile, and on how many of them an alarm was raised. */
  readonly ordinary: Readonly<Record<string, { readonly days: number; readonly alarms: number }>>;
  /** By disaster and profile. */
  readonly missed: Readonly<
    Record<string, { readonly times: number; readonly missed: number; readonly by: readonly string[] }>
  >;
  readonly rules: Readonly<Record<string, number>>;
}

export const seeds = 12;
const ordinaryDays = 400;
/** A source has a history of so many days before a disaster comes. */
const [shortest, longest] = [3, 60];

export function measure(): Figures {
  const ordinary: Record<string, { days: number; alarms: number }> = {};
  const missed: Record<string, { times: number; missed: number; by: string[] }> = {};
  const rules: Record<string, number> = {};
  for (const [name, profile] of Object.entries(profiles)) {
    for (let seed = 1; seed <= seeds; seed += 1) {
      const alarms = live(name, seed, ordinaryDays).alarms;
      for (const { rule } of alarms.flat()) rules[rule] = (rules[rule] ?? 0) + 1;
      const count = ordinary[name] ?? { days: 0, alarms: 0 };
      ordinary[name] = count;
      count.days += ordinaryDays;
      count.alarms += alarms.length;
      for (const [what, disaster] of Object.entries(disasters)) {
        if (disaster.kind !== profile.kind) continue;
        const days = shortest + seededRandom(seed * 7919).below(longest - shortest);
        const { world, history, chance } = live(name, seed, days);
        if (disaster.needs && !disaster.needs(world)) continue;
        const row = missed[what] ?? { times: 0, missed: 0, by: [] };
        missed[what] = row;
        row.times += 1;
        if (isNoticed(world, history, disaster, () => profile.live(world, days, chance), chance)) continue;
        row.missed += 1;
        if (!row.by.includes(name)) row.by.push(name);
      }
    }
  }
  return { seeds, ordinary, missed, rules };
}

function live(name: string, seed: number, days: number) {
  const profile = profiles[name]!;
  const chance = seededRandom(seed * 104_729 + [...name].reduce((sum, letter) => sum * 31 + letter.charCodeAt(0), 7));
  const world = profile.start(chance);
  if (profile.kind === 'files' && share(chance) < 0.5) world.mounted = true;
  for (const some of world.populations) {
    world.fresh.plain += some.bytes;
    world.fresh.packed += some.bytes * some.density;
  }
  let history: Known[] = [{ signals: signalsIn(world), accepted: false }];
  const alarms: { rule: string; says: string }[][] = [];
  for (let date = 1; date <= days; date += 1) {
    world.fresh = { plain: 0, packed: 0 };
    profile.live(world, date, chance);
    const signals = signalsIn(world);
    const odd = oddities(signals, history);
    if (odd.length > 0) alarms.push(odd);
    // On an ordinary day a person says that it is right.
    history = [{ signals, accepted: odd.length > 0 }, ...history].slice(0, remembered);
  }
  return { world, history, alarms, chance };
}

function isNoticed(
  world: World,
  history: readonly Known[],
  disaster: (typeof disasters)[string],
  liveOn: () => void,
  chance: ReturnType<typeof seededRandom>,
): boolean {
  let known = [...history];
  for (let date = 0; date < disaster.days; date += 1) {
    world.fresh = { plain: 0, packed: 0 };
    if (date > 0) liveOn();
    disaster.happen(world, chance);
    const signals = signalsIn(world);
    if (oddities(signals, known).length > 0) return true;
    known = [{ signals, accepted: false }, ...known].slice(0, remembered);
  }
  return false;
}

export function tableOf({ ordinary, missed, seeds: histories }: Figures): string {
  const rate = (part: number, of: number): string => `${((part / of) * 100).toFixed(part === 0 ? 0 : 1)} %`;
  const days = Object.values(ordinary).reduce((sum, one) => sum + one.days, 0);
  const alarms = Object.values(ordinary).reduce((sum, one) => sum + one.alarms, 0);
  return [
    `| ordinary life of a source (${histories} histories of ${ordinaryDays} days each) | alarms | a year |`,
    '|---|---|---|',
    ...Object.entries(ordinary).map(
      ([name, one]) => `| ${name} | ${one.alarms} | ${((one.alarms / one.days) * 365).toFixed(2)} |`,
    ),
    `| all: ${alarms} on ${days} days | ${rate(alarms, days)} of days | ${((alarms / days) * 365).toFixed(2)} |`,
    '',
    '| what happens | tried | missed | with |',
    '|---|---|---|---|',
    ...Object.entries(missed).map(
      ([what, one]) => `| ${what} | ${one.times} | ${rate(one.missed, one.times)} | ${one.by.join(', ')} |`,
    ),
  ].join('\n');
}

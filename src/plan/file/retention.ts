/**
 * `retention`: for how long. Whatever could be misread is refused: no unit has a short form (is `m` months or minutes?), and
 * nothing empty, zero or negative can ever mean "keep nothing".
 */
import { type Duration, durationUnits, mostOf } from '../calendar/duration.ts';
import { type Retention, type Tier, tiers } from '../retention/policy.ts';
import { countUpTo, unknownWord, wordsAs } from './fields.ts';
import type { Field, Place } from './place.ts';

const keys = [...tiers, 'atLeast'] as const;
const defaultAtLeast = 3;
const example: Readonly<Record<Tier, string>> = {
  daily: '7 days',
  weekly: '4 weeks',
  monthly: '12 months',
  yearly: '7 years',
};

/** A source's section goes over the plan's (`defaults`), tier by tier; there, `none` leaves a tier out. */
export function readRetention(place: Place, defaults?: Retention): Retention | undefined {
  if (!place.isThere && defaults) return defaults;
  if (!place.isSection(keys)) return undefined;
  const policy: { -readonly [K in keyof Retention]: Retention[K] } = {
    ...defaults,
    atLeast: defaults?.atLeast ?? defaultAtLeast,
  };
  let sound = true;
  for (const tier of tiers) {
    if (!place.child(tier).isThere) continue;
    const duration = place.child(tier).need(durationFor(tier, defaults !== undefined));
    if (duration === undefined) sound = false;
    else if (duration === 'none') delete policy[tier];
    else policy[tier] = duration;
  }
  const atLeast = place.child('atLeast').may(countUpTo(1000), policy.atLeast);
  if (!sound || atLeast === undefined) return undefined;
  if (tiers.some((tier) => policy[tier])) return { ...policy, atLeast };
  return place.wrong(`keeps nothing: it needs at least one of ${tiers.join(', ')}, such as \`daily: 7 days\``);
}

function durationFor(tier: Tier, mayBeNone: boolean): Field<Duration | 'none'> {
  return durationLike(example[tier], mayBeNone);
}

export function durationLike(likeIt: string, mayBeNone: boolean): Field<Duration | 'none'> {
  const likeThis = `write a whole number and a unit, as in \`${likeIt}\``;
  return wordsAs<Duration | 'none'>((value) => {
    if (value === 'none' && mayBeNone) return { is: 'none' };
    const [number = '', word, ...more] = value.split(/\s+/);
    if (!/^\d+$/.test(number) || Number(number) < 1 || more.length > 0)
      return { wrong: `is \`${value}\`; ${likeThis}` };
    if (word === undefined) return { wrong: `is ${number} without a unit; ${likeThis}` };
    const unit = durationUnits.find((known) => known === word || known === `${word}s`);
    if (!unit) return unknownWord(word, durationUnits);
    if (Number(number) > mostOf[unit]) return { wrong: `is \`${value}\`, longer than a hundred years` };
    return { is: { count: Number(number), unit } };
  });
}

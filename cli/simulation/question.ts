/** From the words of `tidemark simulate` to a scenario. Dates are those of the plan's time zone. */
import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { guardEvery } from '../../local/schedule.ts';
import { errnoOf, fail } from '../../src/core/errors.ts';
import { seededRandom } from '../../src/core/random.ts';
import {
  changeRetention,
  nearest,
  type Outage,
  type Plan,
  type PlanFrom,
  parsePlan,
  type RetentionCandidate,
  type Scenario,
  type Size,
  zoneOf,
} from '../../src/plan/index.ts';
import type { Asked } from '../verb.ts';
import { countFrom, dayFrom, shareFrom, wrong } from './quantity.ts';

export interface Question {
  readonly scenario: Scenario;
  /** Ends of years, and of the whole, in order: for the table. */
  readonly years: readonly Date[];
  /** The days asked about: each is looked at when it is over. */
  readonly days: readonly { readonly day: string; readonly time: Date }[];
}

type Words = Pick<Asked, 'text' | 'list'>;

export interface Given {
  readonly plan: Plan;
  readonly today: Date;
  readonly history: readonly RetentionCandidate[];
  readonly sizes: ReadonlyMap<string, Size>;
}

/** Errors: `UsageInvalid`, `PlanInvalid` for a changed plan that is none. */
export async function questionFrom(words: Words, { plan, today, history, sizes }: Given): Promise<Question> {
  const zone = zoneOf(plan.timeZone);
  const start = words.text('from');
  const first = start === undefined ? zone.dateOf(today.getTime()) : dayFrom('from', start);
  const from = start === undefined ? today : new Date(zone.startOf(first));
  const years = countFrom('years', words.text('years') ?? '10', 1, 50);
  const [year, ...monthAndDay] = new Date(first * day).toISOString().slice(0, 10).split('-');
  const last = Date.parse(`${Number(year) + years}-${monthAndDay.join('-')}T00:00:00Z`) / day;
  const to = new Date(zone.startOf(last));
  const over = (date: number): Date => new Date(zone.startOf(date + 1) - 1);

  const days = (words.list('on').length > 0 ? words.list('on') : [isoOf(last - 1)]).map((text) => {
    const date = dayFrom('on', text);
    if (date < first || date >= last)
      wrong('on', text, `The simulation goes from ${isoOf(first)} to ${isoOf(last - 1)}.`);
    return { day: text, time: over(date) };
  });
  const yearEnds = Array.from({ length: years + 1 }, (_, at) => Date.UTC(Number(year) + at, 11, 31) / day)
    .filter((date) => date < last)
    .map(over);
  const table = [...new Set([...yearEnds, new Date(to.getTime() - 1)].map((time) => time.getTime()))];
  const plans = await plansFrom(words, plan, from, zone.startOf.bind(zone));
  const scenario: Scenario = {
    ...{ from, to, plans, history, sizes },
    prune: guardEvery('prune'),
    outages: words.list('missed').flatMap((text) => outagesFrom(text, plan, first, last)),
    looks: [...new Set([...table, ...days.map(({ time }) => time.getTime())])].map((time) => new Date(time)),
  };
  return { scenario, years: table.map((time) => new Date(time)), days };
}

const day = 86_400_000;
const isoOf = (date: number): string => new Date(date * day).toISOString().slice(0, 10);

/** `DATE:FILE`, a whole plan; or `DATE:daily=14 days,yearly=none`, on top of what holds until then. */
async function plansFrom(
  words: Words,
  plan: Plan,
  from: Date,
  startOf: (date: number) => number,
): Promise<[PlanFrom, ...PlanFrom[]]> {
  const changes = words.list('policy-change').map((text) => {
    const [, date, change] =
      /^(\d{4}-\d{2}-\d{2})[:=](.+)$/s.exec(text) ??
      wrong(
        'policy-change',
        text,
        'Write DATE:FILE or DATE:TIER=DURATION, as in 2028-01-01:daily=14 days,yearly=none.',
      );
    return { time: new Date(startOf(dayFrom('policy-change', date!))), change: change!, text };
  });
  changes.sort((a, b) => a.time.getTime() - b.time.getTime());
  const plans: [PlanFrom, ...PlanFrom[]] = [{ from, plan }];
  let current = plan;
  for (const { time, change, text } of changes) {
    if (time <= from)
      wrong('policy-change', text, 'A change comes after the beginning; before that, change the plan itself.');
    current = /^(daily|weekly|monthly|yearly|atLeast)\s*[=:]/.test(change)
      ? changeRetention(current, change.replaceAll(':', '='), `--policy-change ${text}`)
      : await planIn(change);
    plans.push({ from: time, plan: current });
  }
  return plans;
}

async function planIn(file: string): Promise<Plan> {
  const path = resolve(file);
  try {
    return parsePlan(await readFile(path, 'utf8'), file, { folder: dirname(path) });
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return fail('UsageInvalid', `--policy-change names ${file}, which cannot be read: ${errnoOf(error)}`, {
      hint: 'Write the file of a whole plan, or tiers, as in 2028-01-01:daily=14 days,yearly=none.',
    });
  }
}

/** `2027-03-01`, `2027-03-01..2027-03-14`, `10%` of the days; of one source, `shop:2027-03-01..2027-03-14`. */
function outagesFrom(text: string, plan: Plan, first: number, last: number): Outage[] {
  const [, id, rest = ''] = /^(?:([A-Za-z0-9_-]+):)?(.+)$/.exec(text) ?? [];
  const ids = plan.sources.map((source) => source.id);
  if (id !== undefined && !ids.includes(id)) {
    const near = nearest(id, ids);
    fail('SourceUnknown', `--missed ${text} names a source that the plan does not have`, {
      hint: near === undefined ? `It has: ${ids.join(', ')}.` : `Did you mean ${near}?`,
    });
  }
  const zone = zoneOf(plan.timeZone);
  const outage = (begin: number, end: number): Outage => ({
    from: new Date(zone.startOf(begin)),
    to: new Date(zone.startOf(end + 1)),
    ...(id !== undefined && { source: id }),
  });
  if (rest.endsWith('%')) {
    const share = shareFrom('missed', rest);
    // The same days each time, so that two policies can be compared.
    const random = seededRandom(ids.indexOf(id ?? '') + 2);
    const all = Array.from({ length: last - first }, (_, at) => first + at);
    return all.filter(() => random.below(1_000_000) < share * 1_000_000).map((date) => outage(date, date));
  }
  const [begin, end = begin, ...more] = rest.split('..').map((date) => dayFrom('missed', date));
  if (more.length > 0 || end! < begin!) wrong('missed', text, 'Write a day, or two as in 2027-03-01..2027-03-14.');
  return [outage(begin!, end!)];
}

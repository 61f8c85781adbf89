/** `tidemark simulate`: the plan, run forward through the years. What could I restore on that day, and what would it cost? */
import { readPlan } from '../../local/machine.ts';
import { systemClock } from '../../src/core/clock.ts';
import { isTidemarkError } from '../../src/core/errors.ts';
import type { Snapshot } from '../../src/format/snapshot.ts';
import { candidatesOf } from '../../src/operations/prune/candidates.ts';
import { forecast, type RetentionCandidate } from '../../src/plan/index.ts';
import { priceRegion, prices, pricesRead } from '../../src/plan/prices.ts';
import { questionFrom } from '../simulation/question.ts';
import { type Report, reportText, viewAt } from '../simulation/report.ts';
import { sizesFrom } from '../simulation/sizes.ts';
import type { Answer, Asked, Verb } from '../verb.ts';

export const simulate: Verb = {
  about: 'runs the plan through years: what could be restored, at what cost',
  details: `Nothing is read from the sources and nothing is written. Slots, time zone, retention
and refusals are decided by the code that decides in earnest. Without --from it
goes on from the snapshots that the vault has today. A day is looked at when it
is over, by the plan's time zone. What breaks the plan's promise is listed.
DAYS are a day (2027-03-01), two (2027-03-01..2027-03-14) or a share of all (5%);
with an id before them (shop:2027-03-01) only that source fails. WHAT is a date
with another plan (2028-01-01:new.yml) or with tiers (2028-01-01:daily=14 days).
SIZE is what a snapshot takes in the vault: 100GB, or shop=1.5TB for one source.`,
  options: {
    from: { value: 'DATE', about: 'begins here with an empty vault; today unless given' },
    years: { value: 'N', about: '10 unless given' },
    on: { value: 'DATE', many: true, about: 'the day asked about; the last one unless given' },
    missed: { value: 'DAYS', many: true, about: 'when nothing runs' },
    'policy-change': { value: 'WHAT', many: true, about: 'what the plan says from then on' },
    size: { value: 'SIZE', many: true, about: 'as the vault shows, else 100GB, unless given' },
    'daily-change': { value: 'SHARE', about: 'of a source that is different a day later: 2%' },
    growth: { value: 'SHARE', about: 'of every source in a year: 20%' },
  },
  examples: [
    ['simulate --years 3', 'what is there in three years, and what it costs'],
    ['simulate --from 2026-01-01 --on 2031-06-15', 'what could I restore on that day?'],
    ['simulate --missed 2027-03-01..2027-03-14', 'two weeks of silence'],
    ['simulate --policy-change "2028-01-01:daily=3 days"', 'before a change of retention'],
  ],
  async run(asked): Promise<Answer> {
    const plan = await readPlan(asked.text('plan') ?? 'backup-plan.yml');
    const today = systemClock.now();
    const { candidates, snapshots, why } = await whatIsThere(asked, today);
    const weighed = sizesFrom(asked, plan, snapshots);
    const question = await questionFrom(asked, { plan, today, history: candidates, sizes: weighed.sizes });
    const found = forecast(question.scenario);
    const report: Report = { name: plan.plan, question, weighed, forecast: found, known: candidates.length };
    return { document: documentOf(report, why), text: reportText(report) };
  },
};

interface There {
  readonly candidates: readonly RetentionCandidate[];
  readonly snapshots: readonly Snapshot[];
  /** Why the vault was not looked into. */
  readonly why?: string;
}

async function whatIsThere(asked: Asked, today: Date): Promise<There> {
  if (asked.text('from') !== undefined) return { candidates: [], snapshots: [], why: 'begins on another day' };
  try {
    const vault = await (await asked.open()).context.vaults.open(0);
    return { candidates: await candidatesOf(vault, today), snapshots: await vault.snapshots.list() };
  } catch (error) {
    if (!isTidemarkError(error, 'StoreMissing') && !isTidemarkError(error, 'VaultMissing')) throw error;
    return { candidates: [], snapshots: [], why: error.message };
  }
}

function documentOf(report: Report, why: string | undefined): unknown {
  const { name, question, weighed, forecast: found, known } = report;
  const { from, to, plans } = question.scenario;
  return {
    plan: name,
    timeZone: plans[0].plan.timeZone,
    from: from.toISOString(),
    to: to.toISOString(),
    begins: { snapshots: known, ...(why !== undefined && { because: why }) },
    sizes: [...weighed.sizes].map(([source, size]) => ({ source, ...size, basis: weighed.basis.get(source) })),
    taken: found.taken,
    deleted: found.deleted,
    prunes: found.prunes,
    years: question.years.map((time) => {
      const { sources, bytes, cost } = viewAt(report, time);
      const states = sources.reduce((sum, { restorable }) => sum + restorable.length, 0);
      return { time: time.toISOString(), states, bytes, dollarsPerMonth: cost };
    }),
    on: question.days.map(({ day, time }) => {
      const { sources, bytes, cost } = viewAt(report, time);
      return { day, time: time.toISOString(), sources, bytes, dollarsPerMonth: cost };
    }),
    kept: found.gaps.every(({ what }) => what === 'frozen'),
    gaps: found.gaps,
    prices: { region: priceRegion, read: pricesRead, storage: prices.s3Standard, put: prices.s3StandardPut },
  };
}

/**
 * A plan run forward through the years: what could be restored on a given day, how long it would stay, what it would weigh
 * and cost, and where the plan's promise would not be kept. Pure: the same scenario gives the same forecast.
 */

import { rpoOf } from '../cadence/rpo.ts';
import { day, hour } from '../calendar/zone.ts';
import type { RetentionCandidate } from '../retention/candidate.ts';
import type { Kept, RetentionDecision } from '../retention/decision.ts';
import type { Tier } from '../retention/policy.ts';
import { type Cost, costOf } from './cost.ts';
import { changedWithin, type Footprint, footprintOf, nothing, plus, weightAt } from './footprint.ts';
import { type Gap, Gaps } from './gaps.ts';
import { liveThrough } from './live.ts';
import { type Planned, planAt, type Scenario, type Size } from './scenario.ts';
import { PromiseWatch } from './watch.ts';

export interface Restorable {
  readonly id: string;
  readonly time: string | null;
  readonly good: boolean;
  /** The tiers that keep it, and until when. None: the floor, a hold or a freeze keeps it, or the next prune takes it. */
  readonly tiers: readonly { readonly tier: Tier; readonly bucket: string; readonly until: string }[];
  readonly reasons: readonly string[];
  /** What the vault would save without it. */
  readonly bytes: number;
}

export interface SourceView {
  readonly source: string;
  /** Newest first. */
  readonly restorable: readonly Restorable[];
  readonly bytes: Footprint;
}

/** What is there at a moment. */
export interface View {
  readonly time: string;
  readonly sources: readonly SourceView[];
  readonly bytes: Footprint;
  readonly cost: Cost;
}

export interface Forecast {
  readonly taken: number;
  readonly deleted: number;
  readonly prunes: number;
  /** One for each look of the scenario, in its order. */
  readonly views: readonly View[];
  readonly gaps: readonly Gap[];
}

const unknownSize: Size = { bytes: 0, dailyChange: 0, yearlyGrowth: 0 };

export function forecast(scenario: Scenario): Forecast {
  const { from, to, plans, history, looks } = scenario;
  const watch = new PromiseWatch();
  const gaps = new Gaps();
  const good = new Map(history.map((one) => [one.id, one.good]));
  const newestGood = new Map<string, number>();
  const tally = { taken: 0, deleted: 0, prunes: 0 };
  const views = new Map<number, View>();

  const noticeLateness = (source: string, until: number): void => {
    const planned = planAt(scenario, until).sources.find(({ id }) => id === source);
    const since = newestGood.get(source);
    const limit = planned && since !== undefined ? since + rpoOf(planned) : Number.POSITIVE_INFINITY;
    if (until > limit) gaps.late(source, new Date(limit), new Date(until));
  };
  const note = ({ id, source, time }: RetentionCandidate, plan: Planned): void => {
    watch.taken(source, id, time!, plan);
    newestGood.set(source, time!.getTime());
  };
  for (const one of history.toSorted((a, b) => (a.time?.getTime() ?? 0) - (b.time?.getTime() ?? 0))) {
    if (one.good && one.time && one.time <= from) note(one, plans[0].plan);
  }

  liveThrough(scenario, {
    taken(one, plan) {
      tally.taken += 1;
      good.set(one.id, true);
      noticeLateness(one.source, one.time!.getTime());
      note(one, plan);
    },
    pruned(now, plan, decision, there) {
      tally.prunes += 1;
      tally.deleted += decision.delete.length;
      for (const { source, reason } of decision.frozen) gaps.frozen(source, now, reason);
      watch.check(now, plan, (id) => there.has(id));
    },
    refused: (now, excess) => gaps.refused(now, excess),
    looked(now, plan, decision) {
      views.set(now.getTime(), viewOf(scenario, now, plan, decision, good));
    },
  });

  const known = new Set(plans.flatMap(({ plan }) => plan.sources.map(({ id }) => id)));
  for (const source of known) {
    noticeLateness(source, to.getTime());
    const policyAt = (time: number) => planAt(scenario, time - hour).sources.find(({ id }) => id === source)?.retention;
    for (const empty of watch.empty(source, from, to, policyAt)) gaps.empty(empty);
  }
  for (const lost of watch.lost()) gaps.lost(lost);
  return { ...tally, views: looks.map((look) => views.get(look.getTime())!), gaps: gaps.all() };
}

function viewOf(
  { sizes, from, plans }: Scenario,
  now: Date,
  plan: Planned,
  { keep, delete: leaving }: RetentionDecision,
  good: ReadonlyMap<string, boolean>,
): View {
  // What the next prune takes is there until then.
  const there: Kept[] = [
    ...keep,
    ...leaving.map(({ id, source, time, reason }): Kept => {
      return { id, source, time, reasons: [`goes with the next prune: ${reason}`], rules: [] };
    }),
  ].sort((a, b) => ((a.time ?? '') < (b.time ?? '') ? 1 : -1));
  const bySource = Map.groupBy(there, ({ source }) => source);
  const ids = new Set([...plans.flatMap((one) => one.plan.sources.map(({ id }) => id)), ...bySource.keys()]);
  const sources: SourceView[] = [];
  let [bytes, newBytesPerDay, snapshotsPerDay] = [nothing, 0, 0];
  for (const source of ids) {
    const kept = bySource.get(source) ?? [];
    const size = sizes.get(source) ?? unknownSize;
    const { sum, each } = footprintOf(kept, size, from.getTime());
    const restorable = kept.map((one): Restorable => {
      const tiers = one.rules.flatMap((rule) =>
        rule.rule === 'tier' ? [{ tier: rule.tier, bucket: rule.bucket, until: rule.until }] : [],
      );
      const { id, time, reasons } = one;
      return { id, time, good: good.get(id) ?? false, tiers, reasons, bytes: each.get(id) ?? 0 };
    });
    sources.push({ source, restorable, bytes: sum });
    bytes = plus(bytes, sum);
    if (plan.sources.some(({ id }) => id === source)) {
      newBytesPerDay += weightAt(size, now.getTime(), from.getTime()) * changedWithin(size, day);
      const recent = kept.filter(({ time }) => Date.parse(time ?? '') > now.getTime() - 7 * day).length;
      snapshotsPerDay += recent / 7;
    }
  }
  const cost = costOf(plan, { bytes: bytes.total, newBytesPerDay, snapshotsPerDay });
  return { time: now.toISOString(), sources, bytes, cost };
}

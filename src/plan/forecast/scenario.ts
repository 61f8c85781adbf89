/** What a forecast supposes: the plan and its changes, when nothing runs, what is there already, and how much it weighs. */
import type { Every } from '../cadence/every.ts';
import type { Plan } from '../plan.ts';
import type { RetentionCandidate } from '../retention/candidate.ts';

/** What retention and the calendar need of a plan. */
export type Planned = Pick<Plan, 'timeZone' | 'sources' | 'vault'>;

export interface Scenario {
  readonly from: Date;
  readonly to: Date;
  /** What holds from when on, in order; the first one from `from`. */
  readonly plans: readonly [PlanFrom, ...PlanFrom[]];
  /** When the prune workflow starts. */
  readonly prune: Every;
  readonly outages: readonly Outage[];
  /** Snapshots that are there at `from`. */
  readonly history: readonly RetentionCandidate[];
  readonly sizes: ReadonlyMap<string, Size>;
  /** When to look at what is there. */
  readonly looks: readonly Date[];
}

export interface PlanFrom {
  readonly from: Date;
  readonly plan: Planned;
}

/** From `from` up to `to`, without that. Of one source: its backups fail. Of none: nothing runs at all, no prune either. */
export interface Outage {
  readonly from: Date;
  readonly to: Date;
  readonly source?: string;
}

export interface Size {
  /** What one snapshot of the source takes in the vault, alone. */
  readonly bytes: number;
  /** Share of it, 0 to 1, that is different a day later. */
  readonly dailyChange: number;
  /** 0.2 is 20 % a year. */
  readonly yearlyGrowth: number;
}

/** The plan that holds at a time. */
export function planAt({ plans }: Pick<Scenario, 'plans'>, time: number): Planned {
  return (plans.findLast(({ from }) => from.getTime() <= time) ?? plans[0]).plan;
}

/** When the outage that lies over a time ends, for a source or for everything; `undefined` when there is none. */
export function outageEnd(outages: readonly Outage[], time: number, source?: string): number | undefined {
  const over = outages.filter(
    (outage) =>
      outage.from.getTime() <= time &&
      time < outage.to.getTime() &&
      (outage.source === undefined || outage.source === source),
  );
  return over.length === 0 ? undefined : Math.max(...over.map(({ to }) => to.getTime()));
}

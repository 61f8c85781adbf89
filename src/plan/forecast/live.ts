/**
 * Lives through a scenario: every slot of the calendar, the hourly sweep that makes good what was missed, and every prune,
 * decided by the same code that decides in earnest. Nothing here knows what a policy means.
 */
import { compactTime, snapshotId } from '../../core/ids.ts';
import { dueSlot, type Latest } from '../cadence/due.ts';
import { slotsBetween, slotsOf } from '../cadence/slots.ts';
import { hour, minute } from '../calendar/zone.ts';
import type { RetentionCandidate } from '../retention/candidate.ts';
import type { RetentionDecision } from '../retention/decision.ts';
import { planRetention } from '../retention/retention.ts';
import { type Excess, excessOf } from '../retention/share.ts';
import { outageEnd, type Planned, planAt, type Scenario } from './scenario.ts';

export interface Observer {
  /** A snapshot was taken, and is good. */
  taken(snapshot: RetentionCandidate, plan: Planned): void;
  /** A prune has done what it decided; `there` is what is left. */
  pruned(now: Date, plan: Planned, decision: RetentionDecision, there: ReadonlyMap<string, RetentionCandidate>): void;
  /** A prune withheld what it should have deleted of one source. */
  refused(now: Date, excess: Excess): void;
  /** One of the scenario's looks has come; `decision` is what a prune at this moment would decide. */
  looked(now: Date, plan: Planned, decision: RetentionDecision): void;
}

interface Happening {
  readonly time: number;
  readonly what: 'slot' | 'sweep' | 'prune' | 'look';
  readonly source?: string;
  readonly cadence?: 'full' | 'incremental';
}

/** At one instant, backups come before prunes, and looks see both. */
const order = { slot: 0, sweep: 1, prune: 2, look: 3 } as const;

export function liveThrough(scenario: Scenario, observer: Observer): void {
  const { outages } = scenario;
  const there = new Map(scenario.history.map((one) => [one.id, one]));
  const latest = latestOf(scenario.history);
  const sweeps: Happening[] = [];

  const owe = (source: string, from: number): void => {
    const time = nextSweep(from);
    if (!sweeps.some((sweep) => sweep.source === source && sweep.time === time))
      sweeps.push({ time, what: 'sweep', source });
    sweeps.sort(inOrder);
  };
  const take = (source: string, cadence: 'full' | 'incremental', time: number): void => {
    const taken: RetentionCandidate = {
      id: snapshotId(source, new Date(time), compactTime(new Date(time))),
      source,
      time: new Date(time),
      good: true,
      held: false,
    };
    there.set(taken.id, taken);
    latest.set(source, { ...latest.get(source), [cadence]: taken.time! });
    observer.taken(taken, planAt(scenario, time));
  };
  const decide = (time: number): RetentionDecision =>
    planRetention(planAt(scenario, time), [...there.values()], new Date(time));

  const prune = (now: Date, plan: Planned): void => {
    const decision = decide(now.getTime());
    const excesses = [...Map.groupBy(decision.delete, ({ source }) => source)].flatMap(([source, going]) => {
      const keep = decision.keep.filter((one) => one.source === source);
      return excessOf({ keep, delete: going }) ?? [];
    });
    for (const excess of excesses) observer.refused(now, excess);
    const gone = decision.delete.filter(({ source }) => excesses.every((excess) => excess.source !== source));
    for (const { id } of gone) there.delete(id);
    observer.pruned(now, plan, { ...decision, delete: gone }, there);
  };
  const sweep = (now: Date, source: string, { sources, timeZone }: Planned): void => {
    const planned = sources.find(({ id }) => id === source);
    const due = planned && dueSlot(planned, timeZone, now, latest.get(source) ?? {});
    if (due && due.cadence !== 'logs') take(source, due.cadence, now.getTime());
  };
  const happen = ({ time, what, source, cadence }: Happening): void => {
    const [now, plan, out] = [new Date(time), planAt(scenario, time), outageEnd(outages, time, source)];
    if (what === 'look') observer.looked(now, plan, decide(time));
    else if (out !== undefined && source !== undefined) owe(source, out);
    else if (out !== undefined) return;
    else if (what === 'prune') prune(now, plan);
    else if (what === 'slot') take(source!, cadence!, time);
    else sweep(now, source!, plan);
  };

  for (const { id } of scenario.plans[0].plan.sources) owe(id, scenario.from.getTime());
  for (const next of happenings(scenario)) {
    while (sweeps[0] && inOrder(sweeps[0], next) < 0) happen(sweeps.shift()!);
    happen(next);
  }
}

/** Slots, prunes and looks in order. `logs` are left out: they make times between snapshots restorable, and no snapshot. */
function happenings(scenario: Scenario): Happening[] {
  const { plans, to, prune, looks } = scenario;
  const all: Happening[] = looks.map((time) => ({ time: time.getTime(), what: 'look' }));
  for (const [at, { from, plan }] of plans.entries()) {
    const until = plans[at + 1]?.from ?? to;
    for (const source of plan.sources) {
      for (const { cadence, time } of slotsOf(source, plan.timeZone, from, until)) {
        if (cadence !== 'logs') all.push({ time: time.getTime(), what: 'slot', source: source.id, cadence });
      }
    }
    for (const time of slotsBetween(prune, plan.timeZone, from, until))
      all.push({ time: time.getTime(), what: 'prune' });
  }
  return all.sort(inOrder);
}

const inOrder = (one: Happening, other: Happening): number =>
  one.time - other.time || order[one.what] - order[other.what];

/** Seven minutes past each hour, as deployed. */
function nextSweep(time: number): number {
  return Math.ceil((time - 7 * minute) / hour) * hour + 7 * minute;
}

/** Which cadence a snapshot answered is not asked: the newest one answers all slots before it. */
function latestOf(history: readonly RetentionCandidate[]): Map<string, Latest> {
  const latest = new Map<string, Latest>();
  for (const { source, time, good, sightings = [] } of history) {
    const newest = Math.max(...[time, ...sightings].map((seen) => seen?.getTime() ?? 0));
    if (good && newest > (latest.get(source)?.full?.getTime() ?? 0)) latest.set(source, { full: new Date(newest) });
  }
  return latest;
}

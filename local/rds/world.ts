/**
 * What all accounts and regions of the fake have in common: time, chance, quotas, the processes under way, and a record of
 * every change of a status. A process is something that takes time and ends in one of two ways.
 */
import type { Clock } from '../../src/core/clock.ts';
import { seededRandom } from '../../src/core/random.ts';
import type { Faults } from './faults.ts';
import { type Durations, milliseconds, type ProcessKind, usualDurations, type Work } from './time/durations.ts';
import { Timeline } from './time/timeline.ts';

/**
 * Defaults of https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/CHAP_Limits.html (snapshots, instances, clusters,
 * tags), USER_CopySnapshot.html (20 copies under way into one region), USER_ShareSnapshot.html (20 accounts) and
 * USER_ReplicateBackups.html (20 replications into one region).
 */
export const usualQuotas = {
  manualSnapshots: 100,
  manualClusterSnapshots: 100,
  copies: 20,
  instances: 40,
  clusters: 40,
  sharedAccounts: 20,
  replications: 20,
  tags: 50,
  exports: 5,
};
export type Quotas = typeof usualQuotas;

export interface Transition {
  readonly at: Date;
  readonly region: string;
  readonly account: string;
  readonly what: string;
  readonly subject: string;
  readonly from: string | undefined;
  readonly to: string;
}

export interface Process {
  readonly from: Date;
  /** Nothing for one that never ends. */
  readonly until: Date | undefined;
  percent(now: Date): number;
  cancel(): void;
}

export interface ProcessPlan {
  readonly kind: ProcessKind;
  readonly region: string;
  readonly subject: string;
  readonly work: Work;
  done(at: Date): void | Promise<void>;
  /** `status` is what the trouble asks for, if it does. */
  failed(at: Date, status: string | undefined): void;
}

/** Where the data of databases really is, by names of its own. */
export interface DataPlane {
  /** A second one with the same content. */
  copy(data: string): Promise<string>;
  /** Starts a server on it. */
  start(data: string): Promise<{ readonly address: string; readonly port: number }>;
  stop(data: string): Promise<void>;
  /** With its server, if one runs. */
  remove(data: string): Promise<void>;
}

export interface WorldOptions {
  /** A snapshot that exists of an instance that is busy: which of the two is told first. */
  readonly stateFirst?: boolean | undefined;
  readonly dataPlane?: DataPlane | undefined;
  readonly clock: Clock;
  readonly seed: number;
  readonly durations: Partial<Durations>;
  readonly quotas: Partial<Quotas>;
  readonly faults: Faults;
}

export class World {
  readonly clock: Clock;
  readonly random: ReturnType<typeof seededRandom>;
  readonly quotas: Quotas;
  readonly faults: Faults;
  readonly transitions: Transition[] = [];
  readonly timeline = new Timeline();
  readonly dataPlane: DataPlane | undefined;
  readonly stateFirst: boolean;
  readonly #durations: Durations;

  constructor(options: WorldOptions) {
    this.clock = options.clock;
    this.random = seededRandom(options.seed);
    this.quotas = { ...usualQuotas, ...options.quotas };
    this.faults = options.faults;
    this.stateFirst = options.stateFirst ?? false;
    this.dataPlane = options.dataPlane;
    this.#durations = { ...usualDurations, ...options.durations };
  }

  now(): Date {
    return this.clock.now();
  }

  /** `at` is when it begins: now for a request, the due time for what follows from something else. */
  begin(plan: ProcessPlan, at: Date = this.now()): Process {
    const trouble = this.faults.ofProcess(plan.kind, plan.region, plan.subject);
    const usual = milliseconds(this.#durations[plan.kind](plan.work), this.random);
    const length = usual * (trouble?.kind === 'slow' ? trouble.factor : 1);
    const share = trouble?.kind === 'fails' || trouble?.kind === 'stuck' ? (trouble.at ?? 0.5) : 1;
    const end = at.getTime() + Math.round(length * share);
    const entry =
      trouble?.kind === 'stuck'
        ? undefined
        : this.timeline.plan(end, (when) =>
            trouble?.kind === 'fails' ? plan.failed(when, trouble.status) : plan.done(when),
          );
    return {
      from: at,
      until: entry && new Date(end),
      percent: (now) => Math.floor(Math.min(share, (now.getTime() - at.getTime()) / length) * 100),
      cancel: () => {
        if (entry !== undefined) entry.cancelled = true;
      },
    };
  }

  /** An id as the service makes them: upper-case letters and digits behind a prefix. */
  resourceId(prefix: string): string {
    const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
    return prefix + Array.from({ length: 26 }, () => letters[this.random.below(letters.length)]).join('');
  }
}

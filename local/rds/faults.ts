/**
 * Trouble, injected or by chance. Requests can be refused, delayed, cut, or answered after the connection is gone; processes
 * (a snapshot, a copy, a restore) can fail at any point, stand still for ever, or take much longer. What was injected has
 * to happen: `requireAllFired` says what did not. Chances are drawn from a seed, so that a run can be repeated.
 */
import { seededRandom } from '../../src/core/random.ts';
import type { ProcessKind } from './time/durations.ts';

interface Aim {
  /** How often; once if not said. */
  readonly times?: number;
  /** How many that fit pass before. */
  readonly after?: number;
  readonly region?: string;
  /** Only where this is part of the identifier. */
  readonly subject?: string;
}

export type RequestTrouble = Aim & {
  /** The name of an operation, or * for any. */
  readonly operation: string;
} & (
    | { readonly kind: 'error'; readonly code: string; readonly status?: number; readonly message?: string }
    /** The connection breaks: before anything is done, or after everything is. */
    | { readonly kind: 'drop' | 'lost-answer' }
    /** No answer; half of one; or a page of something else. */
    | { readonly kind: 'hang' | 'cut' | 'garbage' }
    /** The clock of the fake moves on before the request is looked at. */
    | { readonly kind: 'delay'; readonly milliseconds: number }
  );

export type ProcessTrouble = Aim & {
  readonly process: ProcessKind;
  /** How far it comes first: 0 to 1. */
  readonly at?: number;
} & (
    | { readonly kind: 'fails'; readonly status?: string }
    | { readonly kind: 'stuck' }
    | { readonly kind: 'slow'; readonly factor: number }
  );

export type Trouble = RequestTrouble | ProcessTrouble;

/** Of 1; drawn for each request, or for each process. */
export interface Chances {
  readonly seed: number;
  readonly throttled?: number;
  readonly unavailable?: number;
  readonly dropped?: number;
  readonly lostAnswer?: number;
  readonly fails?: Partial<Record<ProcessKind, number>>;
  readonly stuck?: Partial<Record<ProcessKind, number>>;
  readonly slow?: Partial<Record<ProcessKind, number>>;
}

export class Faults {
  readonly #injected: { readonly trouble: Trouble; wait: number; left: number }[] = [];
  readonly #chances: Chances;
  readonly #random: ReturnType<typeof seededRandom>;

  constructor(chances: Chances = { seed: 0 }) {
    this.#chances = chances;
    this.#random = seededRandom(chances.seed);
  }

  inject(trouble: Trouble): void {
    this.#injected.push({ trouble, wait: trouble.after ?? 0, left: trouble.times ?? 1 });
  }

  /** Throws when something was injected and did not happen as often as it was to. */
  requireAllFired(): void {
    const unmet = this.#injected.filter(({ left }) => left > 0).map(({ trouble }) => trouble);
    if (unmet.length > 0) throw new Error(`injected trouble that never happened: ${JSON.stringify(unmet)}`);
  }

  ofRequest(operation: string, region: string, subject: string): RequestTrouble | undefined {
    const injected = this.#due(
      (trouble): trouble is RequestTrouble => 'operation' in trouble && ['*', operation].includes(trouble.operation),
      region,
      subject,
    );
    return injected ?? this.#requestByChance(operation);
  }

  ofProcess(process: ProcessKind, region: string, subject: string): ProcessTrouble | undefined {
    const injected = this.#due(
      (trouble): trouble is ProcessTrouble => 'process' in trouble && trouble.process === process,
      region,
      subject,
    );
    return injected ?? this.#processByChance(process);
  }

  #due<T extends Trouble>(fits: (trouble: Trouble) => trouble is T, region: string, subject: string): T | undefined {
    for (const entry of this.#injected) {
      const { trouble } = entry;
      if (entry.left === 0 || !fits(trouble) || (trouble.region ?? region) !== region) continue;
      if (!subject.includes((trouble.subject ?? '').toLowerCase())) continue;
      if (entry.wait > 0) entry.wait -= 1;
      else {
        entry.left -= 1;
        return trouble;
      }
    }
    return undefined;
  }

  #requestByChance(operation: string): RequestTrouble | undefined {
    const { throttled, unavailable, dropped, lostAnswer } = this.#chances;
    // RDS answers with either code: https://github.com/aws-cloudformation/aws-cloudformation-resource-providers-rds/pull/205
    if (this.#draw(throttled)) return { operation, kind: 'error', code: 'Throttling', message: 'Rate exceeded' };
    if (this.#draw(unavailable)) return { operation, kind: 'error', code: 'ServiceUnavailable', status: 503 };
    if (this.#draw(dropped)) return { operation, kind: 'drop' };
    if (this.#draw(lostAnswer)) return { operation, kind: 'lost-answer' };
    return undefined;
  }

  #processByChance(process: ProcessKind): ProcessTrouble | undefined {
    const { fails, stuck, slow } = this.#chances;
    const at = (): number => this.#random.below(1000) / 1000;
    if (this.#draw(fails?.[process])) return { process, kind: 'fails', at: at() };
    if (this.#draw(stuck?.[process])) return { process, kind: 'stuck', at: at() };
    if (this.#draw(slow?.[process])) return { process, kind: 'slow', factor: 5 + this.#random.below(100) };
    return undefined;
  }

  /** Nothing is drawn where there is no chance, so that a new chance does not move the others. */
  #draw(chance: number | undefined): boolean {
    return chance !== undefined && chance > 0 && this.#random.below(1_000_000) < chance * 1_000_000;
  }
}

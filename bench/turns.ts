/** What happens within a step: who takes part, and which changes of the data come before. */
import type { DataSet } from './data/data-set.ts';
import type { Cost } from './process.ts';
import type { MeasuredVault, Program, Step } from './programs/program.ts';

export interface Turn {
  /** Change the data first, for this number of time. */
  readonly apply?: number;
  readonly timed: boolean;
  readonly last: boolean;
}

/** Usually one turn; a history has many changes, and retention wants snapshots before it. */
export function turnsOf(step: Step, set: DataSet): Turn[] {
  const changes = (count: number, from: number, timed: boolean): Turn[] =>
    Array.from({ length: count }, (_, at) => ({ apply: from + at, timed, last: timed && at === count - 1 }));
  if (step === 'changed') return changes(set.changes, 0, true);
  if (step !== 'retention') return [{ timed: true, last: true }];
  if (set.more === 0) return [];
  return [...changes(set.more, set.changes, false), { timed: true, last: true }];
}

const methods = { restore: 'restore', verify: 'verify', retention: 'retain' } as const;

export function takes(program: Program, vault: MeasuredVault, step: Step): boolean {
  if (program.steps !== undefined && !program.steps.includes(step)) return false;
  const method = step in methods ? methods[step as keyof typeof methods] : 'backup';
  return vault[method] !== undefined;
}

/**
 * Whether a program backs up without being timed: before its retention, to have snapshots; and after a change where that
 * is no step of its own (it packs everything anew), to have the newest state to restore.
 */
export function catchesUp(program: Program, vault: MeasuredVault, step: Step, turn: Turn): boolean {
  if (step === 'retention') return !turn.timed && takes(program, vault, step);
  return step === 'changed' && turn.last && !takes(program, vault, step) && takes(program, vault, 'restore');
}

export interface Asked {
  readonly files: number;
  readonly target: string;
  readonly keep: number;
}

/** Takes a step; the program is known to know it. */
export function take(step: Step, vault: MeasuredVault, { files, target, keep }: Asked): Promise<Cost> {
  if (step === 'restore') return vault.restore!(target);
  if (step === 'verify') return vault.verify!();
  return step === 'retention' ? vault.retain!(keep) : vault.backup!(files);
}

/** A program to be measured: which steps it can take, how each is asked of it, and how its answer is checked. */
import type { DataName } from '../data/data-set.ts';
import type { Cost } from '../process.ts';

export const steps = ['first', 'unchanged', 'changed', 'restore', 'verify', 'retention'] as const;
export type Step = (typeof steps)[number];

export interface Program {
  readonly name: string;
  readonly version: string;
  /** What a reader should know to compare fairly. */
  readonly note: string;
  /** Only these steps; where it is not said, all that its vault knows. */
  readonly steps?: readonly Step[];
  /** Only these data sets; where it is not said, all. */
  readonly data?: readonly DataName[];
  /** What it is known not to restore, and is not held to. */
  readonly forgets?: 'times of folders and links';
  /** A new, empty vault for one data set; what it takes to make it is not measured. */
  newVault(place: string, folder: string): Promise<MeasuredVault>;
}

export interface MeasuredVault {
  /** Files that the program says the backup holds are held against `files`. */
  backup?(files: number): Promise<Cost>;
  /** Restores the newest backup into `target`, which does not exist yet. */
  restore?(target: string): Promise<Cost>;
  /** Reads and checks every stored byte. */
  verify?(): Promise<Cost>;
  /** Forgets all backups but the newest `keep`, and gives back the space. */
  retain?(keep: number): Promise<Cost>;
  /** When no step follows. */
  close?(): Promise<void>;
  /** Folder whose size is what the backups take; undefined where nothing can be told. */
  readonly place: string | undefined;
}

/** Several processes that are one step: their times add up, the largest is what memory they need. */
export function together(costs: readonly Cost[]): Cost {
  const sum = (of: (cost: Cost) => number | undefined): number =>
    costs.reduce((total, cost) => total + (of(cost) ?? 0), 0);
  const known = costs.every(({ cpuSeconds }) => cpuSeconds !== undefined);
  return {
    seconds: sum(({ seconds }) => seconds),
    ...(known && { cpuSeconds: sum(({ cpuSeconds }) => cpuSeconds) }),
    ...(known && { peakMemory: Math.max(...costs.map(({ peakMemory }) => peakMemory ?? 0)) }),
    load: costs[0]?.load ?? 0,
  };
}

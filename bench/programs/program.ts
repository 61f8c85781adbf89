/** A backup program to be measured, told apart by how each step is asked of it and how its answer is checked. */
import type { Cost } from '../process.ts';

export const steps = ['first', 'unchanged', 'restore', 'verify'] as const;
export type Step = (typeof steps)[number];

export interface Program {
  readonly name: string;
  readonly version: string;
  /** What a reader should know to compare fairly. */
  readonly note: string;
  /** A new, empty vault for one data set; what it takes to make it is not measured. */
  newVault(place: string, folder: string): Promise<MeasuredVault>;
}

export interface MeasuredVault {
  /** Files that the program says the backup holds are held against `files`. */
  backup(files: number): Promise<Cost>;
  /** Restores the newest backup into `target`, which does not exist yet. */
  restore(target: string): Promise<Cost>;
  /** Reads and checks every stored byte. */
  verify(): Promise<Cost>;
  /** Folders whose size is what the backup takes. */
  readonly place: string;
}

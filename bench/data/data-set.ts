/** Data to back up, made by the bench, and what happens to it between two backups. */
export const dataNames = ['small', 'database', 'history', 'media', 'image'] as const;
export type DataName = (typeof dataNames)[number];

export interface DataSet {
  readonly name: DataName;
  /** What it is, for a reader of the table. */
  readonly about: string;
  /** What one change is. */
  readonly change: string;
  /** Changes that make one step `changed`, each followed by a backup of its own. */
  readonly changes: number;
  /** Untimed changes and backups before the step `retention`; none where the step is not taken. */
  readonly more: number;
  /** Snapshots that the step `retention` leaves: half of them, as Tidemark refuses to delete more at once. */
  readonly keep: number;
  /** Says what the data depends on, so that kept data is only used again when it is what would be made. */
  readonly recipe: string;
  make(folder: string): Promise<void>;
  /** Changes the tree in place, for the `number`th time (from 0). */
  apply(folder: string, number: number): Promise<void>;
}

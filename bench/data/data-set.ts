/** Data to back up, made by the bench. */
export interface DataSet {
  readonly folder: string;
  readonly files: number;
  readonly bytes: number;
}

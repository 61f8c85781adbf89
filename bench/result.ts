/** One bench, as it is kept in `results/`: every single figure, so that medians can be made again and doubted. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { DataName } from './data/data-set.ts';
import type { Machine } from './machine.ts';
import type { Cost } from './process.ts';
import type { Step } from './programs/program.ts';

export interface Measurement extends Cost {
  readonly data: DataName;
  readonly step: Step;
  readonly program: string;
  readonly round: number;
  /** Bytes on disk after the step; where the step writes and they can be told. */
  readonly stored?: number;
}

export interface DataFigures {
  readonly about: string;
  readonly change: string;
  readonly files: number;
  readonly bytes: number;
}

export interface BenchResult {
  readonly format: 'tidemark-bench';
  readonly version: 2;
  readonly time: string;
  /** Smaller data and fewer programs: a look, and no proof. */
  readonly quick: boolean;
  readonly machine: Machine;
  readonly programs: readonly { readonly name: string; readonly version: string; readonly note: string }[];
  /** What was left out, and why. */
  readonly skipped: readonly string[];
  readonly data: Readonly<Partial<Record<DataName, DataFigures>>>;
  readonly measurements: readonly Measurement[];
  /** Restored trees that were held against the original; Tidemark's were all the same, or there would be no result. */
  readonly restoresCompared: number;
}

const folder = path.join(import.meta.dirname, 'results');

export function saveResult(result: BenchResult): string {
  mkdirSync(folder, { recursive: true });
  const name = `${result.time.replace(/[-:]/g, '').replace(/\.\d+Z$/, 'Z')}.json`;
  writeFileSync(path.join(folder, name), `${JSON.stringify(result, undefined, 2)}\n`);
  return name;
}

/** The newest result that is kept, with its file name. */
export function newestResult(): { name: string; result: BenchResult } | undefined {
  const name = readdirSync(folder)
    .filter((file) => file.endsWith('.json'))
    .sort()
    .at(-1);
  if (name === undefined) return undefined;
  return { name, result: JSON.parse(readFileSync(path.join(folder, name), 'utf8')) as BenchResult };
}

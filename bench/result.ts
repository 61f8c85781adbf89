/** One bench, as it is kept in `results/`: every single figure, so that medians can be made again and doubted. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Machine } from './machine.ts';
import type { Cost } from './process.ts';
import type { Step } from './programs/program.ts';

export type DataName = 'small files' | 'large';

export interface Measurement extends Cost {
  readonly data: DataName;
  readonly step: Step;
  readonly program: string;
  readonly round: number;
}

export interface BenchResult {
  readonly format: 'tidemark-bench';
  readonly version: 1;
  readonly time: string;
  readonly machine: Machine;
  readonly programs: readonly { readonly name: string; readonly version: string; readonly note: string }[];
  /** What was left out, and why. */
  readonly skipped: readonly string[];
  readonly data: Readonly<Partial<Record<DataName, { readonly files: number; readonly bytes: number }>>>;
  readonly measurements: readonly Measurement[];
  /** Bytes on disk after the first backup. */
  readonly stored: readonly { readonly data: DataName; readonly program: string; readonly bytes: number }[];
  /** Restored trees that were held against the original; all were the same, or there would be no result. */
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

/** What the bench is there to hold Tidemark to. */
import type { Step } from './programs/program.ts';
import type { BenchResult, DataName, Measurement } from './result.ts';
import { pairedRatio } from './statistics.ts';

export interface Target {
  readonly goal: string;
  readonly measured: string;
  readonly reached: boolean;
}

const mostMemory = 600e6;

export function targetsOf(result: BenchResult): Target[] {
  return [
    ...ratioTarget(result, 'first', 1, "small files, first backup: at most restic's time"),
    ...ratioTarget(result, 'unchanged', 0.5, "small files, nothing changed: at most half of restic's time"),
    ...memoryTarget(result),
  ];
}

function ratioTarget(result: BenchResult, step: Step, limit: number, goal: string): Target[] {
  const ours = figures(result, 'small files', step, 'tidemark');
  const theirs = figures(result, 'small files', step, 'restic');
  if (ours.length === 0 || ours.length !== theirs.length) return [];
  const ratio = pairedRatio(
    ours.map(({ seconds }) => seconds),
    theirs.map(({ seconds }) => seconds),
  );
  return [{ goal, measured: `${ratio.toFixed(2)} of it`, reached: ratio <= limit }];
}

function memoryTarget(result: BenchResult): Target[] {
  const peaks = figures(result, 'large', 'first', 'tidemark').flatMap(({ peakMemory }) => peakMemory ?? []);
  if (peaks.length === 0) return [];
  const peak = Math.max(...peaks);
  const bytes = result.data.large?.bytes ?? 0;
  return [
    {
      goal: `peak memory of a first backup of ${(bytes / 1e9).toFixed(1)} GB: under ${mostMemory / 1e6} MB`,
      measured: `${(peak / 1e6).toFixed(0)} MB`,
      reached: peak < mostMemory,
    },
  ];
}

function figures(result: BenchResult, data: DataName, step: Step, program: string): readonly Measurement[] {
  return result.measurements
    .filter((one) => one.data === data && one.step === step && one.program === program)
    .sort((one, other) => one.round - other.round);
}

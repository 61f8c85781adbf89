/**
 * What the bench is there to hold Tidemark to: medians of the ratios of the rounds of one run. Tidemark with sealing is
 * judged, as that is what its peers do; without sealing is told beside it. A goal whose figures were not taken is not listed.
 */
import { type DataName, dataNames } from './data/data-set.ts';
import type { Step } from './programs/program.ts';
import type { BenchResult, Measurement } from './result.ts';
import { pairedRatio } from './statistics.ts';

export interface Target {
  readonly goal: string;
  readonly measured: string;
  readonly reached: boolean;
}

export const [sealed, plain, throughS3] = ['tidemark, sealed', 'tidemark', 'tidemark, S3'];
const [restic, tar] = ['restic', 'tar | zstd'];
const mostMemory = 350e6;
const leastThroughput = 0.9;

type Figure = 'time' | 'processor time' | 'bytes stored' | 'bytes added';

interface RatioGoal {
  readonly data: DataName;
  readonly step: Step;
  readonly figure: Figure;
  readonly against: string;
  readonly most: number;
}

const goal = (data: DataName, step: Step, against: string, most: number, figure: Figure = 'time'): RatioGoal => ({
  ...{ data, step, figure, against, most },
});

export const ratioGoals: readonly RatioGoal[] = [
  goal('small', 'first', restic, 0.4),
  goal('small', 'first', tar, 0.95),
  goal('database', 'first', restic, 0.5),
  goal('database', 'first', tar, 0.65),
  goal('small', 'unchanged', restic, 0.17),
  goal('small', 'unchanged', 'find', 2.5),
  goal('small', 'changed', restic, 0.22),
  goal('database', 'changed', restic, 0.35),
  goal('database', 'changed', restic, 0.2, 'bytes added'),
  goal('small', 'restore', restic, 0.42),
  goal('small', 'restore', tar, 0.9),
  goal('database', 'restore', restic, 0.4),
  goal('database', 'restore', tar, 0.9),
  goal('small', 'verify', restic, 0.27),
  goal('small', 'verify', 'zstd -d', 1.2),
  goal('database', 'verify', restic, 0.6),
  goal('database', 'verify', 'zstd -d', 1.2),
  goal('history', 'retention', restic, 0.5),
  ...dataNames.flatMap((data) => [
    goal(data, 'first', restic, 0.85, 'bytes stored'),
    goal(data, 'changed', restic, 0.85, 'bytes stored'),
  ]),
  goal('small', 'first', restic, 0.5, 'processor time'),
  goal('database', 'first', restic, 0.5, 'processor time'),
];

export function targetsOf(result: BenchResult): Target[] {
  return [
    ...ratioGoals.flatMap((one) => ratioTarget(result, one)),
    ...dataNames.flatMap((data) =>
      (['first', 'changed'] as const).flatMap((step) => smallestTarget(result, data, step)),
    ),
    ...memoryTarget(result),
    ...dataNames.flatMap((data) => throughputTarget(result, data)),
  ];
}

function ratioTarget(result: BenchResult, { data, step, figure, against, most }: RatioGoal): Target[] {
  const theirs = figures(result, data, step, against, figure);
  const ratios = [sealed, plain].flatMap((program) => {
    const ours = figures(result, data, step, program!, figure);
    return ours.size > 0 && theirs.size > 0 ? [{ program: program!, ratio: ratioOf(ours, theirs) }] : [];
  });
  if (ratios.length === 0) return [];
  return [
    {
      goal: `${data}, ${step}: ${figure} at most ${most} of ${against}`,
      measured: ratios.map(({ program, ratio }) => `${ratio.toFixed(2)} (${program})`).join(', '),
      reached: ratios[0]!.ratio <= most,
    },
  ];
}

/** Only rounds that both have, as a program may have been left out from some round on. */
function ratioOf(ours: ReadonlyMap<number, number>, theirs: ReadonlyMap<number, number>): number {
  const rounds = [...ours.keys()].filter((round) => theirs.has(round));
  if (rounds.length === 0) return Number.NaN;
  return pairedRatio(
    rounds.map((round) => ours.get(round)!),
    rounds.map((round) => theirs.get(round)!),
  );
}

function smallestTarget(result: BenchResult, data: DataName, step: Step): Target[] {
  const names = result.programs.map(({ name }) => name);
  const stored = names.flatMap((program) => {
    const bytes = figures(result, data, step, program, 'bytes stored');
    return bytes.size > 0 ? [{ program, bytes: Math.min(...bytes.values()) }] : [];
  });
  const ours = stored.find(({ program }) => program === sealed) ?? stored.find(({ program }) => program === plain);
  const [least] = stored.filter(({ program }) => !isForm(program)).sort((one, other) => one.bytes - other.bytes);
  if (ours === undefined || least === undefined) return [];
  return [
    {
      goal: `${data}, ${step}: bytes stored never above the smallest peer`,
      measured: `${megabytes(ours.bytes)}, ${least.program} ${megabytes(least.bytes)}`,
      reached: ours.bytes <= least.bytes,
    },
  ];
}

export const isForm = (program: string): boolean => program.startsWith('tidemark') || program === 'engine';

function memoryTarget(result: BenchResult): Target[] {
  const peaks = result.measurements
    .filter(({ program }) => program === sealed || program === plain)
    .flatMap(({ data, step, program, peakMemory }) => (peakMemory ? [{ data, step, program, peakMemory }] : []))
    .sort((one, other) => other.peakMemory - one.peakMemory);
  const [most] = peaks;
  if (most === undefined) return [];
  return [
    {
      goal: `peak memory of every step on every data set: under ${megabytes(mostMemory)}`,
      measured: `${megabytes(most.peakMemory)} (${most.data}, ${most.step}, ${most.program})`,
      reached: most.peakMemory < mostMemory,
    },
  ];
}

function throughputTarget(result: BenchResult, data: DataName): Target[] {
  const [here, there] = [
    figures(result, data, 'first', plain!, 'time'),
    figures(result, data, 'first', throughS3!, 'time'),
  ];
  if (here.size === 0 || there.size === 0) return [];
  const share = ratioOf(here, there);
  return [
    {
      goal: `${data}, first: through S3 on loopback at least ${leastThroughput} of the directory store's throughput`,
      measured: share.toFixed(2),
      reached: share >= leastThroughput,
    },
  ];
}

/** By round; empty where it was not measured. */
export function figures(
  result: BenchResult,
  data: DataName,
  step: Step,
  program: string,
  figure: Figure,
): ReadonlyMap<number, number> {
  const taken = (of: Step): Measurement[] =>
    result.measurements.filter((one) => one.data === data && one.step === of && one.program === program);
  const before = new Map(taken('first').map(({ round, stored }) => [round, stored]));
  const value = (one: Measurement): number | undefined => {
    if (figure === 'time') return one.seconds;
    if (figure === 'processor time') return one.cpuSeconds;
    if (figure === 'bytes stored' || one.stored === undefined) return one.stored;
    const bytes = before.get(one.round);
    return bytes === undefined ? undefined : one.stored - bytes;
  };
  const pairs = taken(step).map((one) => [one.round, value(one)] as const);
  return new Map(pairs.filter((pair): pair is readonly [number, number] => pair[1] !== undefined));
}

export function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(Math.abs(bytes) < 1e7 ? 1 : 0)} MB`;
}

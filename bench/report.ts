/** A result as `bench/README.md`: made from the file alone, so that the table never says anything else than the figures. */
import { type Step, steps } from './programs/program.ts';
import type { BenchResult, DataName, Measurement } from './result.ts';
import { median, pairedRatio } from './statistics.ts';
import { targetsOf } from './targets.ts';

const stepNames: Record<Step, string> = {
  first: 'first backup',
  unchanged: 'backup, nothing changed',
  restore: 'restore',
  verify: 'read and check every stored byte',
};

export function report(result: BenchResult, file: string): string {
  const { machine, programs, skipped, data } = result;
  const sets = Object.keys(data) as DataName[];
  const lines = [
    '# Bench',
    '',
    `Made by \`npm run bench\` from [results/${file}](results/${file}); do not edit. It makes its data, runs each program as`,
    'a whole process, one right after the other, holds every restored tree against the original, and writes down every figure.',
    'Nothing is turned off: every vault is synced to disk.',
    '',
    `Measured ${result.time.slice(0, 10)} on ${machine.cores} cores of ${machine.cpu}, ${gibibytes(machine.memory)} of memory, ${machine.kernel}, Node ${machine.node}.`,
    ...programs.map(({ name, version, note }) => `- ${name} ${version} (${note})`),
    ...skipped.map((what) => `- left out: ${what}`),
    '',
    `Median of the rounds; in brackets the fastest and the slowest. *Ratio*: Tidemark by restic, median of the ratios of the`,
    `rounds; below 1 Tidemark is faster. ${busy(result.measurements)}`,
    ...sets.flatMap((set) => table(result, set)),
    '',
    '## Goals',
    '',
    '| goal | measured | reached |',
    '|---|---|---|',
    ...targetsOf(result).map(
      ({ goal, measured, reached }) => `| ${goal} | ${measured} | ${reached ? 'yes' : '**no**'} |`,
    ),
    '',
  ];
  return lines.join('\n');
}

function table(result: BenchResult, set: DataName): string[] {
  const own = result.measurements.filter(({ data }) => data === set);
  const { files, bytes } = result.data[set]!;
  const names = result.programs.map(({ name }) => name).filter((name) => own.some(({ program }) => program === name));
  const [us, them] = ['tidemark', 'restic'];
  const compared = names.includes(us) && names.includes(them);
  const rows = steps
    .filter((step) => own.some((one) => one.step === step))
    .map((step) => {
      const of = (program: string) => own.filter((one) => one.step === step && one.program === program);
      const cells = names.map((name) => cell(of(name)));
      return `| ${stepNames[step]} | ${cells.join(' | ')} |${compared ? ` ${ratio(of(us), of(them))} |` : ''}`;
    });
  const stored = names.map((name) => {
    const found = result.stored.find(({ data, program }) => data === set && program === name);
    return found ? megabytes(found.bytes) : '';
  });
  const rounds = Math.max(...own.map(({ round }) => round)) + 1;
  return [
    '',
    `## ${set === 'large' ? 'Large' : 'Small files'}: ${files.toLocaleString('en')} files, ${megabytes(bytes)}, rounds: ${rounds}`,
    '',
    `| | ${names.join(' | ')} |${compared ? ' ratio |' : ''}`,
    `|---|${names.map(() => '---|').join('')}${compared ? '---|' : ''}`,
    ...rows,
    `| stored | ${stored.join(' | ')} |${compared ? ' |' : ''}`,
  ];
}

function cell(measurements: readonly Measurement[]): string {
  if (measurements.length === 0) return '';
  const seconds = measurements.map((one) => one.seconds).sort((one, other) => one - other);
  const memory = measurements.flatMap(({ peakMemory }) => peakMemory ?? []);
  const cpu = measurements.flatMap(({ cpuSeconds }) => cpuSeconds ?? []);
  const range = seconds.length > 1 ? ` (${seconds[0]!.toFixed(2)} to ${seconds.at(-1)!.toFixed(2)})` : '';
  return [
    `**${median(seconds).toFixed(2)} s**${range}`,
    ...(cpu.length > 0 ? [`processor ${median(cpu).toFixed(2)} s`] : []),
    ...(memory.length > 0 ? [`memory ${megabytes(Math.max(...memory))}`] : []),
  ].join('<br>');
}

function ratio(ours: readonly Measurement[], theirs: readonly Measurement[]): string {
  if (ours.length === 0 || ours.length !== theirs.length) return '';
  const inRounds = (all: readonly Measurement[]): number[] =>
    [...all].sort((one, other) => one.round - other.round).map(({ seconds }) => seconds);
  return `**${pairedRatio(inRounds(ours), inRounds(theirs)).toFixed(2)}**`;
}

function busy(measurements: readonly Measurement[]): string {
  const load = median(measurements.map((one) => one.load));
  return `The load of the machine was ${load.toFixed(1)} in the median (about 1 when nobody else works there).`;
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0)} MB`;
}

function gibibytes(bytes: number): string {
  return `${(bytes / 2 ** 30).toFixed(0)} GiB`;
}

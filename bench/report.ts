/** A result as `bench/README.md`: made from the file alone, so that the table never says anything else than the figures. */
import { type DataName, dataNames } from './data/data-set.ts';
import { type Step, steps } from './programs/program.ts';
import type { BenchResult, Measurement } from './result.ts';
import { median } from './statistics.ts';
import { figures, megabytes, targetsOf } from './targets.ts';

const stepNames: Record<Step, string> = {
  first: 'first backup',
  unchanged: 'nothing changed',
  changed: 'changed',
  restore: 'restore',
  verify: 'read and check all',
  retention: 'retention, collection',
};

export function report(result: BenchResult, file: string): string {
  const { machine, programs, skipped, data } = result;
  const lines = [
    '# Bench',
    '',
    `Made by \`npm run bench\` from [results/${file}](results/${file}); do not edit.${result.quick ? ' **A quick one: smaller data, fewer rounds; a look and no proof.**' : ''}`,
    '',
    `Measured ${result.time.slice(0, 10)} on ${machine.cores} cores of ${machine.cpu}, ${gibibytes(machine.memory)} of memory, ${machine.kernel}, Node ${machine.node}.`,
    '',
    ...programs.map(({ name, version, note }) => `- ${name} ${version} (${note})`),
    ...skipped.map((what) => `- left out: ${what}`),
    '',
    '## How it is measured',
    '',
    'Every program runs as a whole process, one right after the other over the same tree; who begins changes from round to',
    'round. A round begins with a fresh copy of the data, so that the page cache holds it for everybody, and before each',
    'measurement `sync` ends what the one before left to be written. Durability is what each program does by default:',
    'Tidemark syncs its vault and what it restores to disk. Every restored tree is held against the',
    `original, byte by byte, with modes, owners and times (${result.restoresCompared} in this run). Where a step is several processes, times`,
    'add up. What a round made is emptied and not deleted before the bench ends, as names that were just deleted make new ones',
    'slow on some file systems. Retention keeps half of the snapshots, as Tidemark refuses to delete more at once. `tar`, `find` and `zstd -d` are no backups: they show what the machine can do.',
    '',
    `In the tables: the median of the rounds, the fastest and the slowest in brackets; processor time of all cores; the`,
    `largest process. ${busy(result.measurements)}`,
    ...dataNames.filter((set) => data[set] !== undefined).flatMap((set) => table(result, set)),
    '',
    '## Goals',
    '',
    'Medians of the ratios of the rounds. Judged is Tidemark with sealing, as its peers encrypt too.',
    '',
    '| goal | measured | reached |',
    '|---|---|---|',
    ...targetsOf(result).map(
      ({ goal, measured, reached }) => `| ${cellOf(goal)} | ${cellOf(measured)} | ${reached ? 'yes' : '**no**'} |`,
    ),
    '',
  ];
  return lines.join('\n');
}

/** A bar within a cell would end it. */
const cellOf = (words: string): string => words.replaceAll('|', '\\|');

function table(result: BenchResult, set: DataName): string[] {
  const own = result.measurements.filter(({ data }) => data === set);
  const { about, change, files, bytes } = result.data[set]!;
  const names = result.programs.map(({ name }) => name).filter((name) => own.some(({ program }) => program === name));
  const taken = steps.filter((step) => own.some((one) => one.step === step));
  const heads = taken.map((step) => (step === 'changed' ? change : stepNames[step]));
  const rows = names.map((name) => {
    const cells = taken.map((step) => cell(own.filter((one) => one.step === step && one.program === name)));
    const stored = middle(figures(result, set, 'first', name, 'bytes stored'));
    const added = middle(figures(result, set, 'changed', name, 'bytes added'));
    return `| ${cellOf(name)} | ${[...cells, stored, added].join(' | ')} |`;
  });
  const rounds = own.length === 0 ? 0 : Math.max(...own.map(({ round }) => round)) + 1;
  return [
    '',
    `## ${about[0]!.toUpperCase()}${about.slice(1)}`,
    '',
    `${files.toLocaleString('en')} files, ${megabytes(bytes)}; rounds: ${rounds}.`,
    '',
    `| | ${[...heads, 'stored first', 'added by the change'].join(' | ')} |`,
    `|---|${taken.map(() => '---|').join('')}---|---|`,
    ...rows,
  ];
}

function middle(bytes: ReadonlyMap<number, number>): string {
  return bytes.size === 0 ? '' : megabytes(median([...bytes.values()]));
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

function busy(measurements: readonly Measurement[]): string {
  if (measurements.length === 0) return '';
  const load = median(measurements.map((one) => one.load));
  return `The load of the machine was ${load.toFixed(1)} in the median (1 to 2 when nobody else works there).`;
}

function gibibytes(bytes: number): string {
  return `${(bytes / 2 ** 30).toFixed(0)} GiB`;
}

/**
 * `npm run bench`: Tidemark beside restic, on the same data and the same machine. Prints the figures as they come, keeps
 * them in `bench/results/` and makes `bench/README.md` of them. Exit code 1 when a program fails or restores something
 * else than was backed up, and, with `--strict`, when a goal is missed.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { systemClock } from '../src/core/clock.ts';
import type { DataSet } from './data/data-set.ts';
import { makeLarge } from './data/large.ts';
import { makeSmallFiles } from './data/small-files.ts';
import { describeMachine } from './machine.ts';
import { hasGnuTime } from './process.ts';
import { engine } from './programs/engine.ts';
import { type Program, steps } from './programs/program.ts';
import { restic } from './programs/restic.ts';
import { tidemark } from './programs/tidemark.ts';
import { report } from './report.ts';
import { type BenchResult, type Measurement, saveResult } from './result.ts';
import { type RoundsResult, runRounds } from './rounds.ts';
import { targetsOf } from './targets.ts';

const help = `Usage: npm run bench -- [OPTION]...

  --full             five rounds instead of three, the large data too and restored, and Tidemark with sealing too
  --rounds N         so many rounds
  --minutes N        begin no further round after so many minutes
  --programs A,B     of tidemark, restic, sealed (Tidemark with sealing), engine (without plan and workflow)
  --data NAME        "small files" or "large" only
  --large BYTES      size of the large data (default: 2000000000)
  --work DIR         where the data and the vaults go (default: the temporary folder)
  --no-record        print only; leave bench/results and bench/README.md as they are
  --strict           exit code 1 when a goal is missed

Everything it makes is removed at the end. It takes about six gigabytes of disk and some minutes.`;

const { values } = parseArgs({
  allowNegative: true,
  options: {
    full: { type: 'boolean', default: false },
    rounds: { type: 'string' },
    minutes: { type: 'string' },
    programs: { type: 'string' },
    data: { type: 'string' },
    work: { type: 'string', default: tmpdir() },
    large: { type: 'string', default: '2000000000' },
    record: { type: 'boolean', default: true },
    strict: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  },
});

const makers = {
  tidemark: (version: string) => tidemark(version, 'none'),
  restic: () => restic(),
  sealed: (version: string) => tidemark(version, 'passphrase'),
  engine,
};
type ProgramName = keyof typeof makers;

function chosen(): ProgramName[] {
  const names = values.programs?.split(',') ?? ['tidemark', 'restic', ...(values.full ? ['sealed'] : [])];
  const unknown = names.find((name) => !(name in makers));
  if (unknown !== undefined) throw new Error(`--programs: ${unknown} is none of ${Object.keys(makers).join(', ')}`);
  return names as ProgramName[];
}

function positive(option: string, value: string): number {
  if (!/^[1-9]\d*$/.test(value)) throw new Error(`--${option} ${value} is not a positive number`);
  return Number(value);
}

async function bench(scratch: string): Promise<BenchResult> {
  const start = systemClock.elapsed();
  const root = path.join(import.meta.dirname, '..');
  const { version } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as { version: string };
  const rounds = positive('rounds', values.rounds ?? (values.full ? '5' : '3'));
  const size = positive('large', values.large);
  const skipped: string[] = [];
  const programs = chosen().flatMap((name): Program[] => {
    const program = makers[name](version);
    if (program === undefined) skipped.push(`${name}, which is not installed (\`apt-get install ${name}\`)`);
    return program ? [program] : [];
  });
  if (!hasGnuTime) skipped.push('processor time and memory: GNU time is not installed (`apt-get install time`)');
  for (const what of skipped) console.log(`left out: ${what}`);
  const data: { [name in 'small files' | 'large']?: DataSet } = {};
  const parts: RoundsResult[] = [];

  const end = values.minutes === undefined ? Infinity : start + 60_000 * positive('minutes', values.minutes);
  const common = { scratch, told, timeIsUp: () => systemClock.elapsed() >= end };
  if (values.data !== 'small files') {
    console.log('making the large data');
    data.large = makeLarge(path.join(scratch, 'large'), size);
    const rest = values.full
      ? ({ steps: ['first', 'restore'], rounds: 3 } as const)
      : ({ steps: ['first'], rounds: 1 } as const);
    parts.push(
      await runRounds({ name: 'large', data: data.large, programs: programs.slice(0, 2), ...rest, ...common }),
    );
  }
  if (values.data !== 'large') {
    console.log('making the small files');
    data['small files'] = makeSmallFiles(path.join(root, 'node_modules'), path.join(scratch, 'small-files'));
    parts.push(await runRounds({ name: 'small files', data: data['small files'], programs, steps, rounds, ...common }));
  }
  return {
    format: 'tidemark-bench',
    version: 1,
    time: systemClock.now().toISOString(),
    machine: describeMachine(),
    programs: programs.map(({ name, version: of, note }) => ({ name, version: of, note })),
    skipped,
    data: Object.fromEntries(Object.entries(data).map(([name, { files, bytes }]) => [name, { files, bytes }])),
    measurements: parts.flatMap((part) => part.measurements),
    stored: parts.flatMap((part) => part.stored),
    restoresCompared: parts.reduce((sum, part) => sum + part.restoresCompared, 0),
  };
}

function told({ data, step, program, round, seconds, cpuSeconds, peakMemory, load }: Measurement): void {
  const cpu = cpuSeconds === undefined ? '' : `, processor ${cpuSeconds.toFixed(2)} s`;
  const memory = peakMemory === undefined ? '' : `, memory ${(peakMemory / 1e6).toFixed(0)} MB`;
  console.log(
    `${data}, ${step}, round ${round + 1}: ${program} ${seconds.toFixed(2)} s${cpu}${memory}, load ${load.toFixed(1)}`,
  );
}

if (values.help) {
  console.log(help);
} else {
  mkdirSync(values.work, { recursive: true });
  const scratch = mkdtempSync(path.join(values.work, 'tidemark-bench-'));
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      rmSync(scratch, { recursive: true, force: true });
      process.exit(130);
    });
  }
  try {
    const result = await bench(scratch);
    const targets = targetsOf(result);
    for (const { goal, measured, reached } of targets)
      console.log(`${reached ? 'reached' : 'MISSED '}  ${goal}: ${measured}`);
    if (values.record) {
      const file = saveResult(result);
      writeFileSync(path.join(import.meta.dirname, 'README.md'), report(result, file));
      console.log(`kept in bench/results/${file}, table in bench/README.md`);
    }
    if (values.strict && targets.some(({ reached }) => !reached)) process.exitCode = 1;
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

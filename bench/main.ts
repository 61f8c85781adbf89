/**
 * `npm run bench`: Tidemark beside its peers and the limits of the machine, on the same data. Prints the figures as they
 * come, keeps them in `bench/results/` and makes `bench/README.md` of them. Exit code 1 when Tidemark fails or restores
 * something else than was backed up, and, with `--strict`, when a goal is missed.
 */
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { systemClock } from '../src/core/clock.ts';
import { Attic } from './data/attic.ts';
import { dataSets } from './data/catalogue.ts';
import type { DataName } from './data/data-set.ts';
import { madeData } from './data/kept.ts';
import { describeMachine } from './machine.ts';
import { help, type Options, readOptions } from './options.ts';
import { hasGnuTime } from './process.ts';
import { installedPrograms } from './programs/catalogue.ts';
import { report } from './report.ts';
import { type BenchResult, type DataFigures, type Measurement, saveResult } from './result.ts';
import { runRounds } from './rounds.ts';
import { targetsOf } from './targets.ts';

const root = path.join(import.meta.dirname, '..');

async function bench(options: Options, scratch: string): Promise<BenchResult> {
  const { quick, rounds } = options;
  const end = systemClock.elapsed() + options.minutes * 60_000;
  const { version } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as { version: string };
  const skipped: string[] = [];
  const skip = (what: string): void => {
    skipped.push(what);
    console.log(`left out: ${what}`);
  };
  const programs = installedPrograms(options.programs, version, skip);
  if (!hasGnuTime) skip('processor time and memory: GNU time is not installed (`apt-get install time`)');
  const store = options.keepData ?? path.join(scratch, 'data');
  const sets = dataSets(quick, path.join(store, 'packages'));
  const data: Partial<Record<DataName, DataFigures>> = {};
  const measurements: Measurement[] = [];
  const attic = new Attic(path.join(scratch, 'attic'));
  let restoresCompared = 0;
  for (const name of options.data) {
    const set = sets[name];
    const original = await madeData(set, store, console.log);
    const common = {
      set,
      original,
      programs,
      rounds,
      scratch,
      attic,
      told,
      failed: (what: string) => skip(withoutPaths(what)),
    };
    const part = await runRounds({ ...common, timeIsUp: () => systemClock.elapsed() >= end });
    data[name] = { about: set.about, change: set.change, ...part.contents };
    measurements.push(...part.measurements);
    restoresCompared += part.restoresCompared;
    if (options.keepData === undefined) attic.put(original);
  }
  return {
    ...{ format: 'tidemark-bench', version: 2, time: systemClock.now().toISOString(), quick },
    machine: describeMachine(),
    programs: programs.map(({ name, version: of, note }) => ({ name, version: of, note })),
    ...{ skipped, data, measurements, restoresCompared },
  };
}

/** A result is published, and where somebody keeps data is nobody's business. */
function withoutPaths(words: string): string {
  return words
    .replace(/\/[^\s:]+/g, '...')
    .replace(/\s+/g, ' ')
    .slice(0, 300);
}

function told({ data, step, program, round, seconds, cpuSeconds, peakMemory, stored, load }: Measurement): void {
  const cpu = cpuSeconds === undefined ? '' : `, processor ${cpuSeconds.toFixed(2)} s`;
  const memory = peakMemory === undefined ? '' : `, memory ${(peakMemory / 1e6).toFixed(0)} MB`;
  const bytes = stored === undefined ? '' : `, stored ${(stored / 1e6).toFixed(1)} MB`;
  console.log(
    `${data}, ${step}, round ${round + 1}: ${program} ${seconds.toFixed(2)} s${cpu}${memory}${bytes}, load ${load.toFixed(1)}`,
  );
}

async function main(options: Options): Promise<void> {
  mkdirSync(options.work, { recursive: true });
  const scratch = mkdtempSync(path.join(options.work, 'tidemark-bench-'));
  // PostgreSQL may have to run as somebody else, and comes through here.
  chmodSync(scratch, 0o711);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      rmSync(scratch, { recursive: true, force: true });
      process.exit(130);
    });
  }
  try {
    const result = await bench(options, scratch);
    const targets = targetsOf(result);
    for (const { goal, measured, reached } of targets)
      console.log(`${reached ? 'reached' : 'MISSED '}  ${goal}: ${measured}`);
    if (options.record) {
      const file = saveResult(result);
      writeFileSync(path.join(import.meta.dirname, 'README.md'), report(result, file));
      console.log(`kept in bench/results/${file}, table in bench/README.md`);
    }
    if (options.strict && targets.some(({ reached }) => !reached)) process.exitCode = 1;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

try {
  const options = readOptions(process.argv.slice(2));
  if (options.help) console.log(help);
  else await main(options);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}

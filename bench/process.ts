/**
 * Runs one program from start to end and says what it took. Wall-clock time is taken here; processor time and peak memory
 * come from the kernel, asked by GNU time (Node tells them of itself only). Without GNU time they are left out.
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import path from 'node:path';
import { systemClock } from '../src/core/clock.ts';

export interface Command {
  readonly program: string;
  readonly args: readonly string[];
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** What it writes goes to nowhere, as reading it would be our work. */
  readonly silent?: boolean;
}

export interface Cost {
  readonly seconds: number;
  /** Of all processors, user and system. */
  readonly cpuSeconds?: number;
  /** Bytes; of the largest process, where a program starts others. */
  readonly peakMemory?: number;
  /** Processes that wanted a processor just before, a minute's average: how quiet the machine was. */
  readonly load: number;
}

export interface Outcome {
  readonly cost: Cost;
  readonly stdout: string;
}

const gnuTime = '/usr/bin/time';
export const hasGnuTime = existsSync(gnuTime);
const figures = path.join(tmpdir(), `tidemark-bench-${process.pid}.time`);

/** Throws when the program does not end with exit code 0: a figure of something that failed is worth nothing. */
export async function measured(command: Command): Promise<Outcome> {
  const { program, args, cwd, env, silent = false } = command;
  // What the program before left to be written to disk is not for this one to wait for.
  spawnSync('sync');
  const load = loadavg()[0]!;
  const timing = hasGnuTime ? [gnuTime, '-q', '-o', figures, '-f', '%U %S %M'] : [];
  const [first = program, ...rest] = [...timing, program, ...args];
  const start = systemClock.elapsed();
  const child = spawn(first, rest, {
    cwd,
    env: { ...process.env, ...env },
    stdio: ['ignore', silent ? 'ignore' : 'pipe', 'pipe'],
  });
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  child.stdout?.on('data', (bytes: Buffer) => stdout.push(bytes));
  child.stderr?.on('data', (bytes: Buffer) => stderr.push(bytes));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  const seconds = (systemClock.elapsed() - start) / 1000;
  if (code !== 0) {
    const said = Buffer.concat([...stderr, ...stdout])
      .toString('utf8')
      .trim()
      .slice(-4000);
    throw new Error(`${[program, ...args].join(' ')}\nended with exit code ${code}:\n${said}`);
  }
  return { cost: { seconds, ...kernelFigures(), load }, stdout: Buffer.concat(stdout).toString('utf8') };
}

function kernelFigures(): Pick<Cost, 'cpuSeconds' | 'peakMemory'> {
  if (!hasGnuTime) return {};
  const [user = 0, system = 0, kibibytes = 0] = readFileSync(figures, 'utf8').trim().split(' ').map(Number);
  return { cpuSeconds: user + system, peakMemory: kibibytes * 1024 };
}

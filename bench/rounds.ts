/**
 * The rounds: each step is run by one program right after the other, and who begins changes from round to round, so that
 * a machine that is busy for a while is busy for both.
 */
import { lstatSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { differences } from './compare.ts';
import type { DataSet } from './data/data-set.ts';
import type { MeasuredVault, Program, Step } from './programs/program.ts';
import type { DataName, Measurement } from './result.ts';

export interface RoundsOptions {
  readonly name: DataName;
  readonly data: DataSet;
  readonly programs: readonly Program[];
  readonly steps: readonly Step[];
  readonly rounds: number;
  /** Vaults and restored trees go here, and go again. */
  readonly scratch: string;
  told(measurement: Measurement): void;
  /** Asked before each round but the first. */
  timeIsUp(): boolean;
}

export interface RoundsResult {
  readonly measurements: Measurement[];
  readonly stored: { data: DataName; program: string; bytes: number }[];
  readonly restoresCompared: number;
}

export async function runRounds(options: RoundsOptions): Promise<RoundsResult> {
  const { name, data, programs, steps, rounds, scratch } = options;
  const result = { measurements: [] as Measurement[], stored: [] as RoundsResult['stored'], restoresCompared: 0 };
  for (let round = 0; round < rounds && (round === 0 || !options.timeIsUp()); round += 1) {
    const order = round % 2 === 0 ? programs : [...programs].reverse();
    const vaults = new Map<Program, MeasuredVault>();
    for (const [at, program] of order.entries()) {
      vaults.set(program, await program.newVault(path.join(scratch, `vault-${round}-${at}`), data.folder));
    }
    for (const step of steps) {
      for (const program of order) {
        const vault = vaults.get(program)!;
        const target = path.join(scratch, `restored-${round}`);
        const cost = await take(step, vault, data, target);
        const measurement = { data: name, step, program: program.name, round, ...cost };
        result.measurements.push(measurement);
        options.told(measurement);
        if (step === 'first' && round === 0) {
          result.stored.push({ data: name, program: program.name, bytes: bytesIn(vault.place) });
        }
        if (step !== 'restore') continue;
        demandSame(program, data.folder, target);
        result.restoresCompared += 1;
        rmSync(target, { recursive: true });
      }
    }
    for (const at of order.keys()) rmSync(path.join(scratch, `vault-${round}-${at}`), { recursive: true });
  }
  return result;
}

function take(step: Step, vault: MeasuredVault, data: DataSet, target: string): ReturnType<MeasuredVault['verify']> {
  if (step === 'restore') return vault.restore(target);
  return step === 'verify' ? vault.verify() : vault.backup(data.files);
}

function demandSame(program: Program, original: string, restored: string): void {
  const found = differences(original, restored);
  if (found.length === 0) return;
  throw new Error(`what ${program.name} restored is not what was backed up:\n${found.join('\n')}`);
}

function bytesIn(folder: string): number {
  let sum = 0;
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (entry.isFile()) sum += lstatSync(path.join(entry.parentPath, entry.name)).size;
  }
  return sum;
}

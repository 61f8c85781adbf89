/**
 * The rounds over one data set. Every round begins with a fresh copy of the data, which leaves it in the page cache for
 * all. Each step is run by one program right after the other, and who begins changes from round to round, so that a machine
 * that is busy for a while is busy for everybody. All restore the newest state, and what they restore is compared.
 */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { differences } from './compare.ts';
import type { Attic } from './data/attic.ts';
import type { DataSet } from './data/data-set.ts';
import { bytesStored, type Contents, contentsOf, copyOf } from './data/folder.ts';
import type { Cost } from './process.ts';
import { isOurs } from './programs/catalogue.ts';
import { type MeasuredVault, type Program, type Step, steps, together } from './programs/program.ts';
import type { Measurement } from './result.ts';
import { catchesUp, take, takes, turnsOf } from './turns.ts';

export interface RoundsOptions {
  readonly set: DataSet;
  /** The data as it was made; it stays as it is. */
  readonly original: string;
  readonly programs: readonly Program[];
  readonly rounds: number;
  /** The tree, vaults and restored trees go here, and then to the attic. */
  readonly scratch: string;
  readonly attic: Attic;
  told(measurement: Measurement): void;
  /** A program failed and is left out from here on. */
  failed(what: string): void;
  /** Asked before each round but the first. */
  timeIsUp(): boolean;
}

export interface RoundsResult {
  readonly contents: Contents;
  readonly measurements: readonly Measurement[];
  readonly restoresCompared: number;
}

export async function runRounds(options: RoundsOptions): Promise<RoundsResult> {
  const rounds = new Rounds(options);
  for (let round = 0; round < options.rounds && (round === 0 || !options.timeIsUp()); round += 1)
    await rounds.run(round);
  const { measurements, restoresCompared } = rounds;
  return { contents: contentsOf(options.original), measurements, restoresCompared };
}

interface Entry {
  readonly program: Program;
  readonly vault: MeasuredVault;
}

class Rounds {
  readonly measurements: Measurement[] = [];
  restoresCompared = 0;
  readonly #options: RoundsOptions;
  readonly #live: string;
  readonly #restored: string;
  #programs: readonly Program[];
  #entries: Entry[] = [];

  constructor(options: RoundsOptions) {
    const { scratch, set, programs } = options;
    this.#options = options;
    this.#live = path.join(scratch, 'live', set.name);
    this.#restored = path.join(scratch, 'restored');
    this.#programs = programs.filter(({ data }) => data?.includes(set.name) ?? true);
  }

  async run(round: number): Promise<void> {
    const { original, scratch } = this.#options;
    copyOf(original, this.#live);
    const vaults = path.join(scratch, 'vaults');
    const order = round % 2 === 0 ? this.#programs : this.#programs.toReversed();
    this.#entries = [];
    for (const [at, program] of order.entries()) {
      await this.#leavingOut(program, async () => {
        const vault = await program.newVault(path.join(vaults, String(at)), this.#live);
        this.#entries.push({ program, vault });
      });
    }
    for (const step of steps) await this.#step(step, round);
    for (const { vault } of this.#entries) await vault.close?.();
    for (const place of [vaults, this.#live]) this.#options.attic.put(place);
  }

  async #step(step: Step, round: number): Promise<void> {
    const { set, told } = this.#options;
    const costs = new Map<Program, Cost[]>();
    for (const turn of turnsOf(step, set)) {
      if (turn.apply !== undefined) await set.apply(this.#live, turn.apply);
      const asked = { files: contentsOf(this.#live).files, target: this.#restored, keep: set.keep };
      for (const { program, vault } of [...this.#entries]) {
        await this.#leavingOut(program, async () => {
          if (turn.timed && takes(program, vault, step)) {
            const cost = await take(step, vault, asked);
            costs.set(program, [...(costs.get(program) ?? []), cost]);
            if (step === 'restore') this.#compare(program);
          } else if (catchesUp(program, vault, step, turn)) await take('changed', vault, asked);
        });
      }
    }
    for (const { program, vault } of this.#entries) {
      const own = costs.get(program);
      if (own === undefined) continue;
      const writes = step === 'first' || step === 'changed' || step === 'retention';
      const stored = writes && vault.place !== undefined ? { stored: bytesStored(vault.place) } : {};
      const measurement = { data: set.name, step, program: program.name, round, ...together(own), ...stored };
      this.measurements.push(measurement);
      told(measurement);
    }
  }

  #compare(program: Program): void {
    const found = differences(this.#live, this.#restored, program.forgets);
    this.#options.attic.put(this.#restored);
    if (found.length > 0)
      throw new Error(`what ${program.name} restored is not what was backed up:\n${found.join('\n')}`);
    this.restoresCompared += 1;
  }

  /** Without Tidemark there is no bench; a peer that fails is named, and the others go on without it. */
  async #leavingOut(program: Program, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (isOurs(program.name)) throw error;
      const { set, failed } = this.#options;
      failed(`${program.name} with the data "${set.name}": ${error instanceof Error ? error.message : String(error)}`);
      if (existsSync(this.#restored)) this.#options.attic.put(this.#restored);
      this.#programs = this.#programs.filter((one) => one !== program);
      this.#entries = this.#entries.filter((one) => one.program !== program);
    }
  }
}

/**
 * A model of sources as they live: populations of files of several kinds, and tables, that change from day to day as people,
 * programs and calendars change them. It yields the same numbers that a capture would, without bytes.
 */
import type { seededRandom } from '../../src/core/random.ts';
import type { Signals } from '../../src/operations/suspicion/signals.ts';

export type Chance = ReturnType<typeof seededRandom>;

/** Files of one ending: how many, how large together, and what compression leaves of them. */
export interface Population {
  ending: string;
  files: number;
  bytes: number;
  density: number;
}

export interface Tables {
  [name: string]: number;
}

/** The state of a source, and what was new in it today. */
export interface World {
  populations: Population[];
  tables?: Tables;
  /** Bytes of a row. */
  rowBytes?: number;
  mounted?: boolean;
  fresh: { plain: number; packed: number };
}

/** From 0 to 1. */
export const share = (chance: Chance): number => chance.below(1_000_000) / 1_000_000;
export const between = (chance: Chance, least: number, most: number): number => least + (most - least) * share(chance);
/** About 1, seldom below a half or above two. */
export const about = (chance: Chance): number => Math.exp((share(chance) + share(chance) + share(chance) - 1.5) * 0.5);

/** Content of a population that is new today: `bytes` of it, of a density of its own where it is not as before. */
export function renew(world: World, population: Population, bytes: number, density = population.density): void {
  world.fresh.plain += bytes;
  world.fresh.packed += bytes * Math.min(1, density);
}

export function grow(world: World, population: Population, part: number): void {
  const files = Math.round(population.files * part);
  const bytes = population.bytes * part;
  population.files += files;
  population.bytes += bytes;
  renew(world, population, bytes);
}

export function shrink(population: Population, part: number): void {
  population.files -= Math.round(population.files * part);
  population.bytes -= population.bytes * part;
}

export function edit(world: World, population: Population, part: number): void {
  renew(world, population, population.bytes * part);
}

export function editRows(world: World, part: number): void {
  const rows = Object.values(world.tables ?? {}).reduce((sum, count) => sum + count, 0);
  const bytes = rows * (world.rowBytes ?? 0) * part;
  world.fresh.plain += bytes;
  world.fresh.packed += bytes * 0.35;
}

/** What a capture would say of it. */
export function signalsIn(world: World): Signals {
  const fresh = { plain: Math.round(world.fresh.plain), packed: Math.round(world.fresh.packed) };
  if (world.tables) {
    const entries = Object.entries(world.tables).map(([name, rows]) => [name, Math.round(rows)] as const);
    const rows = entries.reduce((sum, [, count]) => sum + count, 0);
    const largest = Object.fromEntries(entries.toSorted((a, b) => b[1] - a[1]).slice(0, 100));
    return {
      files: 3,
      bytes: Math.round(rows * (world.rowBytes ?? 0)) + 20_000,
      rows,
      tables: entries.length,
      largest,
      fresh,
    };
  }
  const counts: Record<string, number> = {};
  let [files, bytes] = [0, 0];
  for (const population of world.populations) {
    files += population.files;
    bytes += population.bytes;
    if (population.files > 0) counts[population.ending] = (counts[population.ending] ?? 0) + population.files;
  }
  const sorted = Object.entries(counts).sort((a, b) => b[1] - a[1]);
  const others = sorted.slice(40).reduce((sum, [, count]) => sum + count, 0);
  const endings = { counts: Object.fromEntries(sorted.slice(0, 40)), others };
  return { files, bytes: Math.round(bytes), endings, fresh, ...(world.mounted && { mounted: true }) };
}

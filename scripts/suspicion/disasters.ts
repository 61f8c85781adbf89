/** What goes wrong with a source, or is done to it. Each says on which kind it makes sense. */
import { between, type Chance, type Population, renew, type World } from './world.ts';

export interface Disaster {
  readonly kind: 'files' | 'database';
  /** For sources whose own content does not compress encryption cannot be told by content. */
  readonly needs?: (world: World) => boolean;
  /** One day of it. It goes on for `days`; who notices on any of them has noticed. */
  readonly days: number;
  happen(world: World, chance: Chance): void;
}

const files = (days: number, happen: Disaster['happen'], needs?: Disaster['needs']): Disaster => {
  return { kind: 'files', days, happen, ...(needs && { needs }) };
};
const tables = (happen: Disaster['happen']): Disaster => ({ kind: 'database', days: 1, happen });

/** `part` of every population gets content that does not compress, under an ending of its own if one is given. */
function encrypt(world: World, part: number, ending?: string): void {
  const locked: Population = { ending: ending ?? '', files: 0, bytes: 0, density: 1 };
  for (const some of world.populations) {
    const [count, bytes] = [Math.round(some.files * part), some.bytes * part];
    renew(world, some, bytes, 1);
    if (ending === undefined) {
      some.density = some.density * (1 - part) + part;
      continue;
    }
    locked.files += count;
    locked.bytes += bytes;
    some.files -= count;
    some.bytes -= bytes;
  }
  if (ending !== undefined) world.populations.push(locked);
}

/** A quarter of every file, so that what is new still compresses in part. */
function encryptInParts(world: World, ending: string): void {
  const locked: Population = { ending, files: 0, bytes: 0, density: 0.7 };
  for (const some of world.populations) {
    renew(world, some, some.bytes, 0.75 * some.density + 0.25);
    locked.files += some.files;
    locked.bytes += some.bytes;
    Object.assign(some, { files: 0, bytes: 0 });
  }
  world.populations.push(locked);
}

function remove(world: World, part: number): void {
  for (const some of world.populations) {
    some.files -= Math.round(some.files * part);
    some.bytes -= some.bytes * part;
  }
}

export const disasters: Readonly<Record<string, Disaster>> = {
  'everything is gone': files(1, (world) => remove(world, 1)),
  'the disk is not mounted, and what lay below shows': files(
    1,
    (world) => {
      world.mounted = false;
      remove(world, 0.15);
    },
    ({ mounted }) => mounted === true,
  ),
  'seven tenths are deleted': files(1, (world) => remove(world, 0.7)),
  'two fifths are deleted': files(1, (world) => remove(world, 0.4)),
  'a quarter is deleted': files(1, (world) => remove(world, 0.25)),
  'a tenth is deleted each day, for ten days': files(10, (world) => remove(world, 0.1)),
  'files are cut to nothing': files(1, (world) => {
    for (const some of world.populations) some.bytes *= 0.1;
  }),
  'everything is encrypted in place': files(1, (world) => encrypt(world, 1)),
  'a third is encrypted in place': files(1, (world) => encrypt(world, 0.33)),
  'a tenth is encrypted in place': files(1, (world) => encrypt(world, 0.1)),
  'a twentieth is encrypted in place each day, for ten days': files(10, (world) => encrypt(world, 0.05)),
  'everything is encrypted and renamed': files(1, (world) => encrypt(world, 1, 'locked')),
  'a fifth is encrypted and renamed': files(1, (world) => encrypt(world, 0.2, 'locked')),
  'a quarter of every file is encrypted, and all are renamed': files(1, (world) => encryptInParts(world, 'crypt')),
  'every table is gone': tables((world) => {
    world.tables = {};
  }),
  'half of the tables are gone': tables((world, chance) => {
    for (const name of Object.keys(world.tables!)) if (chance.below(2) === 0) delete world.tables![name];
  }),
  'the largest table is gone': tables((world) => {
    delete world.tables![largest(world)];
  }),
  'the largest table is empty': tables((world) => {
    world.tables![largest(world)] = 0;
  }),
  'a third of all rows is gone': tables((world) => {
    for (const name of Object.keys(world.tables!)) world.tables![name]! *= 0.67;
  }),
  'another database answers': tables((world, chance) => {
    const counts = Object.values(world.tables!);
    world.tables = Object.fromEntries(counts.map((rows, at) => [`other_${at}`, rows * between(chance, 0.8, 1.2)]));
  }),
};

const largest = ({ tables: all }: World): string => Object.entries(all!).sort((a, b) => b[1] - a[1])[0]![0];

/** Sources as they are met, and their ordinary days: also the rare ones that look like a disaster and are none. */
import {
  about,
  between,
  type Chance,
  edit,
  editRows,
  grow,
  type Population,
  renew,
  share,
  shrink,
  type Tables,
  type World,
} from './world.ts';

export interface Profile {
  readonly kind: 'files' | 'database';
  start(chance: Chance): World;
  /** One day; `date` counts from the first, a Monday. */
  live(world: World, date: number, chance: Chance): void;
}

const world = (populations: readonly (readonly [string, number, number, number])[], chance: Chance): World => ({
  populations: populations.map(([ending, files, size, density]): Population => {
    const some = Math.round(files * about(chance) * between(chance, 0.3, 3));
    return { ending, files: some, bytes: some * size * about(chance), density };
  }),
  fresh: { plain: 0, packed: 0 },
});

const isWeekend = (date: number): boolean => date % 7 > 4;
const named = (all: World, ending: string): Population => all.populations.find((one) => one.ending === ending)!;
const rarely = (chance: Chance, daysBetween: number): boolean => share(chance) < 1 / daysBetween;
const one = (all: World, chance: Chance): Population => all.populations[chance.below(all.populations.length)]!;

export const profiles: Readonly<Record<string, Profile>> = {
  office: {
    kind: 'files',
    start: (chance) =>
      world(
        [
          ['docx', 8000, 60_000, 0.92],
          ['xlsx', 3000, 90_000, 0.9],
          ['pdf', 5000, 400_000, 0.93],
          ['txt', 3000, 8000, 0.4],
          ['csv', 1500, 300_000, 0.25],
          ['msg', 4000, 120_000, 0.55],
        ],
        chance,
      ),
    live(all, date, chance) {
      for (const some of all.populations) {
        edit(all, some, between(chance, 0, isWeekend(date) ? 0.001 : 0.02));
        grow(all, some, between(chance, 0, isWeekend(date) ? 0.0005 : 0.004));
        shrink(some, between(chance, 0, 0.002));
      }
      if (rarely(chance, 90)) for (const some of all.populations) shrink(some, between(chance, 0.03, 0.12)); // an old project goes
      if (rarely(chance, 120)) grow(all, named(all, 'pdf'), between(chance, 0.1, 0.5)); // a scanned archive comes in
    },
  },
  code: {
    kind: 'files',
    start: (chance) =>
      world(
        [
          ['ts', 6000, 6000, 0.3],
          ['json', 1200, 9000, 0.2],
          ['md', 500, 7000, 0.45],
          ['js', 2500, 12_000, 0.3],
          ['png', 400, 40_000, 0.98],
          ['lock', 20, 200_000, 0.35],
        ],
        chance,
      ),
    live(all, date, chance) {
      for (const some of all.populations) {
        edit(all, some, between(chance, 0, isWeekend(date) ? 0.002 : 0.03));
        grow(all, some, between(chance, 0, 0.006));
        shrink(some, between(chance, 0, 0.004));
      }
      if (rarely(chance, 14)) for (const some of all.populations) edit(all, some, between(chance, 0.1, 0.6)); // a release, a reformatting
      if (rarely(chance, 60)) shrink(one(all, chance), between(chance, 0.05, 0.4)); // something is removed
      if (rarely(chance, 300)) {
        const [from, to] = [named(all, 'js'), named(all, 'ts')]; // rewritten in another language
        to.files += from.files - 10;
        to.bytes += from.bytes;
        renew(all, to, from.bytes);
        Object.assign(from, { files: 10, bytes: 1000 });
      }
    },
  },
  photos: {
    kind: 'files',
    start: (chance) =>
      world(
        [
          ['jpg', 40_000, 3_000_000, 0.99],
          ['heic', 9000, 2_000_000, 0.99],
          ['mp4', 900, 60_000_000, 1],
          ['xmp', 5000, 6000, 0.3],
        ],
        chance,
      ),
    live(all, _, chance) {
      if (share(chance) < 0.4) for (const some of all.populations) grow(all, some, between(chance, 0, 0.01));
      if (rarely(chance, 30)) grow(all, one(all, chance), between(chance, 0.02, 0.2)); // a journey
      if (rarely(chance, 40)) edit(all, named(all, 'jpg'), between(chance, 0.001, 0.03)); // retouched
      if (rarely(chance, 60)) for (const some of all.populations) shrink(some, between(chance, 0.005, 0.08));
    },
  },
  logs: {
    kind: 'files',
    start: (chance) =>
      world(
        [
          ['log', 3000, 900_000, 0.12],
          ['gz', 6000, 120_000, 1],
        ],
        chance,
      ),
    live(all, date, chance) {
      const [log, gz] = [named(all, 'log'), named(all, 'gz')];
      grow(all, log, between(chance, 0.02, 0.05));
      if (date % 30 === 3) {
        const files = Math.round(log.files * between(chance, 0.4, 0.6)); // last month is packed
        const bytes = (log.bytes / log.files) * files;
        shrink(log, files / log.files);
        gz.files += files;
        gz.bytes += bytes * 0.12;
        renew(all, gz, bytes * 0.12);
      }
      if (date % 7 === 0) shrink(gz, between(chance, 0.05, 0.1));
    },
  },
  images: {
    kind: 'files',
    start: (chance) =>
      world(
        [
          ['qcow2', 6, 20e9, 0.45],
          ['xml', 6, 4000, 0.3],
        ],
        chance,
      ),
    live(all, date, chance) {
      edit(all, named(all, 'qcow2'), between(chance, 0.005, isWeekend(date) ? 0.02 : 0.08));
      if (rarely(chance, 45)) edit(all, named(all, 'qcow2'), between(chance, 0.2, 0.6)); // an upgrade, a defragmentation
      if (rarely(chance, 100)) grow(all, named(all, 'qcow2'), between(chance, 0.1, 0.4));
    },
  },
  spool: {
    kind: 'files',
    start: (chance) =>
      world(
        [
          ['eml', 4000, 40_000, 0.6],
          ['tmp', 900, 9000, 0.4],
        ],
        chance,
      ),
    live(all, _, chance) {
      for (const some of all.populations) {
        shrink(some, between(chance, 0.1, 0.45));
        grow(all, some, between(chance, 0.1, 0.8));
        if (some.files < 50) Object.assign(some, { files: 2000, bytes: 50_000_000 });
        if (some.files > 40_000) shrink(some, 0.5);
      }
    },
  },
  videos: {
    kind: 'files',
    start: (chance) =>
      world(
        [
          ['mkv', 900, 2e9, 1],
          ['mp4', 700, 9e8, 1],
          ['srt', 1500, 60_000, 0.4],
          ['nfo', 1500, 3000, 0.5],
        ],
        chance,
      ),
    live(all, _, chance) {
      if (share(chance) < 0.3) grow(all, one(all, chance), between(chance, 0, 0.05));
      if (rarely(chance, 20)) shrink(one(all, chance), between(chance, 0.01, 0.15));
      if (rarely(chance, 150)) edit(all, named(all, 'mkv'), between(chance, 0.02, 0.2)); // coded anew
    },
  },
  sealed: {
    kind: 'files',
    start: (chance) =>
      world(
        [
          ['enc', 5000, 300_000, 1],
          ['idx', 50, 900_000, 0.7],
        ],
        chance,
      ),
    live(all, _, chance) {
      edit(all, named(all, 'enc'), between(chance, 0.01, 0.07));
      grow(all, named(all, 'enc'), between(chance, 0, 0.01));
      shrink(named(all, 'enc'), between(chance, 0, 0.008));
    },
  },
  shop: {
    kind: 'database',
    start: (chance) => database(chance, 30),
    live(all, _, chance) {
      turnOver(all, chance, 0.004);
      if (rarely(chance, 7)) all.tables!.session = all.tables!.session! * between(chance, 0.3, 0.9); // old sessions are purged
      if (rarely(chance, 60)) migrate(all, chance);
    },
  },
  archive: {
    kind: 'database',
    start: (chance) => database(chance, 70),
    live(all, date, chance) {
      turnOver(all, chance, 0.001);
      if (date % 30 === 11) for (const name of Object.keys(all.tables!)) all.tables![name]! *= between(chance, 0.93, 1); // monthly purge
      if (rarely(chance, 200)) migrate(all, chance);
    },
  },
};

function database(chance: Chance, tables: number): World {
  const all: Tables = { session: Math.round(20_000 * about(chance)) };
  for (let at = 0; at < tables; at += 1) all[`table_${at}`] = Math.round(Math.exp(between(chance, 2, 13)));
  return { populations: [], tables: all, rowBytes: 120, fresh: { plain: 0, packed: 0 } };
}

function turnOver(all: World, chance: Chance, growth: number): void {
  for (const name of Object.keys(all.tables!)) all.tables![name]! *= 1 + between(chance, -growth / 4, growth);
  editRows(all, between(chance, 0.01, 0.15));
}

/** A small table goes, another one comes. */
function migrate(all: World, chance: Chance): void {
  const names = Object.entries(all.tables!)
    .sort((a, b) => a[1] - b[1])
    .map(([name]) => name);
  const going = names[chance.below(Math.max(1, names.length >> 1))]!;
  const rows = all.tables![going]!;
  delete all.tables![going];
  all.tables![`new_${chance.below(1_000_000)}`] = rows;
}

/** Every data set, in its full size and in one that a quick bench can afford. */
import path from 'node:path';
import { changeFiles } from './change.ts';
import type { DataName, DataSet } from './data-set.ts';
import { makeDatabase, runTransactions } from './database/database.ts';
import { checkOut, releases } from './history.ts';
import { addMedium, makeImage, makeMedia, writeIntoImage } from './large.ts';
import { copyPackages, installPackages } from './packages.ts';

const transactions = 5000;
/** Snapshots that retention has before it. */
const snapshots = 30;

/** `cache`: where npm's packages are unpacked to. */
export function dataSets(quick: boolean, cache: string): Record<DataName, DataSet> {
  const share = quick ? 20 : 100;
  const [database, media, image] = quick ? [400, 200, 100] : [3500, 1000, 300];
  const gigabytes = quick ? 2 : 10;
  const changes = (quick ? 7 : releases) - 1;
  const installed = (lock: 'packages' | 'history'): string => installPackages(lock, path.join(cache, lock));
  const once = { changes: 1, more: 0, keep: 0 };
  const before = quick ? 10 : snapshots;
  return {
    small: {
      ...{ ...once, name: 'small', about: 'small files: packages of npm', change: '1 % of the files changed' },
      recipe: `packages, ${share} %`,
      async make(folder) {
        copyPackages(installed('packages'), folder, { largest: 1_000_000, share });
      },
      apply: async (folder, number) => void changeFiles(folder, number + 1),
    },
    database: {
      ...{ ...once, name: 'database', about: 'database files: a data directory of PostgreSQL, shut down, and a dump' },
      change: `after ${transactions.toLocaleString('en')} transactions`,
      recipe: `PostgreSQL, ${database} MB`,
      make: (folder) => makeDatabase(folder, database),
      apply: (folder, number) => runTransactions(folder, transactions, number + 1),
    },
    history: {
      ...{ name: 'history', about: `source code, ${changes + 1} releases one after the other`, changes },
      change: `${changes} further releases, each backed up`,
      // One first, one unchanged.
      more: before - changes - 2,
      keep: before / 2,
      recipe: `history, ${changes + 1} releases`,
      make: async (folder) => checkOut(installed('history'), 0, folder),
      // To the newest release, and back again.
      async apply(folder, number) {
        const at = (number + 1) % (2 * changes);
        checkOut(installed('history'), at <= changes ? at : 2 * changes - at, folder);
      },
    },
    media: {
      ...{ ...once, name: 'media', about: 'media that no program makes smaller', change: '20 MB added' },
      recipe: `media, ${media} MB`,
      make: async (folder) => makeMedia(folder, media),
      apply: async (folder, number) => addMedium(folder, 20, number + 1),
    },
    image: {
      ...{ ...once, name: 'image', about: `a disk image of ${gigabytes} GB with ${image} MB in it` },
      change: '10 MB written in it',
      recipe: `image, ${gigabytes} GB, ${image} MB`,
      make: async (folder) => makeImage(folder, gigabytes, image),
      apply: async (folder, number) => writeIntoImage(folder, 10, number + 1),
    },
  };
}

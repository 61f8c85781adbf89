/**
 * The second half of a put: a staged file gets its name, in one step that either happens or does not.
 *
 * Overwrite: `rename`, which replaces. Create: `link`, which fails when the name is taken; one winner, on every file
 * system that has hard links, local or NFS.
 *
 * Without hard links (exFAT, some shares) an object created conditionally is a *folder* of its name with the bytes in the
 * file `.object`. The folder is built in the private folder and renamed into place: a rename never replaces a folder
 * that is not empty, nor a file by a folder, so again one writer wins, whole, with no lock to be left behind. Readers know
 * both shapes, so a store may be copied from one file system to the other.
 *
 * Folders above an object may be removed at any moment by a delete that found them empty; then they are made again.
 */
import * as fs from 'node:fs/promises';
import path from 'node:path';
import { errnoOf, fail } from '../../core/errors.ts';
import { storeFailure } from './failures.ts';
import { folderObject, type Place } from './place.ts';
import { failTaken, type Staged, unstage } from './staging.ts';

/** How often the folder may vanish under a put before it gives up; each time needs another delete at the wrong moment. */
const patience = 100;

const linkUnsupported = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS']);
const folderInTheWay = new Set(['EISDIR', 'EEXIST', 'ENOTEMPTY']);

type Outcome = 'done' | 'taken' | 'again';

export async function publish(place: Place, key: string, staged: Staged, create: boolean): Promise<void> {
  const target = place.pathOf(key);
  const folder = path.dirname(target);
  try {
    for (let attempt = 1; ; attempt += 1) {
      const outcome = await attemptOnce(place, staged.path, target, create);
      if (outcome === 'done') break;
      if (outcome === 'taken') failTaken(place, key);
      if (attempt === patience) await giveUp(place, staged.path, target);
      place.forget(folder);
      await place.makeFolders(folder);
    }
    await place.settle(folder);
  } catch (error) {
    throw storeFailure(error, 'write', target);
  } finally {
    await unstage(staged.path);
  }
}

async function attemptOnce(place: Place, staged: string, target: string, create: boolean): Promise<Outcome> {
  try {
    if (!create) return await overwrite(staged, target);
    return place.hardLinks ? await createByLink(place, staged, target) : await createByFolder(place, staged, target);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return 'again';
    throw error;
  }
}

async function overwrite(staged: string, target: string): Promise<Outcome> {
  try {
    await fs.rename(staged, target);
    return 'done';
  } catch (error) {
    if (!folderInTheWay.has(errnoOf(error) ?? '')) throw error;
  }
  if ((await shapeOf(target)) === 'empty') return 'again';
  await fs.rename(staged, path.join(target, folderObject));
  return 'done';
}

async function createByLink(place: Place, staged: string, target: string): Promise<Outcome> {
  try {
    await fs.link(staged, target);
    return 'done';
  } catch (error) {
    const code = errnoOf(error) ?? '';
    if (linkUnsupported.has(code)) {
      const outcome = await createByFolder(place, staged, target);
      place.hardLinks = false; // It was the link, then, and not the right to write there.
      return outcome;
    }
    if (code !== 'EEXIST') throw error;
  }
  // A network file system that lost its own answer asks again and finds the link it made itself: then there are two.
  if ((await fs.stat(staged)).nlink > 1) return 'done';
  return (await shapeOf(target)) === 'empty' ? 'again' : 'taken';
}

async function createByFolder(place: Place, staged: string, target: string): Promise<Outcome> {
  const folder = `${staged}.folder`;
  await fs.mkdir(folder, { mode: place.folderMode });
  try {
    await fs.rename(staged, path.join(folder, folderObject));
    await place.syncFolder(folder);
    await fs.rename(folder, target);
    return 'done';
  } catch (error) {
    // Back to where the next attempt expects it.
    await fs.rename(path.join(folder, folderObject), staged);
    await fs.rmdir(folder);
    const code = errnoOf(error) ?? '';
    const fileInTheWay = code === 'ENOTDIR' && (await exists(target));
    if (!fileInTheWay && !folderInTheWay.has(code)) throw error;
  }
  return (await shapeOf(target)) === 'empty' ? 'again' : 'taken';
}

/** What stands where an object should go. An empty folder, left by a delete, is removed on the way. */
async function shapeOf(target: string): Promise<'object' | 'empty'> {
  const found = await fs.stat(target);
  if (!found.isDirectory() || (await exists(path.join(target, folderObject)))) return 'object';
  try {
    await fs.rmdir(target);
    return 'empty';
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return 'empty';
    if (!folderInTheWay.has(errnoOf(error) ?? '')) throw error;
  }
  // Filled since we looked, by another create; or the folder of other objects.
  if (await exists(path.join(target, folderObject))) return 'object';
  return fail('ObjectKeyInvalid', `${target} is the folder of other objects and cannot be an object`, {
    hint: 'Use another key: in a directory store no key may be the folder of others.',
    context: { path: target },
  });
}

async function exists(file: string): Promise<boolean> {
  return fs.stat(file).then(
    () => true,
    (error: unknown) => {
      if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return false;
      throw error;
    },
  );
}

async function giveUp(place: Place, staged: string, target: string): Promise<never> {
  await place.requirePresent();
  const lost = !(await exists(staged));
  return fail('StoreUnreachable', `cannot write ${target}: its ${lost ? 'temporary file' : 'folder'} keeps vanishing`, {
    hint: 'Find out which other program removes files there, and stop it.',
    context: { path: target },
  });
}

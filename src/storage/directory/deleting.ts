/**
 * Deletes of the directory store: every key on its own, so that one that cannot go does not save the others, and each
 * failure is named. Folders that got empty are removed; a put that wanted to use one makes it again.
 */
import * as fs from 'node:fs/promises';
import path from 'node:path';
import { errnoOf, TidemarkError } from '../../core/errors.ts';
import { isAbsence, storeFailure } from './failures.ts';
import { folderObject, type Place } from './place.ts';

export interface FailedKey {
  readonly key: string;
  readonly reason: string;
}

const atOnce = 16;

export async function deleteObjects(place: Place, keys: readonly string[]): Promise<void> {
  const failures = new Map<string, TidemarkError>();
  await eachOf(keys, async (key) => {
    await remove(place.pathOf(key)).catch((error: unknown) => {
      failures.set(key, storeFailure(error, 'delete', place.pathOf(key)));
    });
  });
  const folders = new Set(keys.map((key) => path.dirname(place.pathOf(key))));
  await eachOf([...folders], async (folder) => {
    await place.syncFolder(folder).catch((error: unknown) => {
      for (const key of keys) {
        if (path.dirname(place.pathOf(key)) === folder) failures.set(key, storeFailure(error, 'delete', folder));
      }
    });
    await removeIfEmpty(place, folder);
  });
  // An unmounted disk has none of the files either; only in a store that is still there does that mean deleted.
  await place.requirePresent();
  if (failures.size > 0) failIncomplete(place, failures, keys.length);
}

async function remove(file: string): Promise<void> {
  try {
    await fs.unlink(file);
  } catch (error) {
    if (isAbsence(error)) return;
    const found = await fs.stat(file).catch(() => undefined);
    if (!found?.isDirectory()) throw error;
    await removeFolderObject(file);
  }
}

async function removeFolderObject(folder: string): Promise<void> {
  try {
    await fs.unlink(path.join(folder, folderObject));
    await fs.rmdir(folder);
  } catch (error) {
    // Not empty: the folder of other objects, or taken again by a new object since.
    if (!isAbsence(error) && errnoOf(error) !== 'ENOTEMPTY' && errnoOf(error) !== 'EEXIST') throw error;
  }
}

/** Upwards until one is in use. Being empty is no fault, so no error of this is one. */
async function removeIfEmpty(place: Place, folder: string): Promise<void> {
  for (let at = folder; at !== place.root; at = path.dirname(at)) {
    try {
      await fs.rmdir(at);
    } catch {
      return;
    }
    place.forget(at);
  }
}

async function eachOf<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const queue = items.values();
  const worker = async (): Promise<void> => {
    for (const item of queue) await work(item);
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, worker));
}

function failIncomplete(place: Place, failures: ReadonlyMap<string, TidemarkError>, asked: number): never {
  const failed: FailedKey[] = [...failures].map(([key, error]) => ({ key, reason: error.message }));
  const first = [...failures.values()][0];
  throw new TidemarkError(
    'DeleteIncomplete',
    `${failed.length} of ${asked} objects in ${place.root} could not be deleted; the first: ${first?.message}`,
    { hint: first?.hint ?? 'Try again later.', context: { failed }, cause: first },
  );
}

/**
 * Complete and in the byte order of keys, folder by folder, with no more than one folder's names per level in memory.
 * The order of names is not the order of keys: `a-b` < `a/b` < `a0`, because `-` < `/` < `0`. So a folder sorts by its
 * name with the slash.
 *
 * Objects are regular files whose path is an object key (and folders holding `.object`, see publishing.ts). Names that no
 * put can have made, such as `.nfs000`, are passed over. What cannot be read is an error, never a gap.
 */
import { type Dirent, promises as fs } from 'node:fs';
import path from 'node:path';
import { fail } from '../../core/errors.ts';
import { isObjectKey, type ObjectInfo } from '../port.ts';
import { isAbsence, storeFailure } from './failures.ts';
import { folderObject, type Place } from './place.ts';

/** Enough calls at once to hide the latency of a share. */
const batch = 64;

interface Entry {
  /** Where it sorts: the key of an object, the key with a slash of a folder. */
  readonly order: string;
  readonly info?: ObjectInfo;
}

export async function* listObjects(place: Place, prefix: string): AsyncGenerator<ObjectInfo> {
  const cut = prefix.lastIndexOf('/') + 1;
  yield* walk(place, prefix.slice(0, cut), prefix);
  // Folders may vanish while we walk, when they get empty. When the whole store is not there, or no longer, the list is
  // not complete.
  await place.requirePresent();
}

async function* walk(place: Place, folder: string, prefix: string): AsyncGenerator<ObjectInfo> {
  const names = await namesIn(place, folder);
  const wanted = names.filter(
    (entry) => `${folder}${entry.name}`.startsWith(prefix) && isObjectKey(folder + entry.name),
  );
  // Without a look at the files yet, only at what sorts where; folders may be objects, of another place in the order.
  const entries = (await inBatches(wanted, (entry) => shape(place, folder, entry))).flat();
  entries.sort((one, other) => (one.order < other.order ? -1 : 1));
  for (let start = 0; start < entries.length; start += batch) {
    const group = entries.slice(start, start + batch);
    const infos = await Promise.all(group.map((entry) => entry.info ?? describe(place, entry.order)));
    for (const [at, entry] of group.entries()) {
      const info = infos[at];
      if (info) yield info;
      else if (entry.order.endsWith('/')) yield* walk(place, entry.order, prefix);
    }
  }
}

async function namesIn(place: Place, folder: string): Promise<Dirent[]> {
  const where = path.join(place.root, folder);
  try {
    return await fs.readdir(where, { withFileTypes: true });
  } catch (error) {
    if (isAbsence(error)) return [];
    throw storeFailure(error, 'list', where);
  }
}

async function shape(place: Place, folder: string, entry: Dirent): Promise<Entry[]> {
  const key = folder + entry.name;
  if (entry.isFile()) return [{ order: key }];
  if (!entry.isDirectory()) {
    return fail(
      'StoreLawBroken',
      `${place.pathOf(key)} is neither a file nor a folder, so the list cannot be complete`,
      {
        hint: 'Move it out of the store; a store holds no links, pipes or devices.',
        context: { key },
      },
    );
  }
  const inside = await describe(place, key, folderObject);
  return inside ? [{ order: key, info: inside }, { order: `${key}/` }] : [{ order: `${key}/` }];
}

/** `undefined` for a folder, and for what was deleted since its name was read. */
async function describe(place: Place, key: string, within = ''): Promise<ObjectInfo | undefined> {
  if (key.endsWith('/')) return undefined;
  const file = path.join(place.pathOf(key), within);
  try {
    const found = await fs.stat(file);
    return { key, size: found.size, modified: found.mtime };
  } catch (error) {
    if (isAbsence(error)) return undefined;
    throw storeFailure(error, 'list', file);
  }
}

async function inBatches<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (let start = 0; start < items.length; start += batch) {
    results.push(...(await Promise.all(items.slice(start, start + batch).map(work))));
  }
  return results;
}

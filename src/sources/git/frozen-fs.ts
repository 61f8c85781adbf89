/**
 * A file system for isomorphic-git that asks the disk once. For every object the library looks whether it lies on its own,
 * lists the folder of packs and looks at their state; in a large repository that takes longer than reading. What was seen
 * is kept, so a new one is made for each pass over a repository, and again when an object was repacked meanwhile.
 */
import { promises } from 'node:fs';
import type { PromiseFsClient } from 'isomorphic-git';
import { errnoOf } from '../../core/errors.ts';

type Anything = (...parameters: never[]) => Promise<unknown>;

/** Thrown for nearly every object, so made once: a stack costs more than reading. */
const absent = Object.assign(new Error('ENOENT: no such file or directory'), { code: 'ENOENT' });

const loose = /^(.*\/objects\/[0-9a-f]{2})\/([0-9a-f]{38})$/;

/** `folder`: where what is asked for is kept in mind; everything else goes to the disk each time. */
export function frozenFs(folder: string): PromiseFsClient {
  const listings = new Map<string, Promise<ReadonlySet<string>>>();
  const listing = (path: string): Promise<ReadonlySet<string>> =>
    remembered(listings, path, async () => {
      const names = await promises.readdir(path).catch((error) => {
        if (errnoOf(error) === 'ENOENT') return [];
        throw error;
      });
      return new Set(names);
    });
  const readdirs = new Map<string, Promise<unknown>>();
  const stats = new Map<string, Promise<unknown>>();

  const readFile = async (path: string | undefined, ...options: []): Promise<unknown> => {
    if (path === undefined) throw absent; // how the library finds out whether it is given promises
    const [, directory, name] = loose.exec(path) ?? [];
    if (directory !== undefined && !(await listing(directory)).has(name!)) throw absent;
    return promises.readFile(path, ...options);
  };
  const remember =
    (memory: Map<string, Promise<unknown>>, ask: Anything): Anything =>
    (...parameters) => {
      const [path, ...more] = parameters as unknown as [string, ...unknown[]];
      const direct = (): Promise<unknown> => ask(...parameters);
      return more.length === 0 && path.startsWith(folder) ? remembered(memory, path, direct) : direct();
    };
  return {
    promises: {
      ...promises,
      readFile: readFile as unknown as typeof promises.readFile,
      readdir: remember(readdirs, promises.readdir as Anything),
      stat: remember(stats, promises.stat as Anything),
    },
  } as PromiseFsClient;
}

function remembered<Value>(
  memory: Map<string, Promise<Value>>,
  key: string,
  ask: () => Promise<Value>,
): Promise<Value> {
  const before = memory.get(key);
  if (before !== undefined) return before;
  const asked = ask();
  memory.set(key, asked);
  return asked;
}

/** A store that cannot be changed through this handle: for restores and rehearsals, which have no business writing. */
import { fail } from '../core/errors.ts';
import type { ObjectStore } from './port.ts';

export function readOnly(store: ObjectStore): ObjectStore {
  const refuse = async (what: string): Promise<never> =>
    fail('StoreReadOnly', `${store.name} was opened for reading; it was asked to ${what}`, {
      hint: 'Open the store for writing if this is meant.',
    });
  return {
    name: store.name,
    capabilities: store.capabilities,
    put: (key) => refuse(`put ${key}`),
    get: (key, range) => store.get(key, range),
    head: (key) => store.head(key),
    list: (prefix) => store.list(prefix),
    delete: (keys) => refuse(`delete ${keys.length} objects`),
  };
}

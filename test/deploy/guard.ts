/**
 * A vault's store as a deployed function meets it: each call is put before the packaged policies first, and refused where
 * IAM would refuse it. What was used is remembered, so that rights that nobody uses come to light as well.
 */
import { fail } from '../../src/core/errors.ts';
import type { ByteRange, ObjectInfo, ObjectStore, PutOptions } from '../../src/storage/port.ts';
import { type Access, mayAccess } from './requests.ts';
import type { Stacks } from './stacks.ts';

export interface Guard {
  readonly stacks: Stacks;
  readonly functionName: string;
  readonly vault: number;
  /** Told as `replicas write packs`. */
  readonly use: (what: string) => void;
  readonly refuse: (what: string) => void;
}

/** `packs/ab/x` is in the folder `packs`; `vault.json` stands for itself. */
export function folderOf(key: string): string {
  return key === 'vault.json' ? 'vault' : key.slice(0, key.indexOf('/'));
}

export function guarded(store: ObjectStore, guard: Guard): ObjectStore {
  const { stacks, functionName, vault } = guard;
  const known = new Map<string, boolean>();
  const may = (access: Access, key: string): boolean => {
    const question = `${access} ${folderOf(key)}`;
    const answer = known.get(question) ?? mayAccess(stacks, functionName, vault, access, key);
    known.set(question, answer);
    return answer;
  };
  const ask = (access: Access, key: string): void => {
    const verb = access === 'create' ? 'write' : access;
    const what = `${functionName}: ${vault === 0 ? 'primary' : 'replicas'} ${verb} ${access === 'list' ? 'names' : folderOf(key)}`;
    if (may(access, key)) guard.use(what);
    else {
      guard.refuse(what);
      fail('StoreDenied', `${functionName} may not ${access} ${key} in vault ${vault}`);
    }
  };
  return {
    name: store.name,
    capabilities: store.capabilities,
    async put(key: string, bytes: Uint8Array, options?: PutOptions): Promise<void> {
      ask(options?.ifAbsent ? 'create' : 'write', key);
      await store.put(key, bytes, options);
    },
    async get(key: string, range?: ByteRange): Promise<Buffer> {
      ask('read', key);
      return store.get(key, range);
    },
    async head(key: string): Promise<ObjectInfo | undefined> {
      ask('read', key);
      return store.head(key);
    },
    async *list(prefix: string): AsyncGenerator<ObjectInfo> {
      ask('list', prefix);
      yield* store.list(prefix);
    },
    async delete(keys: readonly string[]): Promise<void> {
      for (const key of keys) ask('remove', key);
      await store.delete(keys);
    },
  };
}

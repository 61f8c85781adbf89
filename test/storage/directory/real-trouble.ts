/**
 * A program for the tests of real trouble: does one thing to a directory store on a file system of its own, which the test
 * mounted at the path given, and prints what happened as JSON. It mounts nothing outside its own namespace.
 */
import { execFileSync } from 'node:child_process';
import { readdirSync, writeSync } from 'node:fs';
import path from 'node:path';
import { TidemarkError } from '../../../src/core/errors.ts';
import { directoryStore } from '../../../src/storage/directory.ts';
import type { ObjectStore } from '../../../src/storage/port.ts';

const [what = '', mountPoint = ''] = process.argv.slice(2);
const outcomes: Record<string, unknown> = {};

async function tell(step: string, work: () => Promise<unknown>): Promise<void> {
  outcomes[step] = await work().then(
    (result) => (Buffer.isBuffer(result) ? result.toString() : (result ?? 'done')),
    (error: unknown) =>
      error instanceof TidemarkError ? { name: error.name, message: error.message, hint: error.hint } : String(error),
  );
}

async function keys(store: ObjectStore, prefix = ''): Promise<string[]> {
  const found: string[] = [];
  for await (const info of store.list(prefix)) found.push(info.key);
  return found;
}

const large = Buffer.alloc(4 * 1024 * 1024, 'x');
const make = (): ObjectStore => directoryStore(mountPoint, { create: true });

const trouble: Record<string, () => Promise<void>> = {
  async full() {
    const store = make();
    await tell('before', () => store.put('a', Buffer.from('small')));
    await tell('put', () => store.put('packs/b', large));
    await tell('create', () => store.put('packs/b', large, { ifAbsent: true }));
    await tell('get', () => store.get('a'));
    await tell('list', () => keys(store));
    await tell('left over', async () => readdirSync(path.join(mountPoint, '.tidemark', 'incoming')));
    await tell('after', () => store.put('c', Buffer.from('there is room for this')));
  },
  async readOnly() {
    const store = make();
    await tell('before', () => store.put('a', Buffer.from('small')));
    execFileSync('mount', ['-o', 'remount,ro', mountPoint]);
    await tell('put', () => store.put('b', Buffer.from('x')));
    await tell('delete', () => store.delete(['a']));
    await tell('make', () => make().get('a'));
    await tell('get', () => store.get('a'));
    await tell('list', () => keys(store));
  },
  async unmounted() {
    const store = make();
    await tell('before', () => store.put('a', Buffer.from('small')));
    execFileSync('umount', [mountPoint]);
    await tell('put', () => store.put('b', Buffer.from('x')));
    await tell('get', () => store.get('a'));
    await tell('list', () => keys(store));
    await tell('delete', () => store.delete(['a']));
    await tell('left over', async () => readdirSync(mountPoint));
  },
  async denied() {
    // Rights mean nothing to root, so root becomes nobody, now that everything it needs is loaded.
    if (process.getuid?.() === 0) {
      process.setgid?.(65534);
      process.setuid?.(65534);
    }
    const store = directoryStore(mountPoint);
    await tell('put', () => store.put('b', Buffer.from('x')));
    await tell('get', () => store.get('closed/object'));
    await tell('head', () => store.head('closed/object'));
    await tell('list', () => keys(store));
    await tell('list one', () => keys(store, 'closed/'));
    await tell('delete', () => store.delete(['open']));
    await tell('make', () => directoryStore(path.join(mountPoint, 'below'), { create: true }).get('a'));
  },
};

await trouble[what]?.();
writeSync(1, JSON.stringify(outcomes));

/**
 * A disk that is full, read-only, unmounted or closed, for real: small file systems in a mount namespace of their own, and
 * folders of another user. Where the system does not let a user make such a namespace, those tests say that they were skipped.
 */
import { execFile, spawnSync } from 'node:child_process';
import fs from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { directoryStore } from '../../../src/storage/directory.ts';
import { temporaryFolder } from '../places.ts';

const run = promisify(execFile);
const script = new URL('./real-trouble.ts', import.meta.url).pathname;
const unshare = ['--map-root-user', '--mount'];
const inNamespace = 'mount -t tmpfs -o size=2m tmpfs "$1" && shift && exec "$@"';
const canMount =
  spawnSync('unshare', [...unshare, 'sh', '-c', inNamespace, 'sh', '/mnt', 'true'], { stdio: 'ignore' }).status === 0;

type Outcomes = Record<string, unknown>;

async function onSmallDisk(what: string): Promise<Outcomes> {
  const folder = await temporaryFolder();
  try {
    const command = [process.execPath, script, what, folder.path];
    const { stdout } = await run('unshare', [...unshare, 'sh', '-c', inNamespace, 'sh', folder.path, ...command]);
    return JSON.parse(stdout) as Outcomes;
  } finally {
    await folder.remove();
  }
}

const named = (name: string, hint: string): unknown =>
  expect.objectContaining({ name, hint: expect.stringContaining(hint), message: expect.stringContaining('/') });

describe.skipIf(!canMount)('a real file system in trouble', () => {
  test('full: StoreFull, nothing half-written, everything before still there, and room is used again', async () => {
    const outcomes = await onSmallDisk('full');
    expect(outcomes).toEqual({
      before: 'done',
      put: named('StoreFull', 'Free space'),
      create: named('StoreFull', 'Free space'),
      get: 'small',
      list: ['a'],
      'left over': [],
      after: 'done',
    });
  });

  test('read-only: StoreReadOnly for writes, reads go on', async () => {
    const outcomes = await onSmallDisk('readOnly');
    expect(outcomes).toEqual({
      before: 'done',
      put: named('StoreReadOnly', 'Mount it for writing'),
      delete: named('DeleteIncomplete', 'Mount it for writing'),
      make: 'small',
      get: 'small',
      list: ['a'],
    });
  });

  test('A14 unmounted while in use: StoreMissing, and nothing lands on the disk below', async () => {
    const outcomes = await onSmallDisk('unmounted');
    const missing = named('StoreMissing', 'Mount the disk');
    expect(outcomes).toEqual({
      before: 'done',
      put: missing,
      get: missing,
      list: missing,
      delete: missing,
      'left over': [],
    });
  });
});

test('without the rights: StoreDenied with the path, for reading, listing and writing', async () => {
  const folder = await temporaryFolder();
  try {
    const root = path.join(folder.path, 'vault');
    const store = directoryStore(root, { create: true });
    await store.put('closed/object', Buffer.from('x'));
    await store.put('open', Buffer.from('x'));
    await fs.chmod(path.join(root, 'closed'), 0);
    await fs.chmod(path.join(root, '.tidemark/incoming'), 0o555);
    await fs.chmod(root, 0o555);
    await fs.chmod(folder.path, 0o755);
    const { stdout } = await run(process.execPath, [script, 'denied', root]);
    const denied = named('StoreDenied', 'right to read and write');
    expect(JSON.parse(stdout)).toEqual({
      put: denied,
      get: denied,
      head: denied,
      list: denied,
      'list one': denied,
      delete: named('DeleteIncomplete', 'right to read and write'),
      make: denied,
    });
    await fs.chmod(root, 0o755);
    await fs.chmod(path.join(root, 'closed'), 0o755);
  } finally {
    await folder.remove();
  }
});

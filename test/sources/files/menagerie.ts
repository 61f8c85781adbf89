/** A source directory with everything that a file system can hold, as far as this machine lets us make it. */
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  closeSync,
  ftruncateSync,
  linkSync,
  lutimesSync,
  mkdirSync,
  openSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { native } from '../../../src/sources/files/native.ts';
import { isRoot, makeDeep } from './trial.ts';

export const sparseSize = 9_000_000;

export function fill(root: string): void {
  const at = (path: string): string => join(root, path);
  mkdirSync(at('outer/inner/innermost'), { recursive: true });
  mkdirSync(at('empty'));
  writeFileSync(at('small'), 'small');
  writeFileSync(at('outer/none'), '');
  writeFileSync(at('outer/inner/binary'), Buffer.from(Array.from({ length: 256 }, (_, byte) => byte)));
  writeFileSync(at('large'), Buffer.alloc(2_700_001, 'a large file, '));
  const sparse = openSync(at('sparse'), 'w');
  writeSync(sparse, 'not at the edge of a block', 5_000_000 - 13);
  ftruncateSync(sparse, sparseSize);
  closeSync(sparse);

  for (const name of ['new\nline', 'back\\slash', '-rf', '*', 'é', '\u{1f4be}', 'n'.repeat(255)]) {
    writeFileSync(at(name), name);
  }
  const raw = Buffer.concat([Buffer.from(`${root}/`), Buffer.from([0x72, 0xff, 0xfe])]);
  mkdirSync(raw);
  writeFileSync(Buffer.concat([raw, Buffer.from('/\u00e9'), Buffer.from([0x80])]), 'raw in raw');
  makeDeep(root, Array(17).fill('d'.repeat(250)), () => {
    writeFileSync('bottom', 'at the bottom');
    linkSync('bottom', 'bottom too');
    symlinkSync('bottom', 'link');
  });

  symlinkSync('outer/inner', at('link'));
  symlinkSync('/no/such/place', at('outer/dangling'));
  symlinkSync(Buffer.from([0xff, 0x2f, 0xfe]), at('outer/raw link'));
  linkSync(at('small'), at('outer/inner/second name'));
  linkSync(at('large'), at('outer/large too'));
  linkSync(at('link'), at('outer/link too'));
  spawnSync('mkfifo', [at('fifo')]);
  if (isRoot) {
    spawnSync('mknod', [at('outer/device'), 'c', '1', '7']);
    spawnSync('mknod', [at('outer/disk'), 'b', '7', '200']);
  }

  if (native) {
    native.setAttribute(at('small'), 'user.note', Buffer.from([0, 1, 2, 255]));
    native.setAttribute(at('empty'), 'user.directory', Buffer.from('too'));
    native.setAttribute(root, 'user.root', Buffer.from('!'));
    if (isRoot) native.setAttribute(at('small'), 'trusted.note', Buffer.from('root only'));
  }
  if (isRoot) {
    chownSync(at('outer/none'), 1234, 5678);
    chownSync(at('outer/inner'), 4321, 0);
    spawnSync('chown', ['-h', '77:88', at('link')]);
  }
  chmodSync(at('outer/none'), 0o6711);
  // Root reads it all the same.
  chmodSync(at('outer/inner/binary'), isRoot ? 0o000 : 0o400);
  chmodSync(at('outer/inner/innermost'), 0o1777);
  chmodSync(at('empty'), 0o555);
  chmodSync(at('outer'), 0o2750);
  for (const [index, path] of ['outer/inner/binary', 'outer/inner', 'empty', 'fifo', 'outer', 'large'].entries()) {
    if (native) native.setModified(at(path), 1_600_000_000_000_000_001n + BigInt(index) * 86_400_123_456_789n);
    else utimesSync(at(path), 1_600_000_000 + index, 1_600_000_000 + index);
  }
  if (native) native.setModified(at('link'), -1n);
  else lutimesSync(at('link'), 5, 5);
  chmodSync(root, 0o751);
  utimesSync(root, 1_500_000_000, 1_500_000_000);
}

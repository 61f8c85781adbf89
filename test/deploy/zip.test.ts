import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { expect, test } from 'vitest';
import { zip } from '../../scripts/zip.ts';
import { unzip } from './unzip.ts';

const entries = [
  { name: 'index.mjs', bytes: Buffer.from('export const a = 1;\n'.repeat(1000)) },
  { name: 'backup-plan.yml', bytes: Buffer.from('plan: größe\n') },
  { name: 'empty', bytes: Buffer.alloc(0) },
];

test('gives back what it was given', () => {
  expect([...unzip(zip(entries))]).toEqual([
    ['backup-plan.yml', entries[1]!.bytes],
    ['empty', entries[2]!.bytes],
    ['index.mjs', entries[0]!.bytes],
  ]);
});

test('is the same bytes for the same contents, in whatever order and whenever', () => {
  expect(zip([...entries].reverse())).toEqual(zip(entries));
  expect(crc32(zip(entries))).toBe(crc32(zip(entries)));
  expect(zip([{ ...entries[0]!, bytes: Buffer.from('x') }])).not.toEqual(zip([entries[0]!]));
});

test('another program reads it, and finds files that everybody may read', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-zip-'));
  try {
    writeFileSync(join(folder, 'a.zip'), zip(entries));
    const extract =
      "import sys, zipfile; z = zipfile.ZipFile('a.zip'); assert z.testzip() is None; z.extractall('out'); print([oct(i.external_attr >> 16) for i in z.infolist()])";
    let modes: string;
    try {
      modes = execFileSync('python3', ['-c', extract], { cwd: folder, encoding: 'utf8' });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return; // a machine without Python
      throw error;
    }
    expect(modes.trim()).toBe("['0o100644', '0o100644', '0o100644']");
    expect(readFileSync(join(folder, 'out/index.mjs'))).toEqual(entries[0]!.bytes);
    expect(statSync(join(folder, 'out/empty')).size).toBe(0);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

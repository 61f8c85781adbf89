import { describe, expect, test } from 'vitest';
import { isTidemarkError } from '../../../../src/core/errors.ts';
import { decodeTree } from '../../../../src/format/tree.ts';
import { commandOf } from '../../../../src/sources/postgres/physical/capture/base-backup.ts';
import { checkWal } from '../../../../src/sources/postgres/physical/capture/check.ts';
import { Listing } from '../../../../src/sources/postgres/physical/capture/listing.ts';
import { type TarEntry, TarReader } from '../../../../src/sources/postgres/physical/capture/tar.ts';
import { lsnOf, lsnText, segmentName, segmentsBetween } from '../../../../src/sources/postgres/physical/layout.ts';
import { readBackupManifest, writeBackupManifest } from '../../../../src/sources/postgres/physical/manifest.ts';
import { isRelation, segmentOf } from '../../../../src/sources/postgres/physical/pages.ts';
import { MemoryContent } from '../../memory-content.ts';

function nameOf(work: () => unknown): string {
  try {
    work();
    return 'no error';
  } catch (error) {
    return isTidemarkError(error) ? `${error.name}: ${error.message}` : String(error);
  }
}

describe('a tar archive', () => {
  /** One entry as PostgreSQL writes it. */
  function entry(name: string, type: string, body: string | Buffer, size?: Buffer): Buffer {
    const bytes = Buffer.from(body);
    const head = Buffer.alloc(512);
    head.write(name, 0);
    head.write('0000600\0', 100);
    head.write('0000007\0', 108);
    head.write('0000011\0', 116);
    if (size) size.copy(head, 124);
    else head.write(`${bytes.length.toString(8).padStart(11, '0')} `, 124);
    head.write('14723000000\0', 136);
    head.write(type, 156);
    head.write('ustar\0' + '00', 257);
    head.fill(0x20, 148, 156);
    const sum = head.reduce((all, byte) => all + byte, 0);
    head.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
    return Buffer.concat([head, bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512)]);
  }
  const end = Buffer.alloc(1024);

  function read(bytes: Buffer, step = bytes.length): { entries: TarEntry[]; bodies: string[] } {
    const [entries, bodies]: [TarEntry[], string[]] = [[], []];
    let body = '';
    const reader = new TarReader('base.tar', {
      begin: (one) => entries.push(one),
      data: (piece) => {
        body += piece.toString('latin1');
      },
      end: () => {
        bodies.push(body);
        body = '';
      },
    });
    for (let at = 0; at < bytes.length; at += step) reader.write(bytes.subarray(at, at + step));
    reader.finish();
    return { entries, bodies };
  }

  const good = Buffer.concat([
    entry('base/', '5', ''),
    entry('./base/5/112', '0', 'x'.repeat(512)),
    entry('empty', '0', ''),
    entry('PG_VERSION', '0', '15\n'),
    end,
  ]);

  test('is the same in whatever pieces it comes', () => {
    const whole = read(good);
    expect(whole.entries.map(({ path, type, size, mode, uid, gid }) => [path, type, size, mode, uid, gid])).toEqual([
      ['base', 'directory', 0, 0o600, 7, 9],
      ['base/5/112', 'file', 512, 0o600, 7, 9],
      ['empty', 'file', 0, 0o600, 7, 9],
      ['PG_VERSION', 'file', 3, 0o600, 7, 9],
    ]);
    expect(whole.bodies).toEqual(['x'.repeat(512), '', '15\n']);
    for (const step of [1, 7, 511, 512, 513, 1024]) expect(read(good, step)).toEqual(whole);
  });

  test('may hold files of more than 8 GiB', () => {
    const size = Buffer.from('800000000000000300000000', 'hex'); // 12 GiB + 0 in base 256
    const [large] = (() => {
      const entries: TarEntry[] = [];
      const reader = new TarReader('base.tar', { begin: (one) => entries.push(one), data: () => {}, end: () => {} });
      reader.write(entry('large', '0', '', size));
      return entries;
    })();
    expect(large?.size).toBe(3 * 2 ** 32);
  });

  test.each([
    ['a way out', entry('../../etc/passwd', '0', 'x'), /holds the path/],
    ['an absolute path', entry('/etc/passwd', '0', 'x'), /holds the path/],
    ['a type that is not known', entry('x', 'L', 'x'), /which is not known/],
    ['a header that was changed', Buffer.from(good).fill(0x41, 3, 4), /wrong checksum/],
    ['an end in the middle of a file', good.subarray(0, 1300), /ends in the middle/],
    ['an end in the middle of a header', good.subarray(0, 600), /ends in the middle/],
    ['more after its end', Buffer.concat([good, good]), /goes on after its end/],
  ])('with %s is refused', (_, bytes, message) => {
    expect(nameOf(() => read(bytes))).toMatch(message);
    expect(nameOf(() => read(bytes))).toMatch(/^DumpFailed/);
  });
});

describe('a backup manifest', () => {
  const manifest = {
    version: 2 as const,
    systemIdentifier: '7711579803408879870',
    files: [
      { path: 'base/5/"odd" \\ name', size: 8192, lastModified: '2026-11-24 03:00:00 GMT', sha256: 'ab'.repeat(32) },
      { path: 'PG_VERSION', size: 3, lastModified: '2026-11-24 03:00:00 GMT' },
    ],
    walRanges: [{ timeline: 1, start: '0/3000028', end: '0/3000100' }],
  };

  test('is written as it is read', () => {
    expect(readBackupManifest(writeBackupManifest(manifest))).toEqual(manifest);
  });

  test('that was changed or cut is refused', () => {
    const bytes = writeBackupManifest(manifest);
    const changed = Buffer.from(bytes.toString().replace('"Size": 8192', '"Size": 8193'));
    expect(nameOf(() => readBackupManifest(changed))).toMatch(/^ChecksumMismatch/);
    expect(nameOf(() => readBackupManifest(bytes.subarray(0, bytes.length - 3)))).toMatch(/^DumpFailed/);
    expect(nameOf(() => readBackupManifest(Buffer.from('{}')))).toMatch(/^DumpFailed/);
  });
});

describe('positions in the log', () => {
  test('are numbers and text', () => {
    expect(lsnOf('16/B374D848')).toBe(0x16b374d848n);
    expect(lsnText(0x16b374d848n)).toBe('16/B374D848');
  });

  test('lie in segments', () => {
    const size = 16 * 1024 * 1024;
    expect(segmentName(1, lsnOf('0/3000028'), size)).toBe('000000010000000000000003');
    expect(segmentName(10, lsnOf('1/FF000000'), size)).toBe('0000000A00000001000000FF');
    expect(segmentName(1, lsnOf('1/40000000'), 1024 ** 3)).toBe('000000010000000100000001');
    expect(segmentsBetween(1, lsnOf('0/FEFFFFFF'), lsnOf('1/1'), size)).toEqual([
      ...['0000000100000000000000FE', '0000000100000000000000FF', '000000010000000100000000'],
    ]);
    // a position on the border of two belongs to the end of the first
    expect(segmentsBetween(1, lsnOf('0/3000028'), lsnOf('0/4000000'), size)).toEqual(['000000010000000000000003']);
  });

  test('B1: a segment that is missing is named, and the backup is none', () => {
    const backup = { timeline: 1, startLsn: '0/3000028', stopLsn: '0/5000100' };
    const names = ['000000010000000000000003', '000000010000000000000005'];
    const check = (there: string[]) => checkWal({ ...backup } as never, new Set(there), 16 * 1024 * 1024);
    expect(nameOf(() => check(names))).toMatch(/^DumpFailed: the log segment 000000010000000000000004/);
    expect(nameOf(() => check([...names, '000000010000000000000004']))).toBe('no error');
  });
});

test('relations are told from what only looks like them', () => {
  const yes = ['base/5/1259', 'base/5/1259_fsm', 'base/5/1259.1', 'base/5/1259_vm.2', 'global/1262', 'base/5/9_init'];
  const no = [
    'base/5/PG_VERSION',
    'global/pg_control',
    'base/5/pg_filenode.map',
    'pg_xact/0000',
    'base/5/1259.tmp',
    '1259',
  ];
  expect(yes.filter((path) => !isRelation(path))).toEqual([]);
  expect(no.filter(isRelation)).toEqual([]);
  expect(isRelation('pg_tblspc/16384/PG_15_202209061/5/16385.3')).toBe(true);
  expect(segmentOf('pg_tblspc/16384/PG_15_202209061/5/16385.3')).toBe(3);
  expect(segmentOf('base/5/1259')).toBe(0);
});

test('the command says what was wished for', () => {
  const wish = { label: "it's", checkpoint: 'spread', maxRate: 50_000_000, incremental: false } as const;
  expect(commandOf(wish)).toBe(
    "BASE_BACKUP (LABEL 'it''s', PROGRESS true, CHECKPOINT 'spread', WAL true, WAIT false, MANIFEST 'yes', MANIFEST_CHECKSUMS 'SHA256', MAX_RATE 48828)",
  );
  expect(commandOf({ ...wish, maxRate: undefined, incremental: true })).toMatch(/'SHA256', INCREMENTAL true\)$/);
});

test('files become listings in the order of their bytes, with what lies below', () => {
  const content = new MemoryContent();
  const listing = new Listing();
  const file = { type: 'file', mode: 0o600, uid: 0, gid: 0, mtime: '0', size: 5, blobs: [] } as const;
  for (const path of ['b/ä', 'b/z', 'a.txt', 'a/x/y']) listing.add(path, { name: path.split('/').at(-1)!, ...file });
  const { tree, totals } = listing.store(content);
  expect(totals).toEqual({ files: 4, directories: 3, others: 0, bytes: 20 });
  const root = decodeTree(content.blobs.get(tree)!).entries;
  expect(root.map(({ name, below }) => [name, below])).toEqual([
    ['a', { files: 1, bytes: 5 }],
    ['a.txt', undefined],
    ['b', { files: 2, bytes: 10 }],
  ]);
  expect(decodeTree(content.blobs.get(root[2]!.tree!)!).entries.map(({ name }) => name)).toEqual(['z', 'ä']);
});

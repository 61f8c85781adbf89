import { expect, test } from 'vitest';
import { seededRandom } from '../../../../src/core/random.ts';
import { pageSizeOf } from '../../../../src/sources/files/capture/pages.ts';

const noise = (seed: number, length = 65_536): Buffer => Buffer.from(seededRandom(seed).bytes(length));

function postgres(empty = 0): Buffer {
  const head = noise(1);
  head.fill(0, 0, empty * 8192);
  const at = empty * 8192;
  head.writeUInt16LE(40, at + 12);
  head.writeUInt16LE(7000, at + 14);
  head.writeUInt16LE(8192, at + 16);
  head.writeUInt16LE(0x2004, at + 18);
  return head;
}

const kinds: readonly [string, number | undefined, Buffer, number][] = [
  ['a PostgreSQL relation', 8192, postgres(), 819_200],
  ['one whose first pages are empty', 8192, postgres(3), 819_200],
  ['one that is cut short', undefined, postgres(), 819_201],
  ['a log segment', 8192, Buffer.concat([Buffer.from([0x10, 0xd1]), noise(2)]), 16 * 1024 * 1024],
  ['an SQLite database', 4096, Buffer.concat([Buffer.from('SQLite format 3\0\x10\0', 'latin1'), noise(3)]), 81_920],
  ['one with small pages', 4096, Buffer.concat([Buffer.from('SQLite format 3\0\x02\0', 'latin1'), noise(3)]), 81_920],
  [
    'one with the largest',
    65_536,
    Buffer.concat([Buffer.from('SQLite format 3\0\0\x01', 'latin1'), noise(3)]),
    131_072,
  ],
  ['noise', undefined, noise(4), 81_920],
  ['zeros', undefined, Buffer.alloc(65_536), 81_920],
  ['text', undefined, Buffer.alloc(65_536, 'a line of text\n'), 81_920],
];

test.each(kinds)('%s: %s', (_, page, head, size) => {
  expect(pageSizeOf(head, size)).toBe(page);
});

test('an InnoDB tablespace and a disk image', () => {
  const tablespace = noise(5);
  tablespace.writeUInt32BE(0, 4);
  tablespace.writeUInt16BE(8, 24);
  expect(pageSizeOf(tablespace, 163_840)).toBe(16_384);
  const image = noise(6);
  image.writeUInt16LE(0xaa55, 510);
  expect(pageSizeOf(image, 81_920)).toBe(16_384);
});

test('a head that is shorter than a page says nothing', () => {
  expect(pageSizeOf(Buffer.alloc(100), 4096)).toBeUndefined();
});

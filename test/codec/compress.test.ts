import { zstdCompressSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { compress, expand } from '../../src/codec/compress.ts';
import { seededRandom } from '../../src/core/random.ts';
import { refusal } from '../vault/small-vault.ts';

const text = Buffer.from('one line of a log, and another one much like it\n'.repeat(500));
const noise = seededRandom(1).bytes(10_000);

test.each([
  ['text', text, 'zstd'],
  ['bytes that do not compress', noise, 'raw'],
  ['one byte', Buffer.from('x'), 'raw'],
  ['nothing', Buffer.alloc(0), 'raw'],
  // a gain of less than 3 % is no gain
  ['bytes that hardly compress', Buffer.concat([noise, Buffer.alloc(200)]), 'raw'],
])('%s: comes back, and is stored as %3$s', async (_, bytes, codec) => {
  const packed = await compress(bytes);
  expect(packed.codec).toBe(codec);
  expect(packed.bytes.length).toBeLessThanOrEqual(bytes.length);
  expect(await expand(packed.codec, packed.bytes, bytes.length)).toEqual(bytes);
});

test('equal bytes are compressed to equal bytes', async () => {
  expect(await compress(text)).toEqual(await compress(Buffer.from(text)));
});

describe('what is read is not believed', () => {
  const packed = zstdCompressSync(text);

  test.each([0, 1, text.length - 1, text.length + 1, 0xffff_ffff])(
    'a plain length that lies (%i) is damage',
    async (length) => {
      expect((await refusal(expand('zstd', packed, length))).name).toBe('VaultDamaged');
    },
  );

  test.each([0, 9999, 10_001])('also of a frame that is stored as it is (%i)', async (length) => {
    expect((await refusal(expand('raw', noise, length))).name).toBe('VaultDamaged');
  });

  test('a frame that would fill the memory stops at the length that was said', async () => {
    const bomb = zstdCompressSync(Buffer.alloc(256 * 1024 * 1024));
    const before = process.memoryUsage().arrayBuffers;
    expect((await refusal(expand('zstd', bomb, 1000))).name).toBe('VaultDamaged');
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(8 * 1024 * 1024);
  });

  test('cut short at any byte, it is damage', async () => {
    for (let length = 0; length < packed.length; length += 1) {
      expect((await refusal(expand('zstd', packed.subarray(0, length), text.length))).name).toBe('VaultDamaged');
    }
  });

  test('bytes that are no zstd frame are damage', async () => {
    expect((await refusal(expand('zstd', noise, noise.length))).name).toBe('VaultDamaged');
  });
});

import { createHmac } from 'node:crypto';
import { expect, test } from 'vitest';
import { keyedIdentity, sha256, sha256InBackground } from '../../src/codec/identity.ts';
import { seededRandom } from '../../src/core/random.ts';

test('a keyed id is the HMAC-SHA-256 of the content, whatever its length and the key', () => {
  const random = seededRandom(9);
  for (const keyLength of [1, 16, 32, 63, 64]) {
    const key = random.bytes(keyLength);
    const identify = keyedIdentity(key);
    for (const length of [0, 1, 31, 64, 65, 4096, 70_000, 262_143, 262_144, 262_145, 1_000_000, 7]) {
      const bytes = random.bytes(length);
      expect(identify(bytes)).toBe(createHmac('sha256', key).update(bytes).digest('hex'));
    }
  }
  expect(() => keyedIdentity(random.bytes(65))).toThrow(RangeError);
});

test('what was named before does not show in the next id', () => {
  const identify = keyedIdentity(Buffer.from('key'));
  const [long, short] = [Buffer.alloc(1000, 1), Buffer.alloc(10, 2)];
  const alone = identify(short);
  identify(long);
  expect(identify(short)).toBe(alone);
});

test('test vector 1 of RFC 4231, and SHA-256 of nothing', async () => {
  expect(keyedIdentity(Buffer.alloc(20, 0x0b))(Buffer.from('Hi There'))).toBe(
    'b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7',
  );
  const nothing = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';
  expect(sha256(Buffer.alloc(0))).toBe(nothing);
  expect(await sha256InBackground(new Uint8Array(0))).toBe(nothing);
});

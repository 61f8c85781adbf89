/** Bytes for tests that differ everywhere and for every seed, made quickly. */
import { sha256Of } from '../../src/storage/checks.ts';

export function patterned(length: number, seed: number): Buffer {
  const bytes = Buffer.allocUnsafe(length);
  const block = Buffer.from(sha256Of(Buffer.from(`seed ${seed}`)).repeat(128));
  for (let at = 0; at < length; at += block.length) block.copy(bytes, at);
  for (let at = 0; at + 4 <= length; at += 4096) bytes.writeUInt32LE((at ^ seed) >>> 0, at);
  return bytes;
}

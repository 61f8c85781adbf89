/** What every store checks before it does anything, so that all of them refuse the same things with the same words. */
import { hash } from 'node:crypto';
import { fail } from '../core/errors.ts';
import { type ByteRange, isObjectKey } from './port.ts';

/** Keys never lead out of a store: no empty segment, none that starts with a dot, nothing but plain characters. */
export function requireKey(key: string): void {
  if (isObjectKey(key)) return;
  fail('ObjectKeyInvalid', key === '' ? 'an object key is empty' : `${JSON.stringify(key)} is not an object key`, {
    hint: 'Use segments of letters, digits and . _ = @ + - between single slashes, none starting with a dot.',
    context: { key },
  });
}

/** All keys of a batch, before the first of them is touched: an empty one would mean everything to a careless store. */
export function requireKeys(keys: readonly string[]): void {
  for (const key of keys) requireKey(key);
}

/** A prefix is the beginning of some object key; the empty one is the beginning of all. */
export function requirePrefix(prefix: string): void {
  if (prefix === '' || isObjectKey(prefix.endsWith('/') ? `${prefix}x` : prefix)) return;
  fail('ObjectKeyInvalid', `${JSON.stringify(prefix)} is not the beginning of any object key`, {
    hint: 'List with a prefix such as packs/ or packs/ab.',
    context: { prefix },
  });
}

/** A range that is no range is a mistake in the calling code, not in the store: a plain RangeError. */
export function requireRange(range: ByteRange): void {
  const whole = (value: number): boolean => Number.isSafeInteger(value) && value >= 0;
  if (whole(range.offset) && whole(range.length)) return;
  throw new RangeError(`not a byte range: offset ${range.offset}, length ${range.length}`);
}

export function sha256Of(bytes: Uint8Array): string {
  return hash('sha256', bytes, 'hex');
}

/** Law 6. `what` names the place, for the message. */
export function requireChecksum(what: string, expected: string, found: string): void {
  if (expected === found) return;
  fail(
    'ChecksumMismatch',
    `the bytes for ${what} have SHA-256 ${found} and should have ${expected}; nothing was stored`,
    {
      hint: 'Try again; when it happens twice, suspect the memory of this machine.',
      context: { expected, found },
    },
  );
}

/** What `get` says of a range that the object does not have. */
export function failShort(what: string, range: ByteRange, size: number): never {
  const end = range.offset + range.length;
  fail('VaultDamaged', `${what} is ${size} bytes long; bytes ${range.offset} to ${end} were asked for`, {
    hint: 'Run tidemark verify: it finds what is damaged and repairs it from a replica.',
    context: { ...range, size },
  });
}

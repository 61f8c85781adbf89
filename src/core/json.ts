/** JSON as it is stored: keys in order, no white space, so that equal values are equal bytes. */

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json | undefined };

/**
 * Canonical text of a JSON value: keys sorted by code unit, `undefined` members left out; only keys that are whole numbers
 * come first and by size, as in every object. Joined by hand, as a vault has millions of values.
 */
export function canonicalJson(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return quoted(value);
    case 'number':
      return Number.isFinite(value) ? `${value}` : 'null';
    case 'boolean':
      return value ? 'true' : 'false';
    case 'object':
      if (value === null) return 'null';
      if (Array.isArray(value)) return canonicalList(value);
      return canonicalObject(value as Record<string, unknown>);
    default:
      return JSON.stringify(value);
  }
}

/** What JSON has no word for is `null` in a list. */
function canonicalList(values: readonly unknown[]): string {
  let text = '[';
  for (let at = 0; at < values.length; at += 1) {
    if (at > 0) text += ',';
    text += canonicalJson(values[at]) ?? 'null';
  }
  return `${text}]`;
}

function canonicalObject(record: Record<string, unknown>): string {
  if (typeof record.toJSON === 'function') return canonicalJson(JSON.parse(JSON.stringify(record) ?? 'null'));
  let text = '';
  for (const key of keysInOrder(record)) {
    const member: string | undefined = canonicalJson(record[key]);
    if (member !== undefined) text += text === '' ? `${quoted(key)}:${member}` : `,${quoted(key)}:${member}`;
  }
  return `{${text}}`;
}

function keysInOrder(record: object): readonly string[] {
  const keys = Object.keys(record).sort();
  return keys.some(startsWithDigit) ? Object.keys(Object.fromEntries(keys.map((key) => [key, 0]))) : keys;
}

function startsWithDigit(key: string): boolean {
  const first = key.charCodeAt(0);
  return first >= 0x30 && first <= 0x39;
}

/** All that JSON escapes, and surrogates: alone they are escaped, and in pairs they sort before U+E000 but their bytes behind. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for.
const beyondPlain = /[\0-\x1f"\\\ud800-\udfff]/;

/** Plain text stands in JSON as it is, and two plain texts compare as their bytes do. */
export function isPlain(text: string): boolean {
  return !beyondPlain.test(text);
}

/** A string in JSON. */
export function quoted(text: string): string {
  return beyondPlain.test(text) ? JSON.stringify(text) : `"${text}"`;
}

/** PostgreSQL's timestamps: microseconds since the start of the year 2000, in UTC. */

const epoch2000 = BigInt(Date.UTC(2000, 0, 1)) * 1000n;

/** With microseconds: `2026-03-15T12:04:59.123456Z`. */
export function isoOf(microseconds: bigint): string {
  const since1970 = microseconds + epoch2000;
  const seconds = since1970 / 1_000_000n;
  const fraction = since1970 % 1_000_000n;
  const whole = new Date(Number(seconds) * 1000).toISOString().slice(0, 19);
  return `${whole}.${String(fraction).padStart(6, '0')}Z`;
}

/** The other way, for ISO 8601 with an offset and up to microseconds; further digits are cut off. */
export function microsecondsOf(iso: string): bigint {
  const fraction = /\.(\d+)/.exec(iso)?.[1] ?? '';
  const whole = Date.parse(iso.replace(/\.\d+/, ''));
  return BigInt(whole) * 1000n + BigInt(fraction.slice(0, 6).padEnd(6, '0')) - epoch2000;
}

/** Amounts and dates as people write them on a command line. What could be read in two ways is refused. */
import { fail } from '../../src/core/errors.ts';
import { isoDate } from '../../src/plan/index.ts';

const units: Readonly<Record<string, number>> = {
  B: 1,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  PB: 1e15,
  KIB: 2 ** 10,
  MIB: 2 ** 20,
  GIB: 2 ** 30,
  TIB: 2 ** 40,
  PIB: 2 ** 50,
};

/** `100 GB`, `1.5TiB`. Errors: `UsageInvalid`. */
export function bytesFrom(option: string, text: string): number {
  const [, number = '', unit = ''] = /^(\d+(?:\.\d+)?)\s*([A-Za-z]+)$/.exec(text) ?? [];
  const bytes = Number(number) * (units[unit.toUpperCase()] ?? Number.NaN);
  if (number !== '' && Number.isFinite(bytes)) return bytes;
  return wrong(option, text, 'Write a number and a unit, as in 100GB or 1.5TiB.');
}

/** `2%` is 0.02. Errors: `UsageInvalid`. */
export function shareFrom(option: string, text: string, most = 100): number {
  const [, number] = /^(\d+(?:\.\d+)?)\s*%$/.exec(text) ?? [];
  const share = Number(number) / 100;
  if (number !== undefined && Number(number) <= most) return share;
  return wrong(option, text, `Write a percentage up to ${most}%, as in 2%.`);
}

/** `2028-05-01`, as days since 1970-01-01. Errors: `UsageInvalid` also for a day that no calendar has. */
export function dayFrom(option: string, text: string): number {
  const date = /^\d{4}-\d{2}-\d{2}$/.test(text) ? Date.parse(`${text}T00:00:00Z`) / 86_400_000 : Number.NaN;
  if (Number.isInteger(date) && isoDate(date) === text) return date;
  return wrong(option, text, 'Write a date, as in 2028-05-01.');
}

/** A whole number. Errors: `UsageInvalid`. */
export function countFrom(option: string, text: string, least: number, most: number): number {
  const number = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (number >= least && number <= most) return number;
  return wrong(option, text, `Write a whole number from ${least} to ${most}.`);
}

export function wrong(option: string, text: string, hint: string): never {
  return fail('UsageInvalid', `--${option} ${text} is not what it should be`, { hint });
}

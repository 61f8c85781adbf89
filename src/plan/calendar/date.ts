/** Dates as days since 1970-01-01, so that they can be counted with; and back to what people write. */
import { day } from './zone.ts';

/** `2026-03-15`. Put together by hand: retention asks for thousands, and `toISOString` is slow. */
export function isoDate(date: number): string {
  const time = new Date(date * day);
  return `${time.getUTCFullYear()}-${twoDigits(time.getUTCMonth() + 1)}-${twoDigits(time.getUTCDate())}`;
}

/** `2026-03`. */
export function isoMonth(date: number): string {
  const time = new Date(date * day);
  return `${time.getUTCFullYear()}-${twoDigits(time.getUTCMonth() + 1)}`;
}

export function yearOf(date: number): number {
  return new Date(date * day).getUTCFullYear();
}

/** 0 is January. */
export function monthOf(date: number): number {
  return new Date(date * day).getUTCMonth();
}

export function dayOfMonth(date: number): number {
  return new Date(date * day).getUTCDate();
}

export function dateFrom(year: number, month: number, dayOfTheMonth = 1): number {
  return Date.UTC(year, month, dayOfTheMonth) / day;
}

/** 0 is Monday, 6 is Sunday. The first of January 1970 was a Thursday. */
export function weekdayOf(date: number): number {
  return (((date + 3) % 7) + 7) % 7;
}

/** The ISO week that a date lies in: its Monday, and its name, `2026-W11`. Its year is the one that its Thursday lies in. */
export function isoWeekOf(date: number): { readonly monday: number; readonly name: string } {
  const monday = date - weekdayOf(date);
  const thursday = monday + 3;
  const year = yearOf(thursday);
  const week = Math.floor((thursday - dateFrom(year, 0)) / 7) + 1;
  return { monday, name: `${year}-W${twoDigits(week)}` };
}

function twoDigits(number: number): string {
  return number < 10 ? `0${number}` : String(number);
}

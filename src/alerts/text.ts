/**
 * The words of an alert: a subject line and a plain-text body, the same on every path. Pure. Text that comes from outside
 * (file names, error messages) cannot break out: control characters go, passwords in URLs are masked, lengths have an end.
 */
import { redact } from '../core/log.ts';
import type { Alert } from './port.ts';

/** SNS takes fewer than 100 characters of ASCII without line breaks, beginning with a letter, digit or punctuation mark. */
const subjectLimit = 99;
const planLimit = 30;
const whatLimit = 4_000;
const actionLimit = 2_000;
const detailLimit = 1_000;
const detailCount = 50;

/** Everything up to `limit` characters, and three dots where something was left out. */
function cut(text: string, limit: number): string {
  return text.length <= limit
    ? text
    : `${text
        .slice(0, limit - 3)
        .toWellFormed()
        .replace(/\uFFFD$/, '')}...`;
}

/** Printable text: line breaks stay, other control characters (a terminal would obey them) and broken surrogates do not. */
export function printable(text: string): string {
  const masked = redact(text.toWellFormed()) as string;
  return masked.replace(/\r\n?/g, '\n').replace(/(?![\n\t])[\p{Cc}\p{Cf}\u2028\u2029]/gu, '\uFFFD');
}

function oneLine(text: string): string {
  return printable(text).replace(/\s+/g, ' ').trim();
}

/** Letters lose their accents; what is not ASCII even then becomes a question mark. */
function ascii(text: string): string {
  return oneLine(text)
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .replace(/[^\x20-\x7e]/gu, '?');
}

/** `node-network CRITICAL: user-data was not backed up`; fewer than 100 characters of ASCII on one line. */
export function alertSubject(alert: Alert, plan: string): string {
  const state = alert.state === 'resolved' ? 'RESOLVED' : alert.severity.toUpperCase();
  return cut(`${cut(ascii(plan), planLimit)} ${state}: ${ascii(alert.subject)}`.trim(), subjectLimit);
}

/** `2026-03-15 03:00:12 UTC (2 days before this alert)`, or the words as they are when they are no time. */
function restorePoint(lastGood: string, time: string): string {
  if (lastGood === 'none') return 'none. Nothing good can be restored from this source yet';
  const good = Date.parse(lastGood);
  if (Number.isNaN(good)) return oneLine(lastGood);
  const said = `${new Date(good).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
  const minutes = Math.floor((Date.parse(time) - good) / 60_000);
  return minutes >= 0 ? `${said} (${ago(minutes)} before this alert)` : said;
}

function ago(minutes: number): string {
  const [count, unit] =
    minutes < 120 ? [minutes, 'minute'] : minutes < 2_880 ? [minutes / 60, 'hour'] : [minutes / 1_440, 'day'];
  const whole = Math.floor(count);
  return `${whole} ${unit}${whole === 1 ? '' : 's'}`;
}

/** A label and its text; further lines of the text stand below its first. */
function labelled(label: string, text: string): string {
  const width = 20;
  return `${`${label}:`.padEnd(width)}${text.split('\n').join(`\n${' '.repeat(width)}`)}`;
}

/** The whole alert as plain text. What matters most comes first, in case a channel shows only the beginning. */
export function alertBody(alert: Alert, plan: string): string {
  const over = alert.state === 'resolved';
  const lines = [
    oneLine(alert.subject),
    '',
    labelled('Source', oneLine(alert.source ?? '(none in particular)')),
    labelled(over ? 'What it was' : 'What failed', cut(printable(alert.what).trim(), whatLimit)),
    ...(alert.lastGood === undefined ? [] : [labelled('Last good', restorePoint(alert.lastGood, alert.time))]),
    labelled('Next action', cut(printable(alert.action).trim(), actionLimit)),
    '',
    labelled('State', over ? `resolved (was ${alert.severity})` : `open, ${alert.severity}`),
    labelled('Kind', alert.kind),
    labelled('Plan', oneLine(plan)),
    ...(alert.run === undefined ? [] : [labelled('Run', oneLine(alert.run))]),
    labelled('Time', oneLine(alert.time)),
    labelled('Trouble', oneLine(alert.trouble)),
    ...detailLines(alert.details),
  ];
  return `${lines.join('\n')}\n`;
}

function detailLines(details: Alert['details']): string[] {
  const entries = Object.entries((redact(details ?? {}) ?? {}) as Record<string, string>);
  if (entries.length === 0) return [];
  const shown = entries
    .slice(0, detailCount)
    .map(([name, text]) => labelled(cut(oneLine(name), 60), cut(printable(String(text)).trim(), detailLimit)));
  const left = entries.length - shown.length;
  return ['', ...shown, ...(left > 0 ? [`... and ${left} more`] : [])];
}

/** At most `limit` bytes of UTF-8, cut between characters, with a last line that says so. */
export function withinBytes(text: string, limit: number): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= limit) return text;
  const note = '\n[cut here: the run record has it all]\n';
  let end = Math.max(0, limit - note.length);
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return bytes.toString('utf8', 0, end) + note;
}

/**
 * The one door through which log lines leave: one JSON object a line, so that CloudWatch and jq can read it. Every message
 * has a code, a few words in kebab case that stay the same from release to release and can be searched and counted.
 */

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

export interface Log {
  debug(code: string, fields?: Readonly<Record<string, unknown>>): void;
  info(code: string, fields?: Readonly<Record<string, unknown>>): void;
  warn(code: string, fields?: Readonly<Record<string, unknown>>): void;
  error(code: string, fields?: Readonly<Record<string, unknown>>): void;
  /** A log whose lines all carry these fields too. */
  with(fields: Readonly<Record<string, unknown>>): Log;
}

const order: Record<LogLevel, number> = { debug: 0, info: 1, warn: 2, error: 3 };
const secretKeys = /pass(word|phrase)|secret|token|authorization|connection/i;

/** Removes what must never be logged: values under telling keys, and passwords inside URLs. */
export function redact(value: unknown): unknown {
  if (typeof value === 'string') return value.replace(/\b(\w+:\/\/[^\s:/@]*):[^\s@/]+@/g, '$1:***@');
  if (Array.isArray(value)) return value.map(redact);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [key, secretKeys.test(key) ? '***' : redact(member)]),
  );
}

export function createLog(
  write: (line: string) => void,
  least: LogLevel = 'info',
  now: () => Date = () => new Date(0),
  fixed: Readonly<Record<string, unknown>> = {},
): Log {
  const at =
    (level: LogLevel) =>
    (code: string, fields: Readonly<Record<string, unknown>> = {}): void => {
      if (order[level] < order[least]) return;
      const line = { time: now().toISOString(), level, code, ...fixed, ...fields };
      write(JSON.stringify(redact(line)));
    };
  return {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    with: (fields) => createLog(write, least, now, { ...fixed, ...fields }),
  };
}

export const silentLog: Log = createLog(() => {}, 'error');

/** How an error leaves the program: what and what to do, as one line or one document, and the table's exit code. No stack. */
import { inspect } from 'node:util';
import type { TidemarkError } from '../src/core/errors.ts';
import { redact } from '../src/core/log.ts';

export function failureDocument(error: TidemarkError): object {
  const { name, message, hint } = error;
  return { error: redact({ name, message, ...(hint !== undefined && { hint }) }) };
}

/** `tidemark: what. hint`, and with `debug` everything that is known besides. */
export function failureText(error: TidemarkError, debug: boolean): string {
  const message = redact(error.message) as string;
  const end = /[.!?]$/.test(message) || error.hint === undefined ? '' : '.';
  const line = `tidemark: ${message}${end}${error.hint === undefined ? '' : ` ${redact(error.hint)}`}\n`;
  return debug ? `${line}${redact(inspect(error, { depth: 6 }))}\n` : line;
}

/**
 * How an error travels through a workflow. Step Functions knows a name and a cause; of a function's error the cause is JSON
 * of `{errorType, errorMessage, trace}`. The message is written for people and read back here by whoever sums up a run.
 */
import { type ErrorName, errorTable, type TidemarkError } from './errors.ts';
import { canonicalJson } from './json.ts';
import { redact } from './log.ts';

/** As a `Catch` hands it on. */
export interface CaughtError {
  readonly Error: string;
  readonly Cause: string;
}

export interface Failure {
  /** One of the error table; `Unexpected` for what others raised, and then the message begins with their name. */
  readonly name: ErrorName;
  readonly message: string;
  readonly hint?: string;
}

/** Causes of many jobs travel in one payload of 256 KiB. */
const longest = { message: 900, hint: 300, context: 400 };

/** `what happened. Hint: what to do. Context: {"where": "..."}`, without secrets and not long. */
export function failureMessage(error: TidemarkError): string {
  const message = cut(redact(error.message) as string, longest.message);
  const hint = error.hint === undefined ? '' : ` Hint: ${cut(redact(error.hint) as string, longest.hint)}`;
  const context = Object.keys(error.context).length === 0 ? '' : canonicalJson(redact(error.context));
  const end = /[.!?]$/.test(message) || hint + context === '' ? '' : '.';
  return `${message}${end}${hint}${context === '' || context.length > longest.context ? '' : ` Context: ${context}`}`;
}

/** What a caught error says, whoever raised it: a function, Lambda or Step Functions itself. */
export function readFailure({ Error: raised, Cause }: CaughtError): Failure {
  const text = messageIn(Cause).replace(/ Context: \{.*\}$/s, '');
  const [message = '', hint] = text.split(' Hint: ', 2);
  if (!(raised in errorTable)) return { name: 'Unexpected', message: text === '' ? raised : `${raised}: ${text}` };
  return { name: raised as ErrorName, message, ...(hint !== undefined && { hint }) };
}

function messageIn(cause: string): string {
  try {
    const { errorMessage } = JSON.parse(cause) as { errorMessage?: unknown };
    return typeof errorMessage === 'string' ? errorMessage : cause;
  } catch {
    return cause;
  }
}

function cut(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 1)}…`;
}

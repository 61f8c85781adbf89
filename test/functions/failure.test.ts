/** Errors on their way through a workflow: written by a function, read by whoever concludes. */
import { describe, expect, test } from 'vitest';
import { TidemarkError } from '../../src/core/errors.ts';
import { failureMessage, readFailure } from '../../src/core/failure.ts';

const causeOf = (error: TidemarkError): string =>
  JSON.stringify({ errorType: error.name, errorMessage: failureMessage(error), trace: [] });

describe('written and read back', () => {
  test.each([
    ['disk full', undefined, {}, 'disk full'],
    ['disk full', 'Make room.', {}, 'disk full.'],
    ['disk full!', 'Make room.', { path: '/x' }, 'disk full!'],
    ['disk full', undefined, { path: '/x', free: 0 }, 'disk full.'],
    ['two\nlines', 'Hint with {braces}.', { nested: { deep: [1] } }, 'two\nlines.'],
  ])('%j, %j, %j', (message, hint, context, read) => {
    const error = new TidemarkError('StoreFull', message, { ...(hint && { hint }), context });
    expect(readFailure({ Error: 'StoreFull', Cause: causeOf(error) })).toEqual({
      name: 'StoreFull',
      message: read,
      ...(hint && { hint }),
    });
  });
});

describe('from others', () => {
  test.each([
    [
      'Sandbox.Timedout',
      '{"errorMessage":"Task timed out after 900.00 seconds","errorType":"Sandbox.Timedout"}',
      'Sandbox.Timedout: Task timed out after 900.00 seconds',
    ],
    ['States.Timeout', '', 'States.Timeout'],
    ['Lambda.Unknown', 'The cause could not be determined', 'Lambda.Unknown: The cause could not be determined'],
    ['TypeError', '{"errorType":"TypeError"}', 'TypeError: {"errorType":"TypeError"}'],
  ])('%s is Unexpected and keeps its name in the message', (raised, Cause, message) => {
    expect(readFailure({ Error: raised, Cause })).toEqual({ name: 'Unexpected', message });
  });
});

describe('nothing that does not belong', () => {
  test('secrets are taken out of message, hint and context', () => {
    const url = 'postgres://node:hunter2@db/nodes';
    const error = new TidemarkError('DatabaseRefused', `login to ${url} failed`, {
      hint: `Try psql ${url}`,
      context: { connection: url, at: url },
    });
    expect(failureMessage(error)).not.toContain('hunter2');
  });

  test('however long an error is, 150 of them fit a payload', () => {
    const long = 'x'.repeat(100_000);
    const error = new TidemarkError('Unexpected', long, { hint: long, context: { long } });
    const results = Array.from({ length: 150 }, () => ({
      source: 's'.repeat(60),
      status: 'failure',
      error: { Error: error.name, Cause: causeOf(error) },
    }));
    expect(Buffer.byteLength(JSON.stringify(results))).toBeLessThan(262_144);
  });
});

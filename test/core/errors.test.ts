import { describe, expect, test } from 'vitest';
import { asTidemarkError, errnoOf, errorTable, fail, isTidemarkError, TidemarkError } from '../../src/core/errors.ts';

test.each(Object.entries(errorTable))(
  '%s: a name that state machines can match, a class, a code and a sentence',
  (name, row) => {
    expect(name).toMatch(/^[A-Z][A-Za-z]+$/);
    expect(['never', 'later', 'maybe']).toContain(row.retry);
    // 0 is success, and shells use what is above 125 for themselves
    expect(row.exit).toBeGreaterThan(0);
    expect(row.exit).toBeLessThan(126);
    expect(row.summary).toMatch(/^[A-Z].*\.$/);
    const error = new TidemarkError(name as keyof typeof errorTable, 'x');
    expect([error.name, error.retry, error.exitCode]).toEqual([name, row.retry, row.exit]);
  },
);

test('fail throws what it was told, cause and all', () => {
  const cause = new Error('below');
  let caught: unknown;
  try {
    fail('StoreFull', 'no space at /vault', { hint: 'Make room.', context: { path: '/vault' }, cause });
  } catch (error) {
    caught = error;
  }
  expect(caught).toMatchObject({ name: 'StoreFull', message: 'no space at /vault', hint: 'Make room.', cause });
  expect(isTidemarkError(caught, 'StoreFull')).toBe(true);
  expect(isTidemarkError(caught, 'StoreDenied')).toBe(false);
  expect(isTidemarkError(cause)).toBe(false);
});

describe('what others throw', () => {
  test.each([
    [new RangeError('too far'), 'too far'],
    ['text', 'text'],
    [undefined, 'undefined'],
    [null, 'null'],
  ])('%o becomes Unexpected, with the original as its cause', (thrown, message) => {
    const error = asTidemarkError(thrown);
    expect(error).toMatchObject({ name: 'Unexpected', message });
    if (thrown !== undefined) expect(error.cause).toBe(thrown);
  });

  test('what is named already stays the same object', () => {
    const error = new TidemarkError('StoreFull', 'x');
    expect(asTidemarkError(error)).toBe(error);
  });

  test('a code is only a code when it is text', () => {
    expect(errnoOf(Object.assign(new Error(), { code: 'ENOENT' }))).toBe('ENOENT');
    for (const other of [new Error(), { code: 5 }, null, undefined, 'ENOENT']) expect(errnoOf(other)).toBeUndefined();
  });
});

/** Event patterns as EventBridge matches them. */
import { expect, test } from 'vitest';
import { matchesPattern } from '../../local/pattern.ts';

const event = {
  source: 'aws.rds',
  resources: ['arn:one', 'arn:two'],
  detail: { status: 'FAILED', count: 3, empty: null, nested: { list: ['x', 'y'] }, items: [{ id: 1 }, { id: 2 }] },
};

test.each([
  [{ source: ['aws.rds'] }, true],
  [{ source: ['aws.s3', 'aws.rds'] }, true],
  [{ source: ['aws'] }, false],
  [{ source: ['aws.rds'], detail: { status: ['SUCCEEDED'] } }, false],
  [{ source: ['aws.rds'], detail: { status: ['FAILED', 'ABORTED'] } }, true],
  [{ detail: { count: [3] } }, true],
  [{ detail: { count: ['3'] } }, false],
  [{ detail: { empty: [null] } }, true],
  [{ resources: ['arn:two'] }, true],
  [{ detail: { nested: { list: ['y'] } } }, true],
  [{ detail: { nested: { list: ['z'] } } }, false],
  [{ detail: { items: { id: [2] } } }, true],
  [{ detail: { absent: { deeper: ['x'] } } }, false],
  [{ source: [{ prefix: 'aws.' }] }, true],
  [{ source: [{ prefix: 'gcp.' }] }, false],
  [{ resources: [{ prefix: 'arn:t' }] }, true],
  [{ detail: { count: [{ prefix: '3' }] } }, false],
  [{ detail: { status: [{ 'anything-but': 'FAILED' }] } }, false],
  [{ detail: { status: [{ 'anything-but': ['SUCCEEDED', 'RUNNING'] }] } }, true],
  [{ detail: { status: [{ 'anything-but': { prefix: 'FAIL' } }] } }, false],
  [{ detail: { absent: [{ 'anything-but': 'x' }] } }, false],
  [{ detail: { status: [{ exists: true }] } }, true],
  [{ detail: { absent: [{ exists: true }] } }, false],
  [{ detail: { absent: [{ exists: false }] } }, true],
  [{ detail: { empty: [{ exists: true }] } }, true],
])('%j: %s', (pattern, matched) => {
  expect(matchesPattern(pattern, event)).toBe(matched);
});

test.each([{ source: [{ wildcard: '*' }] }, { source: 'aws.rds' }, { detail: { count: [{ numeric: ['>', 1] }] } }])(
  'what is not known here is refused, and not taken for a mismatch: %j',
  (pattern) => {
    expect(() => matchesPattern(pattern, event)).toThrow(expect.objectContaining({ name: 'Unexpected' }));
  },
);

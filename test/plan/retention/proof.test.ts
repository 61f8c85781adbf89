/** The last look at a decision: it is taken, and it refuses whatever is wrong. */
import { expect, test, vi } from 'vitest';
import { decideRetention, type RetentionCandidate, type RetentionInput } from '../../../src/plan/index.ts';
import { checkDecision } from '../../../src/plan/retention/proof.ts';
import { day } from './snapshots.ts';

vi.mock(import('../../../src/plan/retention/proof.ts'), { spy: true });

const now = new Date('2026-06-15T05:00:00Z');
const at = (date: string, more: Partial<RetentionCandidate> = {}): RetentionCandidate => ({
  id: `s.${date}`,
  source: 's',
  time: new Date(`${date}T02:00:00Z`),
  good: true,
  held: false,
  ...more,
});
const all = [
  at('2026-06-14'),
  at('2020-01-01'),
  at('2019-01-01', { held: true }),
  at('2018-01-01', { protectedBy: ['a lock'] }),
];
all.push(at('2017-01-01', { good: false }), at('2035-01-01'));
const right: RetentionInput = {
  candidates: all,
  policy: { daily: { count: 1, unit: 'days' }, atLeast: 1 },
  timeZone: 'UTC',
  rpo: day * 9,
  now,
};
const decision = decideRetention(right);
const gone = decision.delete.find(({ id }) => id === 's.2020-01-01')!;
const alsoGone = (date: string) => ({
  ...decision,
  keep: decision.keep.filter(({ id }) => id !== `s.${date}`),
  delete: [{ ...gone, id: `s.${date}` }, ...decision.delete],
});

test('the right one passes', () => {
  expect(() => checkDecision(right, decision)).not.toThrow();
});

test.each([
  ['held', alsoGone('2019-01-01'), /s.2019-01-01 is held/],
  ['protected', alsoGone('2018-01-01'), /protected: a lock/],
  ['from the future', alsoGone('2035-01-01'), /cannot be believed/],
  ['the last good one', alsoGone('2026-06-14'), /no good snapshot stays/],
  ['forgotten', { ...decision, keep: decision.keep.slice(1) }, /neither|either kept or deleted/],
  [
    'kept and deleted',
    { ...decision, delete: [...decision.delete, { ...gone, id: decision.keep[0]!.id }] },
    /either kept or deleted/,
  ],
  [
    'of a frozen source',
    { ...decision, frozen: [{ source: 's', because: 'no-good-snapshot' as const, reason: '' }] },
    /frozen/,
  ],
  [
    'for one that is not good',
    { ...decision, delete: [{ ...gone, newerGood: 's.2017-01-01' }, ...decision.delete.slice(1)] },
    /no good/,
  ],
  [
    'for an older one',
    { ...decision, delete: [{ ...gone, newerGood: 's.2019-01-01' }, ...decision.delete.slice(1)] },
    /is older than/,
  ],
])('%s', (_what, wrong, message) => {
  expect(() => checkDecision(right, wrong)).toThrow(
    expect.objectContaining({ name: 'PruneRefused', message: expect.stringMatching(message) }),
  );
});

test('below the floor', () => {
  expect(() => checkDecision({ ...right, policy: { ...right.policy, atLeast: 5 } }, decision)).toThrow(/would be left/);
});

test('no decision leaves without it', () => {
  vi.mocked(checkDecision).mockClear();
  const again = decideRetention(right);
  expect(checkDecision).toHaveBeenCalledExactlyOnceWith(right, again);
  vi.mocked(checkDecision).mockImplementationOnce(() => {
    throw new Error('wrong');
  });
  expect(() => decideRetention(right)).toThrow('wrong');
});

/** `tidemark simulate` as people and scripts use it. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createTrial, type Trial } from './trial.ts';

let trial: Trial;

beforeAll(async () => {
  trial = await createTrial();
});
afterAll(() => trial.end());

test('says what could be restored on a day, before there is any vault, and writes nothing', async () => {
  const before = await trial.state();
  const words = ['simulate', '--from', '2026-01-01', '--years', '1', '--on', '2026-06-15', '--size', '10GB'];
  const { code, document, stderr } = await trial.tidemark([...words, '--json']);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(document).toMatchObject({
    plan: 'trial',
    from: '2026-01-01T00:00:00.000Z',
    to: '2027-01-01T00:00:00.000Z',
    sizes: [{ source: 'data', bytes: 10e9, basis: 'option' }],
    on: [{ day: '2026-06-15', sources: [{ source: 'data' }] }],
    kept: true,
    gaps: [],
  });
  const [first] = document.on[0].sources[0].restorable;
  expect(first).toMatchObject({ time: '2026-06-15T02:00:00.000Z', bytes: 10e9 });
  expect(first.tiers[0]).toEqual({ tier: 'daily', bucket: 'daily 2026-06-15', until: '2026-06-23T00:00:00.000Z' });

  const { stdout } = await trial.tidemark(words);
  expect(stdout).toMatch(/^ {4}2026-06-14 03:00 +\S+ \S+ {2}daily until 2026-06-22, weekly until 2026-07-13$/m);
  expect(stdout).toContain('On 2026-06-15, this can be restored:');
  expect(stdout).toContain('Every promise of the plan is kept.');
  expect(await trial.state()).toEqual(before);
});

test('tells what a change of the plan would break, whether it is words or a file', async () => {
  const { planText } = await import('./trial.ts');
  await trial.write('other.yml', planText.replace('daily: 7 days', 'daily: 30 days'));
  const words = ['simulate', '--from', '2026-01-01', '--years', '1', '--json', '--policy-change'];
  const inWords = (await trial.tidemark([...words, '2026-06-01:daily=30 days'])).document;
  const inFile = (await trial.tidemark([...words, '2026-06-01:other.yml'])).document;
  expect(inWords).toEqual(inFile);
  expect(inWords.kept).toBe(false);
  expect(inWords.gaps[0]).toMatchObject({ what: 'lost', source: 'data', tier: 'daily' });
});

test('goes on from the snapshots of the vault, and takes sizes from them', async () => {
  const own = await trial.copy();
  expect((await own.tidemark(['backup'])).code).toBe(0);
  const before = await own.state();
  const { document } = await own.tidemark(['simulate', '--years', '1', '--json']);
  expect(document.begins).toEqual({ snapshots: 1 });
  expect(document.sizes[0]).toMatchObject({ basis: 'vault' });
  expect(document.sizes[0].bytes).toBeGreaterThan(300_000);
  expect(document.sizes[0].bytes).toBeLessThan(361_000);
  expect(await own.state()).toEqual(before);
  await own.end();
});

describe('what is not a question is refused with the right words', () => {
  test.each([
    [['--from', '2026-02-30'], /--from 2026-02-30/, /2028-05-01/],
    [['--years', '0'], /--years 0/, /1 to 50/],
    [['--on', '1999-01-01'], /--on 1999-01-01/, /goes from 2026-01-01/],
    [['--size', '10'], /--size 10/, /100GB/],
    [['--size', 'dta=10GB'], /--size dta=10GB/, /Did you mean data\?/],
    [['--missed', 'dta:2026-03-01'], /does not have/, /Did you mean data\?/],
    [['--missed', '2026-03-09..2026-03-01'], /--missed/, /2027-03-01\.\.2027-03-14/],
    [['--daily-change', '2'], /--daily-change 2/, /2%/],
    [['--policy-change', '2026-05-01:daily=14'], /without a unit/, /Correct it/],
    [['--policy-change', '2025-05-01:daily=14 days'], /--policy-change/, /after the beginning/],
    [['--policy-change', '2026-05-01:nowhere.yml'], /nowhere\.yml, which cannot be read/, /whole plan/],
  ])('%s', async (words, says, hint) => {
    const { code, document } = await trial.tidemark([
      'simulate',
      ...(words[0] === '--from' ? [] : ['--from', '2026-01-01']),
      '--json',
      ...words,
    ]);
    expect(code).not.toBe(0);
    expect(document.error.message).toMatch(says);
    expect(document.error.hint).toMatch(hint);
  });
});

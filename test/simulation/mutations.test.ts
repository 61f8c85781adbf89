/** Engines that are broken on purpose are caught, each of them: a simulation that finds nothing could also be blind. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { caught, hunt } from './mutations/hunt.ts';
import { mutations } from './mutations/list.ts';
import { mutated } from './mutations/mutate.ts';

const known = caught();

test('there are enough of them, and the page tells of each', () => {
  expect(mutations.length).toBeGreaterThanOrEqual(15);
  expect(known.map(({ name }) => name)).toEqual(mutations.map(({ name }) => name));
  const page = readFileSync(new URL('../../docs/simulation.md', import.meta.url), 'utf8');
  expect(mutations.filter(({ name, does }) => !page.includes(`| ${does} (\`${name}\`) |`))).toEqual([]);
});

test.each(mutations)('$name breaks what is there', (mutation) => {
  const source = readFileSync(new URL(`../../${mutation.file}`, import.meta.url), 'utf8');
  expect(mutated(source, mutation)).not.toBe(source);
});

describe('an engine that', () => {
  // When the engine changes, the history that caught it goes another way: then another one does, some histories later.
  test.each(mutations)('$does ($name) is caught', { timeout: 600_000 }, (mutation) => {
    const { seed } = known.find(({ name }) => name === mutation.name)!;
    expect(hunt(mutation, seed, 400)).toMatchObject({ name: mutation.name });
  });
});

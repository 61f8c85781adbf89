/** Some hundred histories, each of which has to come to a good end; and the proof that a seed says everything about its history. */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { beforeAll, expect, test } from 'vitest';
import { history, warmUp } from './history.ts';

beforeAll(warmUp);

const histories = 120;

test('hundreds of histories: what was committed can be restored, nobody lies, and garbage goes', {
  timeout: 600_000,
}, async () => {
  let [snapshots, calls] = [0, 0];
  for (let seed = 1; seed <= histories; seed += 1) {
    const told = await history(seed, { keep: 40 });
    const again = `npm run simulate -- --seed ${seed} --runs 1 --trace`;
    expect(told.violations, `${told.lines.slice(-40).join('\n')}\nagain: ${again}`).toEqual([]);
    snapshots += told.snapshots;
    calls += told.calls;
  }
  // a simulation in which nothing happens finds nothing
  expect(snapshots).toBeGreaterThan(histories);
  expect(calls).toBeGreaterThan(histories * 300);
});

test('the same seed is the same history, here and in another process', { timeout: 120_000 }, async () => {
  const seeds = [3, 4, 5, 6];
  const here: string[] = [];
  for (const seed of seeds) here.push((await history(seed)).trace);
  const again: string[] = [];
  for (const seed of seeds.toReversed()) again.unshift((await history(seed)).trace);
  expect(again).toEqual(here);
  expect(new Set(here).size).toBe(seeds.length);

  const main = fileURLToPath(new URL('main.ts', import.meta.url));
  const printed = execFileSync(process.execPath, [main, '--seed', '3', '--runs', '4', '--hashes'], {
    encoding: 'utf8',
  });
  const there = printed.split('\n').filter((line) => /^\d+ [0-9a-f]{16}$/.test(line));
  expect(there).toEqual(seeds.map((seed, at) => `${seed} ${here[at]}`));
});

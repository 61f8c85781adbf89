/** Shards: where a source is cut, and that the parts are the whole again. */
import { linkSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Json } from '../../../../src/core/json.ts';
import { seededRandom } from '../../../../src/core/random.ts';
import type { Shard } from '../../../../src/sources/port.ts';
import { deadlineAfter, Trial, throughJson } from '../trial.ts';

const usual = { files: 200_000, bytes: 20e9, entries: 10_000, mostShards: 64 };

function tree(options = {}): Trial {
  const trial = new Trial({ shardSize: { ...usual, ...options } });
  for (const user of ['ann', 'bob', 'cyd']) {
    for (const kind of ['mail', 'docs', 'docs/old']) {
      mkdirSync(join(trial.path, user, kind), { recursive: true });
      for (let at = 0; at < 10; at += 1) writeFileSync(join(trial.path, user, kind, `${at}`), `${user} ${kind} ${at}`);
    }
  }
  for (let at = 0; at < 30; at += 1) writeFileSync(join(trial.path, `flat-${at}`), 'flat');
  linkSync(join(trial.path, 'ann/mail/0'), join(trial.path, 'cyd/mail/link'));
  linkSync(join(trial.path, 'ann/mail/0'), join(trial.path, 'ann/mail/link'));
  return trial;
}

describe('where it is cut', () => {
  test('a small source is one shard, with knowledge and without', async () => {
    const trial = tree();
    expect(await trial.source.split(trial.captureContext())).toEqual([{ shard: 0 }]);
    const previous = trial.previous(await trial.capture());
    expect(await trial.source.split(trial.captureContext({ previous }))).toEqual([{ shard: 0 }]);
  });

  test('without knowledge: by the entries of the top two levels', async () => {
    const trial = tree({ entries: 10 });
    const shards = await trial.source.split(trial.captureContext());
    // Three users with two directories each, and 30 files: 39 entries.
    expect(shards).toEqual([
      { shard: 0, to: 'flat-12' },
      { shard: 1, from: 'flat-12', to: 'flat-24' },
      { shard: 2, from: 'flat-24' },
    ]);
  });

  test('with knowledge: by files, as deep as it takes', async () => {
    const trial = tree({ files: 30 });
    const previous = trial.previous(await trial.capture());
    const shards = await trial.source.split(trial.captureContext({ previous }));
    expect(shards).toHaveLength(4);
    expect(shards.flatMap(({ from }) => (from === undefined ? [] : [from]))).toEqual(['bob', 'cyd', 'cyd/mail/link']);
  });

  test('with knowledge: by bytes', async () => {
    const trial = new Trial({ shardSize: { ...usual, bytes: 100_000 } });
    for (const name of ['a', 'b', 'c', 'd', 'e']) writeFileSync(join(trial.path, name), Buffer.alloc(50_000, name));
    const previous = trial.previous(await trial.capture());
    const shards = await trial.source.split(trial.captureContext({ previous }));
    expect(shards).toEqual([
      { shard: 0, to: 'd' },
      { shard: 1, from: 'd' },
    ]);
  });

  test('never more than the most, and short enough to travel', async () => {
    const trial = tree({ files: 1, mostShards: 7 });
    const previous = trial.previous(await trial.capture());
    const shards = await trial.source.split(trial.captureContext({ previous }));
    expect(shards).toHaveLength(7);
    expect(Math.max(...shards.map((shard) => JSON.stringify(shard).length))).toBeLessThan(500);
  });

  test('a name that is not UTF-8 begins no shard', async () => {
    const trial = new Trial({ shardSize: { ...usual, files: 1 } });
    for (let at = 0; at < 6; at += 1) {
      writeFileSync(Buffer.concat([Buffer.from(`${trial.path}/`), Buffer.from([0xf0 + at])]), 'x');
    }
    writeFileSync(join(trial.path, '\u{10ffff}'), 'last of UTF-8, first but one in bytes');
    const first = await trial.capture();
    const previous = trial.previous(first);
    const shards = await trial.source.split(trial.captureContext({ previous }));
    expect(shards.map(({ from }) => from)).toEqual([undefined, '\u{10ffff}']);
    expect((await trial.capture({ previous, cadence: 'full' })).root).toBe(first.root);
  });
});

async function captureAs(trial: Trial, bounds: readonly string[], between?: (shard: number) => void, more = {}) {
  const context = trial.captureContext(more);
  const edges = [undefined, ...bounds, undefined];
  const results: Json[] = [];
  for (const [shard, to] of edges.slice(1).entries()) {
    between?.(shard);
    const part = throughJson({ shard, from: edges[shard], to }) as unknown as Shard;
    results.push(await trial.captureShard(part, context, () => deadlineAfter(7)));
  }
  return trial.source.combine(results, context);
}

describe('the parts are the whole', () => {
  test.each([
    [['bob']],
    [['ann/docs/old/3', 'ann/docs/old/7', 'ann/mail']],
    [['ann/docs/old/3', 'cyd/docs/old/3']],
    [['ann', 'flat-5', 'zzz']],
    [['ann/docs', 'ann/docs/0', 'ann/docs/old', 'ann/docs/old/0']],
    [['bob/nothing/of/the/kind', 'flat-0/no-directory']],
  ])('cut at %j', async (bounds) => {
    const trial = tree();
    const whole = await trial.capture();
    const parts = await captureAs(trial, bounds);
    expect(await trial.paths(parts)).toEqual(await trial.paths(whole));
    expect(parts.root).toBe(whole.root);
    expect(parts.problems).toEqual([]);
    expect({ ...parts.totals, read: 0 }).toEqual({ ...whole.totals, read: 0 });
    const again = await captureAs(trial, bounds, undefined, { previous: trial.previous(whole) });
    expect(again).toMatchObject({ root: whole.root, totals: { ...whole.totals, read: 0 } });
  });

  test('cut at random, twenty times', async () => {
    const trial = tree();
    const whole = await trial.capture();
    const paths = (await trial.paths(whole)).map((path) => path.replace(/\/$/, ''));
    const random = seededRandom(7);
    for (let round = 0; round < 20; round += 1) {
      const chosen = new Set(Array.from({ length: 1 + random.below(6) }, () => random.below(paths.length)));
      const bounds = [...chosen].sort((one, other) => one - other).map((at) => paths[at]!);
      const parts = await captureAs(trial, bounds);
      expect([bounds, parts.root, parts.totals.bytes]).toEqual([bounds, whole.root, whole.totals.bytes]);
    }
  });
});

describe('what changes between two shards', () => {
  test('a directory that vanished half way is a problem', async () => {
    const trial = tree();
    const parts = await captureAs(trial, ['bob/docs/5'], (shard) => {
      if (shard === 1) rmSync(join(trial.path, 'bob'), { recursive: true });
    });
    expect(parts.problems).toEqual([{ path: 'bob', what: 'vanished while the source was captured' }]);
    expect(await trial.paths(parts)).toContain('bob/docs/4');
    expect(await trial.paths(parts)).not.toContain('bob/docs/5');
  });

  test('one deeper down, where its parent is still there', async () => {
    const trial = tree();
    const parts = await captureAs(trial, ['bob/docs/old/5'], (shard) => {
      if (shard === 1) rmSync(join(trial.path, 'bob/docs'), { recursive: true });
    });
    expect(parts.problems).toEqual([{ path: 'bob/docs', what: 'vanished while the source was captured' }]);
    expect(await trial.paths(parts)).toEqual(expect.arrayContaining(['bob/docs/old/4', 'bob/mail/3']));
  });

  test('one that a file has taken the place of, too', async () => {
    const trial = tree();
    const parts = await captureAs(trial, ['bob/docs/5'], (shard) => {
      if (shard === 0) return;
      rmSync(join(trial.path, 'bob'), { recursive: true });
      writeFileSync(join(trial.path, 'bob'), 'a file');
    });
    expect(parts.problems).toEqual([{ path: 'bob', what: 'vanished while the source was captured' }]);
  });

  test('one that was gone before and is there again is left to the next capture', async () => {
    const trial = tree();
    rmSync(join(trial.path, 'bob'), { recursive: true });
    const parts = await captureAs(trial, ['bob/docs/5'], (shard) => {
      if (shard === 1) mkdirSync(join(trial.path, 'bob/docs'), { recursive: true });
    });
    expect(parts.problems).toEqual([]);
    expect(await trial.paths(parts)).not.toContain('bob/');
  });

  test('a file that a directory has taken the place of is a problem', async () => {
    const trial = tree();
    rmSync(join(trial.path, 'bob'), { recursive: true });
    writeFileSync(join(trial.path, 'bob'), 'a file');
    const parts = await captureAs(trial, ['bob/docs/5'], (shard) => {
      if (shard === 0) return;
      rmSync(join(trial.path, 'bob'));
      mkdirSync(join(trial.path, 'bob/docs'), { recursive: true });
    });
    expect(parts.problems).toEqual([{ path: 'bob', what: 'was replaced while it was captured' }]);
  });
});

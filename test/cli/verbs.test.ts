/** The command line as people and scripts use it: one process for each command, real files, a vault and its replica. */
import { mkdir, rm, stat } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createTrial, type Ended, type Trial } from './trial.ts';

let trial: Trial;
let first: Ended;

beforeAll(async () => {
  trial = await createTrial();
  first = await trial.tidemark(['backup', '--json']);
});
afterAll(() => trial.end());

const newest = async (): Promise<string> => (await trial.tidemark(['snapshots', '--json'])).document[0].id;

describe('backup', () => {
  test('prints one document on standard output and nothing on standard error', () => {
    expect(first.code).toBe(0);
    expect(first.stderr).toBe('');
    expect(first.document).toEqual({
      run: expect.stringMatching(/^\d{8}T\d{6}Z-incremental-[0-9a-f]{8}$/),
      status: 'success',
      jobs: [
        {
          source: 'data',
          status: 'success',
          snapshot: expect.stringMatching(/^data\.\d{8}T\d{6}Z\.[0-9a-f]{8}$/),
          files: 4,
          bytes: { read: 360_012, stored: expect.any(Number) },
          durationMs: expect.any(Number),
        },
      ],
    });
  });

  test('reads nothing again that is unchanged, and tells people what it does', async () => {
    const again = await trial.tidemark(['backup', '--source', 'data']);
    expect(again.code).toBe(0);
    expect(again.stdout).toMatch(/all done\n {2}done {4}data: data\.\S+\n {10}4 files, 0 B read, 0 B stored/);
    expect(again.stderr).toContain('data: reading\n');
    expect(again.stderr).toMatch(/data\.\S+ copied to replica 1\n/);
  });

  test('ends with the exit code of the one error when a job failed, and says why', async () => {
    const own = await trial.copy();
    await rm(own.path('data'), { recursive: true });
    const { code, document, stderr } = await own.tidemark(['backup', '--json']);
    expect(code).toBe(66);
    expect(document).toMatchObject({
      status: 'failure',
      jobs: [{ source: 'data', status: 'failure', error: { name: 'SourceMissing', hint: expect.any(String) } }],
    });
    expect(stderr).toContain('ALERT trial');
    expect(stderr).not.toMatch(/^ +at /m);
    await own.end();
  });

  test('lets the other sources succeed when one fails', async () => {
    const own = await trial.copy();
    await own.write(
      'two.yml',
      `plan: trial
vault: { primary: { directory: vault }, replicas: [{ directory: replica }], sealing: none }
sources:
  - { id: data, kind: files, path: data }
  - { id: gone, kind: files, path: not-there }
retention: { daily: 7 days, atLeast: 1 }
`,
    );
    const { code, document } = await own.tidemark(['backup', '--plan', 'two.yml', '--json']);
    expect(code).toBe(66);
    expect(document.jobs.map((job: { status: string }) => job.status)).toEqual(['success', 'failure']);
    await own.end();
  });
});

describe('snapshots', () => {
  test('lists them newest first, with what is known of each', async () => {
    const { code, document, stderr } = await trial.tidemark(['snapshots', '--json']);
    expect([code, stderr]).toEqual([0, '']);
    expect(document).toHaveLength(2);
    expect(document[0].time > document[1].time).toBe(true);
    expect(document[0]).toEqual({
      id: expect.any(String),
      source: 'data',
      kind: 'files',
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      trust: 'complete',
      tiers: ['daily', 'weekly'],
      bytes: 360_012,
      held: false,
    });
    expect(document[1].tiers).toEqual([]);
  });

  test('the replica has the same', async () => {
    const [primary, replica] = [await newest(), await trial.tidemark(['snapshots', '--vault', '1', '--json'])];
    expect(replica.document[0].id).toBe(primary);
  });

  test('fits into 80 columns for people', async () => {
    const { stdout } = await trial.tidemark(['snapshots']);
    expect(stdout).toContain('SNAPSHOT');
    for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
  });
});

describe('restore', () => {
  test('brings back every byte, mode, time and link, to a folder beside the plan', async () => {
    const { code, document, stderr } = await trial.tidemark([
      ...['restore', '--source', 'data', '--target', 'back', '--json'],
    ]);
    expect(stderr).toBe('');
    expect(code).toBe(0);
    expect(document).toMatchObject({ status: 'success', restored: { files: 4, bytes: 360_012 } });
    expect(document.snapshot).toBe(await newest());
    expect(await trial.state('back')).toEqual(await trial.state('data'));
  });

  test('brings back the state of a time, given with its offset, and one path of it', async () => {
    const time = (await trial.tidemark(['snapshots', '--json'])).document[1].time as string;
    const oldest = (await trial.tidemark(['snapshots', '--json'])).document[1].id as string;
    const west = new Date(Date.parse(time) - 5 * 3_600_000).toISOString().replace('Z', '-05:00');
    const { code, document } = await trial.tidemark([
      ...[
        'restore',
        '--source',
        'data',
        '--at',
        west,
        '--path',
        'reports/2026/april.txt',
        '--target',
        'part',
        '--json',
      ],
    ]);
    expect(code).toBe(0);
    expect(document).toMatchObject({ snapshot: oldest, restored: { files: 1 } });
    expect(Object.keys(await trial.state('part'))).toContain('reports/2026/april.txt');
    expect(Object.keys(await trial.state('part'))).not.toContain('letter.txt');
  });

  test('works from the replica alone when the primary is lost', async () => {
    const own = await trial.copy();
    await rm(own.path('vault'), { recursive: true });
    const { code } = await own.tidemark(['restore', '--source', 'data', '--target', 'saved', '--vault', '1', '--json']);
    expect(code).toBe(0);
    expect(await own.state('saved')).toEqual(await trial.state('data'));
    await own.end();
  });

  test('runs from an input file, as from the console', async () => {
    await trial.write('input.json', JSON.stringify({ source: 'data', target: trial.path('console') }));
    const { code, document } = await trial.tidemark(['run', 'restore', '--input', 'input.json', '--json']);
    expect(code).toBe(0);
    expect(document).toMatchObject({ status: 'success', restored: { files: 4 } });
    expect(await trial.state('console')).toEqual(await trial.state('data'));
  });
});

describe('looking into a snapshot', () => {
  test('ls lists a folder of the newest snapshot, and cat prints a file byte for byte', async () => {
    const list = await trial.tidemark(['ls', 'data', 'reports/2026', '--json']);
    expect(list.document.entries.map((entry: { name: string }) => entry.name)).toEqual(['april.txt', 'march.bin']);
    const file = await trial.tidemark(['cat', 'data', 'letter.txt']);
    expect(file).toMatchObject({ code: 0, stdout: 'Dear reader\n', stderr: '' });
  });

  test('a path that is not there is refused with the one that is near', async () => {
    const { code, stderr } = await trial.tidemark(['cat', 'data', 'leter.txt']);
    expect(code).toBe(64);
    expect(stderr).toMatch(/^tidemark: .* has no leter\.txt\. Did you mean letter\.txt\?\n$/);
  });
});

test('verify reads every byte of every vault', async () => {
  const { code, document } = await trial.tidemark(['verify', '--read-all', '--json']);
  expect(code).toBe(0);
  expect(document).toMatchObject({ status: 'success', findings: [] });
  expect(document.read.packs).toBeGreaterThan(0);
  expect(document.read.bytes).toBeGreaterThan(2 * 300_000); // what cannot be compressed, twice
});

describe('prune', () => {
  test('a dry run gives a reason for every snapshot and changes none', async () => {
    const before = await trial.state('vault/snapshots');
    const { code, document } = await trial.tidemark(['prune', '--dry-run', '--json']);
    expect(code).toBe(0);
    expect(document.keep).toHaveLength(2);
    for (const { reasons } of document.keep) expect(reasons.length).toBeGreaterThan(0);
    expect(document).toMatchObject({ delete: [], collected: { packs: 0, bytes: 0 } });
    expect(await trial.state('vault/snapshots')).toEqual(before);
  });

  test('deletes what a stricter plan no longer keeps, in both vaults, and nothing that is held', async () => {
    const own = await trial.copy();
    const plan = `plan: trial
vault: { primary: { directory: vault }, replicas: [{ directory: replica }], sealing: none }
sources:
  - { id: data, kind: files, path: data }
retention: { daily: 7 days, atLeast: 1 }
`;
    await own.write('strict.yml', plan);
    const oldest = (await own.tidemark(['snapshots', '--json'])).document[1].id as string;
    expect((await own.tidemark(['hold', oldest, '--why', 'an audit'])).code).toBe(0);
    const held = await own.tidemark(['prune', '--plan', 'strict.yml', '--json']);
    expect(held.document.delete).toEqual([]);
    expect((await own.tidemark(['release', oldest])).code).toBe(0);
    const preview = await own.tidemark(['prune', '--dry-run', '--plan', 'strict.yml']);
    expect(preview.stdout).toContain(`  would go  ${oldest}\n`);
    const pruned = await own.tidemark(['prune', '--plan', 'strict.yml', '--json']);
    expect(pruned.code).toBe(0);
    expect(pruned.document.delete).toEqual([{ id: oldest, reason: expect.stringMatching(/./) }]);
    for (const vault of ['0', '1']) {
      const left = (await own.tidemark(['snapshots', '--vault', vault, '--json'])).document;
      expect(left.map((snapshot: { id: string }) => snapshot.id)).not.toContain(oldest);
      expect(left).toHaveLength(1);
    }
    await own.end();
  });
});

test('drill restores into the scratch place, raises the trust, and leaves nothing behind', async () => {
  const { code, document } = await trial.tidemark(['drill', '--json']);
  expect(code).toBe(0);
  expect(document).toMatchObject({ status: 'success', drills: [{ source: 'data', status: 'success' }] });
  expect((await trial.tidemark(['snapshots', '--json'])).document[0].trust).toBe('restored');
  const scratch = await trial.state('.scratch').catch(() => ({}));
  expect(Object.values(scratch).filter((entry) => !entry.endsWith('directory'))).toEqual([]);
});

test('status is good while the newest good snapshot is young, and broken for a source without one', async () => {
  expect(await trial.tidemark(['status', '--json'])).toMatchObject({ code: 0, document: { status: 'good' } });
  const own = await trial.copy();
  await own.write(
    'more.yml',
    `plan: trial
vault: { primary: { directory: vault }, sealing: none }
sources:
  - { id: data, kind: files, path: data }
  - { id: later, kind: files, path: data }
retention: { daily: 7 days, atLeast: 1 }
`,
  );
  const { code, document } = await own.tidemark(['status', '--plan', 'more.yml', '--json']);
  expect(code).toBe(1);
  expect(document.sources.map((source: { status: string }) => source.status)).toEqual(['good', 'never']);
  await own.end();
});

describe('where vaults are made', () => {
  test('a replica that is new in the plan is made; one whose disk is not mounted is not', async () => {
    const own = await trial.copy();
    await rm(own.path('replica'), { recursive: true });
    expect((await own.tidemark(['backup', '--json'])).code).toBe(0);
    expect((await stat(own.path('replica/vault.json'))).isFile()).toBe(true);
    await rm(own.path('replica'), { recursive: true });
    await mkdir(own.path('replica'));
    const { code, document } = await own.tidemark(['backup', '--json']);
    expect(code).toBe(66);
    expect(document.jobs[0].error.name).toBe('StoreMissing');
    expect(await own.state('replica')).toEqual({});
    await own.end();
  });

  test('a primary is not made anew while its replica is there', async () => {
    const own = await trial.copy();
    await rm(own.path('vault'), { recursive: true });
    const { code, document } = await own.tidemark(['backup', '--json']);
    expect(code).toBe(66);
    expect(document.error).toMatchObject({ name: 'VaultMissing', message: expect.stringContaining('replica') });
    expect(Object.keys(await own.state())).not.toContain('vault');
    await own.end();
  });

  test('a folder that holds something else is not made a vault', async () => {
    const own = await createTrial();
    await own.write('vault/photos/cat.jpg', 'meow');
    const { code, document } = await own.tidemark(['backup', '--json']);
    expect(code).toBe(66);
    expect(document.error.name).toBe('StoreMissing');
    expect(Object.keys(await own.state('vault'))).toEqual(['photos', 'photos/cat.jpg']);
    await own.end();
  });
});

describe('accept', () => {
  test('a suspicious snapshot counts once a person has said so, with who and why', async () => {
    const own = await trial.copy();
    for (let at = 0; at < 30; at += 1) await own.write(`data/many/${at}.txt`, `file ${at}`);
    expect((await own.tidemark(['backup'])).code).toBe(0);
    await rm(own.path('data/many'), { recursive: true });
    await own.write('data/letter.txt', 'Dear reader, all is well\n');
    expect((await own.tidemark(['backup'])).stderr).toContain('suspicious');
    const [newest] = (await own.tidemark(['snapshots', '--json'])).document;
    expect(newest).toMatchObject({ suspicion: expect.stringContaining('files'), accepted: false });
    expect((await own.tidemark(['snapshots'])).stdout).toMatch(/SUSPICIOUS/);

    expect((await own.tidemark(['accept', 'data'])).code).toBe(64);
    const words = ['accept', 'data', '--why', 'tidied up', '--who', 'ada', '--json'];
    const accepted = await own.tidemark(words);
    expect(accepted.document).toMatchObject({ snapshot: newest.id, who: 'ada', why: 'tidied up', vaults: [0, 1] });
    expect((await own.tidemark(['snapshots', '--json', '--vault', '1'])).document[0]).toMatchObject({
      accepted: { who: 'ada', why: 'tidied up' },
    });
    expect((await own.tidemark(['status'])).code).toBe(0);
    // there is nothing left to be accepted
    const again = await own.tidemark(words);
    expect(again.code).toBe(64);
    expect(again.document.error.message).toContain('no snapshot of data is suspicious');
    await own.end();
  });
});

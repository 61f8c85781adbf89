/**
 * What is wrong is refused by name: what, where and what to do on one line, the exit code of the table, one document with
 * `--json`, no stack trace, and nothing written.
 */
import { chmod, mkdir, readdir, readFile, truncate, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ErrorName, errorTable } from '../../src/core/errors.ts';
import { createTrial, planText, type Trial } from './trial.ts';

let trial: Trial;
const own: Trial[] = [];

beforeAll(async () => {
  trial = await createTrial();
  expect((await trial.tidemark(['backup', '--json'])).code).toBe(0);
});
afterAll(() => Promise.all([trial, ...own].map((one) => one.end())));

async function copy(): Promise<Trial> {
  const made = await trial.copy();
  own.push(made);
  return made;
}

/** Of a vault only what counts: alerts about a failed execution are remembered there. */
async function whatCounts(of: Trial): Promise<Record<string, string>> {
  const counts = /^(vault|replica)\/(snapshots|packs|index|vault\.json)|^(?!vault|replica|\.scratch)/;
  return Object.fromEntries(Object.entries(await of.state()).filter(([name]) => counts.test(name)));
}

interface Refusal {
  readonly words: readonly string[];
  readonly name: ErrorName;
  readonly says: RegExp;
  readonly hint: RegExp;
  readonly input?: string;
}

async function refused(of: Trial, { words, name, says, hint, input }: Refusal): Promise<void> {
  const before = await whatCounts(of);
  const { code, stdout, stderr, document } = await of.tidemark([...words, '--json'], input);
  expect(code).toBe(errorTable[name].exit);
  const told = stderr.slice(stderr.search(/^tidemark: /m));
  expect(told).toMatch(says);
  expect(told).toMatch(hint);
  expect(stderr).not.toMatch(/^\s+at |node:internal/m);
  expect(stdout.split('\n')).toHaveLength(2);
  expect(document).toEqual({
    error: { name, message: expect.stringMatching(says), hint: expect.stringMatching(hint) },
  });
  expect(await whatCounts(of)).toEqual(before);
}

test('a slip on the command line: the right word', async () => {
  await refused(trial, {
    words: ['backup', '--sorce', 'data'],
    name: 'UsageInvalid',
    says: /no option --sorce/,
    hint: /--source/,
  });
});

describe('the plan', () => {
  test('a typo: the line, what is wrong, and the right word', async () => {
    const here = await copy();
    await here.write('backup-plan.yml', planText.replace('retention:', 'retenton:'));
    await refused(here, {
      words: ['backup'],
      name: 'PlanInvalid',
      says: /backup-plan\.yml:10:1: .*`retenton`; did you mean `retention`/,
      hint: /Correct it/,
    });
  });

  test('a plan that is not there', async () => {
    await refused(trial, {
      words: ['verify', '--plan', 'other.yml'],
      name: 'PlanInvalid',
      says: /other\.yml/,
      hint: /--plan/,
    });
  });

  test.each(['backup', 'restore'])('an unknown source: %s', async (verb) => {
    const words = [verb, '--source', 'dta', ...(verb === 'restore' ? ['--target', 'x'] : [])];
    await refused(trial, { words, name: 'SourceUnknown', says: /"dta"/, hint: /Did you mean "?data/ });
  });

  test('a sealed vault without its passphrase', async () => {
    const here = await copy();
    await here.write(
      'sealed.yml',
      planText.replace('sealing: none', 'sealing: passphrase').replace('vault }', 'other }'),
    );
    await refused(here, {
      words: ['backup', '--plan', 'sealed.yml'],
      name: 'VaultKeyWrong',
      says: /no passphrase/,
      hint: /TIDEMARK_PASSPHRASE/,
    });
  });
});

describe('vaults', () => {
  test.each(['verify', 'ls data'])('no vault where the plan says: %s', async (verb) => {
    const here = await copy();
    await here.write('backup-plan.yml', planText.replace('directory: vault', 'directory: elsewhere'));
    await refused(here, { words: verb.split(' '), name: 'StoreMissing', says: /elsewhere/, hint: /[Mm]ount/ });
    expect(Object.keys(await here.state())).not.toContain('elsewhere');
  });

  test.each(['backup', 'snapshots'])('a newer format in both vaults: %s', async (verb) => {
    const here = await copy();
    for (const vault of ['vault', 'replica']) {
      const file = here.path(vault, 'vault.json');
      const config = JSON.parse(await readFile(file, 'utf8'));
      await chmod(file, 0o600);
      await writeFile(file, JSON.stringify({ ...config, version: config.version + 1 }));
    }
    await refused(here, {
      words: [verb],
      name: 'VaultFormatUnknown',
      says: /format version 2/,
      hint: /version of Tidemark/,
    });
  });
});

describe('restores', () => {
  test('a target that is not empty is left as it is', async () => {
    const here = await copy();
    await here.write('full/mine.txt', 'do not touch');
    await refused(here, {
      words: ['restore', '--source', 'data', '--target', 'full'],
      name: 'TargetNotEmpty',
      says: /full/,
      hint: /empty/,
    });
  });

  test('a time before the first snapshot', async () => {
    await refused(trial, {
      words: ['restore', '--source', 'data', '--at', '2020-01-01T00:00:00Z', '--target', 'new'],
      name: 'RestorePointMissing',
      says: /2020-01-01/,
      hint: /oldest/,
    });
  });

  test('a snapshot that does not exist', async () => {
    await refused(trial, {
      words: ['restore', '--source', 'data', '--snapshot', 'data.20200101T000000Z.00000000', '--target', 'new'],
      name: 'SnapshotMissing',
      says: /20200101/,
      hint: /snapshots/,
    });
  });
});

describe('inputs of workflows', () => {
  const unknown = { source: 'aws.moon', 'detail-type': 'Eclipse', detail: {} };
  test.each([
    ['as the rules hand it over', { event: unknown }, /aws\.moon/],
    ['as EventBridge delivers it', unknown, /aws\.moon/],
    ['without a shape at all', { event: { moon: true } }, /not understood/],
  ])('an event of unknown shape, %s', async (_, input, says) => {
    await refused(trial, {
      words: ['run', 'backup', '--input', '-'],
      name: 'EventUnknown',
      says,
      hint: /events\/README/,
      input: JSON.stringify(input),
    });
  });

  test.each([
    ['{ "source": ', /not JSON/],
    ['["data"]', /no JSON object/],
    ['{ "source": 5 }', /source/],
  ])('%s', async (input, says) => {
    const words = ['run', 'restore', '--input', '-'];
    await refused(trial, { words, name: 'InputInvalid', says, hint: /events\//, input });
  });
});

async function packsOf(of: Trial, vault: string): Promise<string[]> {
  const names = await readdir(of.path(vault, 'packs'), { recursive: true });
  return names.filter((name) => name.length > 60).map((name) => of.path(vault, 'packs', name));
}

async function cutShort(file: string): Promise<void> {
  await chmod(file, 0o600);
  await truncate(file, (await readFile(file)).length - 5);
}

async function flip(file: string): Promise<void> {
  const bytes = await readFile(file);
  bytes[Math.floor(bytes.length / 3)]! ^= 1;
  await chmod(file, 0o600);
  await writeFile(file, bytes);
}

describe('damaged packs', () => {
  test.each([
    ['truncated', cutShort],
    ['flipped', flip],
  ])('%s in the primary: found, repaired from the replica, and sound again', async (_, damage) => {
    const here = await copy();
    const sound = await here.state('vault/packs');
    const packs = await packsOf(here, 'vault');
    expect(packs.length).toBeGreaterThan(0);
    await Promise.all(packs.map(damage));
    const { code, document } = await here.tidemark(['verify', '--read-all', '--json']);
    expect(code).toBe(0);
    expect(document.status).toBe('success');
    const objects = packs.map((pack) => path.relative(here.path('vault'), pack));
    const named = document.findings.filter(({ object }: { object: string }) => objects.includes(object));
    expect(named.length).toBeGreaterThan(0);
    for (const finding of document.findings) expect(finding).toMatchObject({ vault: 0, repaired: true });
    const strip = (state: Record<string, string>) =>
      Object.entries(state).map(([name, entry]) => [name, entry.split(' ').at(-1)]);
    expect(strip(await here.state('vault/packs'))).toEqual(strip(sound));
    expect((await here.tidemark(['verify', '--read-all', '--json'])).document.findings).toEqual([]);
  });

  test('in both vaults: told as lost, with the exit code, and a restore writes nothing', async () => {
    const here = await copy();
    await Promise.all([...(await packsOf(here, 'vault')), ...(await packsOf(here, 'replica'))].map(cutShort));
    const verified = await here.tidemark(['verify', '--read-all', '--json']);
    expect(verified.code).toBe(errorTable.VaultDamaged.exit);
    expect(verified.document.findings).toContainEqual(expect.objectContaining({ repaired: false }));
    await mkdir(here.path('target'));
    const restored = await here.tidemark(['restore', '--source', 'data', '--target', 'target', '--json']);
    expect(restored.document.error.name).toBe('VaultDamaged');
    expect(restored.code).toBe(errorTable.VaultDamaged.exit);
    expect(await here.state('target')).toEqual({});
  });
});

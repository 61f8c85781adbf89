/** The test runner on small projects of its own: its closing line and exit code are what CI believes. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { root } from './rules/tree.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tidemark-runner-'));
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
});
afterAll(() => rmSync(folder, { recursive: true }));

let projects = 0;

/** Runs the given test files as a project, and returns the last line of the output and the exit code. */
function run(
  files: Record<string, string>,
  ...parameters: string[]
): [line: string | undefined, status: number | null] {
  projects += 1;
  const project = join(folder, `project-${projects}`);
  mkdirSync(project);
  for (const [name, text] of Object.entries(files)) {
    writeFileSync(join(project, name), `import { test, describe, beforeAll, expect } from 'vitest';\n${text}`);
  }
  const { status, stdout } = spawnSync(
    process.execPath,
    [join(root, 'test/run.ts'), '--root', project, ...parameters],
    {
      encoding: 'utf8',
      env: { PATH: process.env.PATH, HOME: project },
    },
  );
  return [stdout.trimEnd().split('\n').at(-1), status];
}

const good = "test('good', () => {});\n";

test('all good, some skipped', () => {
  expect(run({ 'a.test.ts': `${good}test.skip('later', () => {});`, 'b.test.ts': good })).toEqual([
    '2 passed, 0 failed, 1 skipped',
    0,
  ]);
});

test('a failing test', () => {
  expect(run({ 'a.test.ts': `${good}test('bad', () => expect(1).toBe(2));` })).toEqual(['1 passed, 1 failed', 1]);
});

test('a file that does not load, and a hook that throws', () => {
  const hook = "describe('x', () => { beforeAll(() => { throw new Error('no'); }); test('y', () => {}); });";
  expect(run({ 'a.test.ts': good, 'b.test.ts': "throw new Error('no');" })).toEqual(['1 passed, 1 failed', 1]);
  expect(run({ 'a.test.ts': `${good}${hook}` })).toEqual(['1 passed, 1 failed, 1 skipped', 1]);
});

test('an error that nobody caught', () => {
  const late =
    "test('late', async () => { void Promise.reject(new Error('no')); await new Promise((r) => setTimeout(r, 50)); });";
  expect(run({ 'a.test.ts': `${good}${late}` })).toEqual(['2 passed, 1 failed', 1]);
});

test('no tests at all, or none of that name, or all skipped', () => {
  expect(run({})).toEqual(['0 passed, 0 failed', 1]);
  expect(run({ 'a.test.ts': good }, '-t', 'another')).toEqual(['0 passed, 0 failed, 1 skipped', 1]);
});

test('a forgotten test.only', () => {
  expect(run({ 'a.test.ts': "test.only('alone', () => {});" })).toEqual(['0 passed, 1 failed', 1]);
});

test('a filter chooses files', () => {
  expect(run({ 'one.test.ts': good, 'two.test.ts': "test('bad', () => expect(1).toBe(2));" }, 'one')).toEqual([
    '1 passed, 0 failed',
    0,
  ]);
});

test('a worker process that dies', () => {
  expect(run({ 'a.test.ts': good, 'b.test.ts': "test('dies', () => process.kill(process.pid, 'SIGKILL'));" })).toEqual([
    expect.stringMatching(/^1 passed, [12] failed$/),
    1,
  ]);
});

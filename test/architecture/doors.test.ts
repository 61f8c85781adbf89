import { describe, expect, test } from 'vitest';
import { doors, doorViolations } from './rules/doors.ts';
import { projectSources } from './rules/tree.ts';

test('time, randomness, environment and output enter by their doors only', () => {
  expect(projectSources().flatMap(doorViolations)).toEqual([]);
});

test.each(['src/core/clock.ts', 'src/core/random.ts'])('%s really is a door', (path) => {
  const file = projectSources().find((source) => source.path === path);
  expect(doorViolations({ path: 'src/vault/x.ts', text: file?.text ?? '' })).not.toEqual([]);
});

const found = (text: string, path = 'src/vault/x.ts') =>
  doorViolations({ path, text }).map((line) => /uses (.*?): (\w+)/.exec(line)?.slice(1, 3));

describe('a use is found, however it is written', () => {
  test.each([
    ['const now = Date.now();', 'Date.now', 'time'],
    ['const now = globalThis.Date.now();', 'Date.now', 'time'],
    ["const now = Date['now']();", 'Date.now', 'time'],
    ['const now = [1].map(Date.now);', 'Date.now', 'time'],
    ['const now = new Date();', 'new Date()', 'time'],
    ['const now = new Date;', 'new Date()', 'time'],
    ['const now = new globalThis.Date();', 'new Date()', 'time'],
    ['const now = Date();', 'Date()', 'time'],
    ['const now = performance.now();', 'performance.now', 'time'],
    ["import { performance } from 'node:perf_hooks';", 'perf_hooks.performance', 'time'],
    ['setTimeout(() => {}, 5);', 'setTimeout', 'time'],
    ['await new Promise((resolve) => setTimeout(resolve, 5));', 'setTimeout', 'time'],
    ['const wait = promisify(setTimeout);', 'setTimeout', 'time'],
    ['globalThis.setInterval(f, 5);', 'setInterval', 'time'],
    ["import { setTimeout as sleep } from 'node:timers/promises';", 'timers/promises.setTimeout', 'time'],
    ["import timers from 'node:timers/promises';\nawait timers.setTimeout(5);", 'timers/promises.setTimeout', 'time'],
    ['process.hrtime.bigint();', 'process.hrtime.bigint', 'time'],
    ['const { hrtime } = process;', 'process.hrtime', 'time'],
    ['Math.random();', 'Math.random', 'randomness'],
    ['const { random } = Math;', 'Math.random', 'randomness'],
    ['crypto.randomUUID();', 'crypto.randomUUID', 'randomness'],
    ["import { randomBytes } from 'node:crypto';", 'crypto.randomBytes', 'randomness'],
    ["import { randomUUID as id } from 'crypto';", 'crypto.randomUUID', 'randomness'],
    ["import * as c from 'node:crypto';\nc.randomInt(5);", 'crypto.randomInt', 'randomness'],
    ['const home = process.env.HOME;', 'process.env.HOME', 'environment'],
    ["const home = process.env['HOME'];", 'process.env.HOME', 'environment'],
    ['const home = process.env[name];', 'process.env', 'environment'],
    ['const { env } = process;', 'process.env', 'environment'],
    ["import { env } from 'node:process';", 'process.env', 'environment'],
    ["import process from 'node:process';\nf(process.env);", 'process.env', 'environment'],
    ["console.log('x');", 'console.log', 'output'],
    ['const log = console;', 'console', 'output'],
    ['const x = { console };', 'console', 'output'],
    ["process.stdout.write('x');", 'process.stdout.write', 'output'],
    ["process?.stderr?.write('x');", 'process.stderr.write', 'output'],
    ['const { stdout: out } = process;', 'process.stdout', 'output'],
  ])('%s', (text, name, door) => {
    expect(found(text)).toContainEqual([name, door]);
  });
});

test.each([
  'const time = new Date(stored);',
  'const time = Date.parse(text);',
  'setImmediate(next);',
  "import { setImmediate as pause } from 'node:timers/promises';\nawait pause();",
  'socket.setTimeout(5_000);',
  'const hook = { setTimeout: 5, console: 6 };',
  'fetch(url, { signal: AbortSignal.timeout(5_000) });',
  'function f(timer: ReturnType<typeof setTimeout>): void {}',
  "import { createHash } from 'node:crypto';",
  "// console.log(Date.now())\nconst text = 'process.env.HOME';",
  'interface Row { console: string; now(): Date }',
  "export { console } from './console.ts';",
  'clearTimeout(timer);',
  'process.on("exit", f);',
])('no use of a door: %s', (text) => {
  expect(found(text)).toEqual([]);
});

describe('the doors themselves', () => {
  test.each([
    ['src/core/clock.ts', 'Date.now(); setTimeout(f, 1);'],
    ['src/core/random.ts', 'Math.random();'],
    ['functions/environment.ts', 'process.env.X; console.log(1);'],
    ['cli/main.ts', "process.env.X; process.stdout.write('x');"],
    ['local/start/main.ts', 'process.env.X; console.log(1);'],
    ['test/x.test.ts', 'Date.now(); Math.random(); process.env.X; console.log(1);'],
  ])('%s may', (path, text) => {
    expect(found(text, path)).toEqual([]);
  });

  test.each([
    ['src/core/clock.ts', 'Math.random();'],
    ['src/core/random.ts', 'Date.now();'],
    ['functions/environment.ts', 'Math.random();'],
    ['functions/dependencies.ts', 'process.env.X;'],
    ['functions/plan-backup.ts', 'process.env.X;'],
    ['cli/main.ts', 'Date.now();'],
    ['local/start/main.ts', 'setTimeout(f, 1);'],
    ['dashboard/page.ts', 'console.log(1);'],
  ])('%s may not do more than its own', (path, text) => {
    expect(found(text, path)).toHaveLength(1);
  });

  test('say where and what instead', () => {
    expect(doorViolations({ path: 'src/vault/x.ts', text: '\n\nDate.now();' })).toEqual([
      'src/vault/x.ts:3 uses Date.now: time enters by src/core/clock.ts only; take a Clock',
    ]);
    expect(Object.keys(doors)).toEqual(['time', 'randomness', 'environment', 'output']);
  });
});

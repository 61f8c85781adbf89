/** The checks that other programs make: types by the compiler, style by the linter. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { root } from './rules/tree.ts';

function run(program: string, ...parameters: string[]): { status: number | null; output: string } {
  const { status, stdout, stderr } = spawnSync(join(root, 'node_modules/.bin', program), parameters, {
    cwd: root,
    encoding: 'utf8',
    env: { ...process.env, NO_COLOR: '1' },
  });
  return { status, output: `${stdout}${stderr}` };
}

test('types are sound', () => {
  expect(run('tsc', '--noEmit')).toEqual({ status: 0, output: '' });
});

test('the linter has nothing to say', () => {
  const { status, output } = run('biome', 'check', '.');
  expect(status, output).toBe(0);
  expect(output).toMatch(/Checked \d\d+ files/);
});

describe('they can fail', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'tidemark-checks-'));
    writeFileSync(
      join(folder, 'wrong.ts'),
      'export const list: readonly string[] = [];\nexport const first: string = list[0]',
    );
    writeFileSync(
      join(folder, 'tsconfig.json'),
      JSON.stringify({ extends: join(root, 'tsconfig.json'), compilerOptions: { types: [] }, include: ['.'] }),
    );
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  test('the compiler sees an index that may be out of range', () => {
    const { status, output } = run('tsc', '--noEmit', '--project', folder);
    expect(status).not.toBe(0);
    expect(output).toContain("Type 'undefined' is not assignable to type 'string'");
  });

  test('the linter sees a missing semicolon', () => {
    const { status, output } = run('biome', 'check', '--config-path', root, join(folder, 'wrong.ts'));
    expect(status, output).not.toBe(0);
  });
});

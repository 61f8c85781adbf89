import { describe, expect, test } from 'vitest';
import { cycles } from './rules/cycles.ts';
import { referencesOf } from './rules/imports.ts';
import { layerViolations, roomOf } from './rules/layers.ts';
import { existsInProject, projectSources } from './rules/tree.ts';

const files = projectSources();
const references = files.flatMap((file) => referencesOf(file, existsInProject));

test('nothing points up, and neighbours do not know each other', () => {
  expect(layerViolations(references)).toEqual([]);
});

test('no file needs itself in a circle, types included', () => {
  expect(cycles(references)).toEqual([]);
});

test('every source file lives in a room of the table', () => {
  const homeless = files.filter(({ path }) => path.includes('/') && !roomOf(path)).map(({ path }) => path);
  expect(homeless).toEqual([]);
});

test('the reader has read the project', () => {
  expect(files.length).toBeGreaterThan(10);
  expect(references.filter(({ to }) => to === 'src/core/errors.ts').length).toBeGreaterThan(3);
});

const read = (path: string, text: string, exists?: (path: string) => boolean) =>
  referencesOf({ path, text }, exists).map(({ line, to, kind }) => [line, to, kind]);

describe('what counts as a reference', () => {
  test.each([
    ["import { a } from './a.ts';", 'src/vault/a.ts', 'import'],
    ["import './a.ts';", 'src/vault/a.ts', 'import'],
    ["import type { A } from '../plan/a.ts';", 'src/plan/a.ts', 'type'],
    ["import { type A } from '../plan/a.ts';", 'src/plan/a.ts', 'import'],
    ["export * from '../plan/a.ts';", 'src/plan/a.ts', 'import'],
    ["export { a } from '../plan/a.ts';", 'src/plan/a.ts', 'import'],
    ["export type { A } from '../plan/a.ts';", 'src/plan/a.ts', 'type'],
    ["type A = import('../plan/a.ts').A;", 'src/plan/a.ts', 'type'],
    ["const a = await import('../plan/a.ts');", 'src/plan/a.ts', 'dynamic'],
    [`const a = await import(\`../plan/\${name}.ts\`);`, 'src/plan/', 'dynamic'],
    ["const a = require('../plan/a.ts');", 'src/plan/a.ts', 'require'],
    ["const a = createRequire(import.meta.url)('../plan/a.ts');", 'src/plan/a.ts', 'require'],
    ["const a = import.meta.resolve('../plan/a.ts');", 'src/plan/a.ts', 'require'],
    ["new Worker(new URL('../plan/a.ts', import.meta.url));", 'src/plan/a.ts', 'path'],
    ["fork(join(import.meta.dirname, '../plan/a.ts'));", 'src/plan/a.ts', 'path'],
    ["import a from '../../events/a.json' with { type: 'json' };", 'events/a.json', 'import'],
    ["import { main } from 'tidemark';", 'cli/main.ts', 'import'],
    ["import { S3Client } from '@aws-sdk/client-s3';", '@aws-sdk/client-s3', 'import'],
  ])('%s', (text, to, kind) => {
    expect(read('src/vault/x.ts', text)).toEqual([[1, to, kind]]);
  });

  test('a bare file name counts when the file is there', () => {
    const text = "spawn(process.execPath, [join(import.meta.dirname, 'worker.ts'), 'other.ts']);";
    expect(read('src/vault/x.ts', text, (path) => path === 'src/vault/worker.ts')).toEqual([
      [1, 'src/vault/worker.ts', 'path'],
    ]);
  });

  test('an import whose name is made up at run time is found, and refused', () => {
    const references = referencesOf({ path: 'src/vault/x.ts', text: '\nawait import(name);' });
    expect(layerViolations(references)).toEqual([
      'src/vault/x.ts:2 -> ?: a dynamic reference made up at run time cannot be checked',
    ]);
  });

  test('comments, strings and regular expressions are no references', () => {
    const text = `// import '../plan/a.ts'
      /* import '../plan/b.ts' */
      const said = "import x from '../plan/c.ts'";
      const pattern = /import '..\\/plan\\/d.ts'/;
      const template = \`import '../plan/\${said}'\`;`;
    expect(read('src/vault/x.ts', text)).toEqual([]);
  });
});

describe('the table', () => {
  const violations = (from: string, to: string, kind: 'import' | 'type' = 'import') =>
    layerViolations([{ from, line: 7, to, kind }]);

  test.each([
    ['src/operations/backup/plan-backup.ts', 'src/vault/commit.ts'],
    ['src/vault/read.ts', 'src/storage/port.ts'],
    ['src/vault/read.ts', 'src/vault/index.ts'],
    ['src/sources/git/git.ts', 'src/format/tree.ts'],
    ['functions/plan-backup.ts', 'src/operations/backup/plan-backup.ts'],
    ['local/interpreter.ts', 'functions/index.ts'],
    ['cli/backup.ts', 'local/interpreter.ts'],
    ['test/x.test.ts', 'cli/backup.ts'],
    ['functions/index.ts', 'statemachines/backup.asl.json'],
    ['src/vault/read.ts', '@aws-sdk/client-s3'],
  ])('%s may use %s', (from, to) => {
    expect(violations(from, to)).toEqual([]);
  });

  test.each([
    ['src/core/log.ts', 'src/format/blob.ts', 'src/format is above src/core: nothing points up'],
    ['src/vault/a.ts', 'src/operations/b.ts', 'src/operations is above src/vault: nothing points up'],
    ['src/vault/a.ts', 'src/plan/b.ts', 'src/vault and src/plan are neighbours and do not know each other'],
    ['src/sources/a.ts', 'src/vault/b.ts', 'src/sources and src/vault are neighbours and do not know each other'],
    ['src/codec/a.ts', 'src/format/b.ts', 'src/codec and src/format are neighbours and do not know each other'],
    ['src/alerts/a.ts', 'src/storage/b.ts', 'src/alerts and src/storage are neighbours and do not know each other'],
    ['src/operations/a.ts', 'functions/b.ts', 'functions is above src/operations: nothing points up'],
    ['functions/a.ts', 'local/b.ts', 'local is above functions: nothing points up'],
    ['local/a.ts', 'cli/b.ts', 'cli is above local: nothing points up'],
    ['cli/a.ts', 'test/b.ts', 'test is above cli: nothing points up'],
    ['src/index.ts', 'src/core/log.ts', 'src/index.ts is in no room of the layer table'],
    ['src/vault/a.ts', 'src/engine/b.ts', 'src/engine/b.ts is in no room of the layer table'],
  ])('%s may not use %s, not even its types', (from, to, reason) => {
    expect(violations(from, to, 'type')).toEqual([`${from}:7 -> ${to} (type): ${reason}`]);
  });
});

describe('circles', () => {
  const reference = (from: string, to: string, kind: 'import' | 'type' | 'path' = 'import') => ({
    from,
    to,
    kind,
    line: 1,
  });

  test('are shown from file to file, each once, types included', () => {
    const circle = [reference('a.ts', 'b.ts'), reference('b.ts', 'c.ts', 'type'), reference('c.ts', 'a.ts', 'path')];
    expect(cycles([...circle, reference('d.ts', 'a.ts'), reference('b.ts', 'e.ts')])).toEqual([
      'a.ts -> b.ts -> c.ts -> a.ts',
    ]);
    expect(cycles([reference('a.ts', 'b.ts'), reference('b.ts', 'a.ts'), ...circle])).toEqual([
      'a.ts -> b.ts -> a.ts',
      'c.ts -> a.ts -> b.ts -> c.ts',
    ]);
    expect(cycles([reference('a.ts', 'a.ts')])).toEqual(['a.ts -> a.ts']);
  });

  test('a diamond is none, and neither is a worker that names its own file', () => {
    const diamond = [
      reference('a.ts', 'b.ts'),
      reference('a.ts', 'c.ts'),
      reference('b.ts', 'd.ts'),
      reference('c.ts', 'd.ts'),
    ];
    expect(cycles([...diamond, reference('a.ts', 'a.ts', 'path')])).toEqual([]);
  });
});

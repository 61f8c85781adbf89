/** Every function file: there, wrapped, named right, and loaded only when it is asked for. */
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { withDependencies } from '../../functions/dependencies.ts';
import { functionNames, functionOf, functions, isFunctionName } from '../../functions/index.ts';
import { given, lambdaContext } from './given.ts';

const folder = new URL('../../functions/', import.meta.url);
const files = readdirSync(folder).filter((file) => file.endsWith('.ts'));
const textOf = (file: string): string => readFileSync(new URL(file, folder), 'utf8');

/** What is in the folder and is no function. */
const others = ['dependencies.ts', 'environment.ts', 'handler.ts', 'index.ts'];

test('the folder, the index and nothing else', () => {
  expect(files.filter((file) => !others.includes(file)).toSorted()).toEqual(
    functionNames.map((name) => `${name}.ts`).toSorted(),
  );
});

test('a substitution of a state machine names its function', () => {
  expect(functionOf('PlanBackup')).toBe('plan-backup');
  expect(functionOf('NoticeFailure')).toBe('notice-failure');
  for (const wrong of ['planBackup2', 'Handler', 'Index', '', 'toString']) expect(functionOf(wrong)).toBeUndefined();
  expect(isFunctionName('toString')).toBe(false);
});

describe.each(functionNames)('%s', (name) => {
  test('says what it does, and does nothing beyond naming its operation', () => {
    const lines = textOf(`${name}.ts`).trim().split('\n');
    expect(lines[0]).toMatch(/^\/\*\* [A-Z].*\. \*\/$/);
    expect(lines.filter((line) => line !== '' && !/^(import|export) /.test(line))).toEqual([lines[0]]);
    expect(lines.at(-1)).toContain(`handle('${name}', `);
  });

  test('exports its wrapped handler and nothing else, and the wrapping runs', async () => {
    const module = await functions[name]();
    expect(Object.keys(module)).toEqual(['handler']);
    const { dependencies, lines } = given();
    const call = withDependencies(dependencies, () => module.handler(['not', 'an', 'event'], lambdaContext()));
    await expect(call).rejects.toMatchObject({ name: 'InputInvalid', stack: 'InputInvalid' });
    expect(lines).toMatchObject([{ code: 'function-failed', function: name, outcome: 'InputInvalid' }]);
  });

  test('asks for what it needs by importing it', () => {
    const text = textOf(`${name}.ts`);
    for (const [need, file] of [
      ['sources', 'sources'],
      ['databases', 'rds'],
      ['alerts', 'alerts'],
    ]) {
      expect(text.includes(`./dependencies/${file}.ts`), need).toBe(
        new RegExp(`handle\\(.*, \\{[^}]*\\b${need}\\b[^}]*\\}\\)`, 's').test(text),
      );
    }
  });
});

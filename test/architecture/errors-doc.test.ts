import { expect, test } from 'vitest';
import { errorsDoc } from '../../scripts/generate-errors-doc.ts';
import { errorTable } from '../../src/core/errors.ts';
import { readProject } from './rules/tree.ts';

test('docs/errors.md is what the table says; `node scripts/generate-errors-doc.ts` writes it anew', () => {
  expect(readProject('docs/errors.md')).toBe(errorsDoc(errorTable));
});

test('a change of the table changes the page', () => {
  const { StoreFull, ...rest } = errorTable;
  expect(errorsDoc({ ...rest, StoreFull: { ...StoreFull, exit: 99 } })).not.toBe(errorsDoc(errorTable));
  expect(errorsDoc(rest)).not.toContain('StoreFull');
});

test('every error has its section, its exit code and its retry class', () => {
  const page = errorsDoc(errorTable);
  for (const [name, { exit, retry, summary }] of Object.entries(errorTable)) {
    expect(page).toContain(`## ${name}\n\n${summary}\n\n- Retry: ${retry}. `);
    expect(page).toMatch(new RegExp(`^\\| ${exit} \\|.*\\[${name}\\]\\(#${name.toLowerCase()}\\)`, 'm'));
  }
});

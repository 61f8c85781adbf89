/** The runbook against the code: every trouble that can be raised is in its table, and nothing else is. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const root = new URL('../../', import.meta.url).pathname;
const page = readFileSync(join(root, 'docs/operations.md'), 'utf8');

/** `backup/user-data` is a trouble of the family `backup`. */
function familiesIn(text: string): string[] {
  return [...text.matchAll(/\btrouble(?::| =) [`']([a-z-]+)\//g)].map(([, family]) => family!);
}

test('every trouble has its row', () => {
  const folder = join(root, 'src/operations');
  const sources = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.ts'));
  const raised = new Set(sources.flatMap((path) => familiesIn(readFileSync(join(folder, path), 'utf8'))));
  const rows = [...page.matchAll(/^\| `([a-z-]+)\/<[a-z]+>` \|/gm)].map(([, family]) => family!);
  rows.push(...[...page.matchAll(/^\| `([a-z]+)\/vault-<n>` \|/gm)].map(([, family]) => family!));
  expect(raised.size).toBeGreaterThan(5);
  expect(rows.sort()).toEqual([...raised].sort());
});

test('a trouble is found however it is written', () => {
  expect(familiesIn('trouble: `backup/data`, const trouble = `prune/vault-1`; trouble: string')).toEqual([
    'backup',
    'prune',
  ]);
});

test('what prune says when it refuses is what the page quotes', () => {
  const quoted = [...page.matchAll(/^\| (`[^|]*`) \|/gm)].flatMap(([, cell]) =>
    [...cell!.matchAll(/`([^`]+)`/g)].map(([, text]) => text!),
  );
  const sentences = quoted.filter((text) => text.includes(' '));
  const code = ['src/operations/prune', 'src/vault', 'src/vault/collecting', 'src/plan/retention']
    .flatMap((folder) =>
      readdirSync(join(root, folder))
        .filter((name) => name.endsWith('.ts'))
        .map((name) => join(root, folder, name)),
    )
    .map((path) => readFileSync(path, 'utf8').replace(/\$\{[^}]*\}/g, '...'))
    .join('\n');
  expect(sentences.length).toBeGreaterThan(4);
  for (const sentence of sentences) {
    for (const part of sentence.split(/\.\.\.|\b[NM]\b/)) expect(code, sentence).toContain(part.trim());
  }
});

/** Every link from page to page leads somewhere: the file is there, and so is the heading that it names. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';

const root = new URL('../../', import.meta.url).pathname;
const folders = ['', 'docs', 'docs/decisions', 'events', 'statemachines', 'changelog'];
const pages = folders.flatMap((folder) =>
  readdirSync(join(root, folder))
    .filter((name) => name.endsWith('.md'))
    .map((name) => join(folder, name)),
);

/** As GitHub makes them: lower case, without punctuation, blanks as hyphens. */
function anchorsOf(text: string): string[] {
  return [...text.replace(/```[\s\S]*?```/g, '').matchAll(/^#+ (.*)$/gm)].map(([, heading]) =>
    heading!
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

function linksOf(text: string): string[] {
  return [...text.replace(/```[\s\S]*?```/g, '').matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target!);
}

test.each(pages)('%s', (page) => {
  const text = readFileSync(join(root, page), 'utf8');
  const broken = linksOf(text)
    .filter((link) => !/^https?:/.test(link))
    .filter((link) => {
      const [path = '', anchor] = link.split('#');
      const target = path === '' ? join(root, page) : join(root, dirname(page), path);
      if (!existsSync(target)) return true;
      return anchor !== undefined && !anchorsOf(readFileSync(target, 'utf8')).includes(anchor);
    });
  expect(broken).toEqual([]);
});

test('a link that leads nowhere is found', () => {
  expect(linksOf('see [a](b.md#c), `x`, [d](https://e)\n```\n[no](f)\n```')).toEqual(['b.md#c', 'https://e']);
  expect(anchorsOf('## Restore at 3 a.m.\n# vault.json')).toEqual(['restore-at-3-am', 'vaultjson']);
});

test('the pages that a newcomer needs are there', () => {
  const needed = [
    'README',
    'ARCHITECTURE',
    'CONTRIBUTING',
    'SECURITY',
    'CHANGELOG',
    'docs/format',
    'docs/guarantees',
    'docs/operations',
  ];
  expect(pages).toEqual(expect.arrayContaining(needed.map((name) => `${name}.md`)));
});

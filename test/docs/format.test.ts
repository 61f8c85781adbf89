/** docs/format.md knows every place of a vault, and the members that stored objects really have. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { layout } from '../../src/format/layout.ts';
import { snapshotSchema } from '../../src/format/snapshot.ts';
import { type SmallVault, smallVault } from './small-vault.ts';

const page = readFileSync(new URL('../../docs/format.md', import.meta.url), 'utf8');
const source = mkdtempSync(join(tmpdir(), 'tidemark-format-'));
let vault: SmallVault;
let snapshot: string;

const objects = page.slice(page.indexOf('## Objects'), page.indexOf('## vault.json'));
/** First parts of the keys in the table of objects: `packs`, `vault.json`. */
const described = new Set([...objects.matchAll(/^\| `([a-z]+(?:\.json)?)[/`]/gm)].map(([, first]) => first!));

beforeAll(async () => {
  mkdirSync(join(source, 'folder'));
  writeFileSync(join(source, 'folder', 'file'), 'content\n');
  vault = smallVault(source);
  snapshot = await vault.backUp();
});

afterAll(() => {
  rmSync(source, { recursive: true, force: true });
  rmSync(join(vault.path, '..'), { recursive: true, force: true });
});

test('every place of the layout that is used is in the table, and no other', () => {
  const code = new URL('../../src/', import.meta.url).pathname;
  const files = readdirSync(code, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.ts'));
  const used = new Set(files.flatMap((path) => readFileSync(join(code, path), 'utf8').match(/\blayout\.\w+/g) ?? []));
  const places = Object.entries(layout)
    .filter(([name]) => used.has(`layout.${name}`))
    .map(([, place]) => (typeof place === 'string' ? place : (place as (id: string) => string)('0')));
  expect([...new Set(places.map((place) => place.split('/')[0]!))].sort()).toEqual([...described].sort());
});

test('what a backup leaves in a vault is in the table', () => {
  const there = readdirSync(vault.path).filter((name) => name !== '.tidemark');
  expect(there).toEqual(expect.arrayContaining(['vault.json', 'packs', 'index', 'snapshots']));
  expect(there.filter((name) => !described.has(name))).toEqual([]);
});

test('vault.json has the members and sizes that the page shows', () => {
  const shown = JSON.parse(/## vault\.json[\s\S]*?```json\n([\s\S]*?)```/.exec(page)![1]!);
  const real = JSON.parse(readFileSync(join(vault.path, 'vault.json'), 'utf8'));
  expect({ ...real, id: '', created: '' }).toEqual({ ...shown, id: '', created: '' });
});

test('every member of a snapshot is described', () => {
  const section = page.slice(page.indexOf('## Snapshots'), page.indexOf('## Trees'));
  const real = JSON.parse(readFileSync(join(vault.path, 'snapshots', 'notes', `${snapshot}.json`), 'utf8'));
  for (const member of [...Object.keys(snapshotSchema.shape), ...Object.keys(real)])
    expect(section).toContain(`\`${member}\``);
});

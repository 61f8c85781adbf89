/**
 * Breaks the engine in each way of the list and lets histories run until one is not as it must be: how many that takes is
 * written to `caught.json` and, as a table, to standard output. Names of mutations hunt these alone. `npm run simulate` has
 * the words for one of them.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Mutation, mutations } from './list.ts';

export interface Caught {
  readonly name: string;
  readonly seed: number;
  readonly histories: number;
  readonly how: string;
}

const main = fileURLToPath(new URL('../main.ts', import.meta.url));
const results = new URL('caught.json', import.meta.url);

/** What catches it from `seed` on; nothing when `most` histories do not. */
export function hunt({ name }: Mutation, seed: number, most: number): Caught | undefined {
  const given = ['--mutation', name, '--seed', `${seed}`, '--runs', `${most}`, '--lines', '1'];
  const { stdout, stderr } = spawnSync(process.execPath, [main, ...given], { encoding: 'utf8', maxBuffer: 1 << 28 });
  const found = /^seed (\d+) \(history (\d+)\): (.*)$/m.exec(stdout);
  if (found) return { name, seed: Number(found[1]), histories: Number(found[2]), how: plain(found[3]!) };
  if (/^\{"seed"/m.test(stdout)) return undefined;
  throw new Error(`the hunt for ${name} came to no end: ${stdout.slice(-500)} ${stderr.slice(-2000)}`);
}

/** Without the ids of this one history. */
const plain = (how: string): string =>
  how
    .replace(/\b[0-9a-f]{64}\b/g, 'PACK')
    .replace(/\b(data|config)\.\d{8}T\d{6}Z\.[0-9a-f]{8}\b/g, '$1')
    .replace(/ ?\(\w+: .*$/, '')
    .slice(0, 140);

export const caught = (): readonly Caught[] => JSON.parse(readFileSync(results, 'utf8')) as Caught[];

if (import.meta.main) {
  const wanted = process.argv.slice(2);
  const found = new Map(wanted.length > 0 ? caught().map((one) => [one.name, one]) : []);
  for (const mutation of mutations.filter(({ name }) => wanted.length === 0 || wanted.includes(name))) {
    const one = hunt(mutation, 1, 1000);
    if (one) found.set(mutation.name, one);
    console.error(one ?? `${mutation.name} was not caught`);
  }
  const inOrder = mutations.flatMap(({ name }) => found.get(name) ?? []);
  writeFileSync(results, `${JSON.stringify(inOrder, null, 2)}\n`);
  console.log('| an engine that | histories | caught as |\n|---|---|---|');
  for (const { name, does } of mutations) {
    const one = found.get(name);
    console.log(`| ${does} (\`${name}\`) | ${one?.histories ?? 'not caught'} | ${one?.how ?? ''} |`);
  }
}

/** Files to protect: a copy of what npm installed here, and a folder with everything that a file system can hold. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { appendFile, cp, link, mkdir, open, readdir, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { fail } from '../../../src/core/errors.ts';
import { seededRandom } from '../../../src/core/random.ts';

const call = promisify(execFile);
const installed = fileURLToPath(new URL('../../../node_modules', import.meta.url));
const little = ['yaml', 'zod'];

/** Copies `node_modules`, with its times and links; of it, a little only when `quick`. The original is not touched. */
export async function copyTree(folder: string, quick: boolean): Promise<void> {
  if (!existsSync(installed)) {
    fail('SourceMissing', `${installed} is not there`, { hint: 'Run npm ci first.' });
  }
  await mkdir(folder);
  const parts = quick ? little.map((name) => join(installed, name)) : [`${installed}/.`];
  try {
    await call('cp', ['-a', ...parts, folder]);
  } catch {
    for (const name of quick ? little : await readdir(installed)) {
      const options = { recursive: true, preserveTimestamps: true, verbatimSymlinks: true };
      await cp(join(installed, name), join(folder, name), options);
    }
  }
}

/** What `day` brings to the tree: a release of documents, a growing journal, and old documents that go. */
export async function changeTree(folder: string, day: number): Promise<void> {
  const documents = join(folder, 'documents');
  await mkdir(join(documents, `day-${day}`), { recursive: true });
  for (let number = 0; number < 12; number += 1) {
    const lines = Array.from({ length: 40 + number }, (_, line) => `day ${day}, document ${number}, line ${line}\n`);
    await writeFile(join(documents, `day-${day}`, `document-${number}.txt`), lines.join(''));
  }
  await appendFile(join(documents, 'journal.log'), `what happened on day ${day}\n`.repeat(200));
  if (day > 5) await rm(join(documents, `day-${day - 5}`), { recursive: true, force: true });
}

/** Links, holes, names that are no text, and a FIFO that must never be opened. */
export async function makeUserData(folder: string): Promise<void> {
  const at = (name: string): string => join(folder, name);
  await mkdir(at('albums/2026/empty'), { recursive: true, mode: 0o750 });
  await writeFile(at('albums/large.bin'), Buffer.alloc(3_000_000, 'a node and its links, '));
  await writeFile(at('none'), '');
  await writeFile(at('secret.key'), 'not for everybody\n', { mode: 0o600 });
  await link(at('albums/large.bin'), at('albums/2026/the same file'));
  await symlink('albums/2026', at('newest'));
  await symlink('/no/such/place', at('dangling'));
  const sparse = await open(at('disk.img'), 'w');
  await sparse.write('in the middle of nothing', 8_000_000);
  await sparse.truncate(24_000_000);
  await sparse.close();
  for (const name of ['new\nline', 'back\\slash', '-rf', '*', 'caf\u00e9', '\u{1f4be}', 'n'.repeat(255)]) {
    await writeFile(at(name), name);
  }
  // Linux takes any bytes for a name; other systems want text.
  if (process.platform === 'linux') {
    await writeFile(Buffer.concat([Buffer.from(`${folder}/`), Buffer.from([0x72, 0xff, 0xfe])]), 'raw');
  }
  await call('mkfifo', [at('queue')]);
  await utimes(at('none'), 1_500_000_000.25, 1_500_000_000.25);
}

/** What `day` brings to the users' data: a picture, which no compression makes smaller, and what is known about it. */
export async function changeUserData(folder: string, day: number): Promise<void> {
  const album = join(folder, 'albums');
  await writeFile(join(album, `day-${day}.jpg`), seededRandom(day).bytes(250_000));
  await writeFile(join(album, `day-${day}.json`), JSON.stringify({ day, seen: day * 17 }));
}

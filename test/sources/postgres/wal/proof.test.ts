/**
 * A short proof for every change. A long one: `TIDEMARK_PROOF=100 npx vitest run test/sources/postgres/wal/proof.test.ts`
 * restores a hundred moments and writes docs/proofs/any-second.json.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { afterAll, expect, test } from 'vitest';
import { everyPostgres } from '../../../../local/postgres/find.ts';
import { cleanUp } from '../trial.ts';
import { prove } from './proof.ts';

const [tools] = (await everyPostgres()).filter(({ major }) => major >= 15);
const long = Number(process.env.TIDEMARK_PROOF ?? 0);

afterAll(cleanUp);

test.skipIf(!tools)(
  'random moments hold all that was acknowledged by then and nothing after, across kills and a failover',
  async () => {
    const report = await prove({
      tools: tools!,
      ...(long > 0 ? { rounds: 24, restores: long } : { rounds: 3, restores: 4 }),
      random: Math.random,
    });
    if (long > 0) {
      const folder = new URL('../../../../docs/proofs/', import.meta.url);
      mkdirSync(folder, { recursive: true });
      writeFileSync(
        new URL('any-second.json', folder),
        `${JSON.stringify({ server: tools!.version, ...report }, null, 2)}\n`,
      );
    }
    expect(report.restores.flatMap(({ moment, faults }) => faults.map((fault) => `${moment}: ${fault}`))).toEqual([]);
    expect(report.mistake.rows).toBe(report.mistake.expected);
    expect(report.mistake.rows).toBeGreaterThan(30);
    expect(new Set(report.restores.map(({ timeline }) => timeline))).toEqual(new Set([1, 2]));
    expect(report.kills).toBeGreaterThanOrEqual(2);
  },
  long > 0 ? 3_600_000 : 120_000,
);

import { expect, test } from 'vitest';
import { everyPostgres } from '../../../../local/postgres/find.ts';
import { prove } from './proof.ts';

const [tools] = (await everyPostgres()).filter(({ major }) => major >= 15);

test.skipIf(!tools)(
  'random moments hold all that was acknowledged by then and nothing after, across kills and a failover',
  async () => {
    const report = await prove({ tools: tools!, rounds: 4, restores: 6, random: Math.random });
    expect(report.restores.flatMap(({ moment, faults }) => faults.map((fault) => `${moment}: ${fault}`))).toEqual([]);
    expect(report.mistake.rows).toBe(report.mistake.expected);
    expect(report.mistake.rows).toBeGreaterThan(50);
    expect(new Set(report.restores.map(({ timeline }) => timeline))).toEqual(new Set([1, 2]));
    expect(report).toMatchObject({ kills: 3, bases: 3 });
  },
  120_000,
);

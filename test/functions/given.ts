/** What handlers are given in tests: a plan, vaults in memory, a log that keeps its lines, and Lambda's context object. */

import type { Dependencies } from '../../functions/dependencies.ts';
import type { LambdaContext } from '../../functions/handler.ts';
import { systemClock } from '../../src/core/clock.ts';
import { createLog } from '../../src/core/log.ts';
import { seededRandom } from '../../src/core/random.ts';
import { createVaults } from '../../src/operations/vaults.ts';
import { parsePlan } from '../../src/plan/index.ts';
import { memoryStore } from '../../src/storage/memory.ts';

const plan = parsePlan(
  `
plan: tests
timeZone: UTC
vault: { primary: { directory: /nowhere/vault }, replicas: [{ directory: /nowhere/replica }], sealing: none }
sources:
  - { id: data, kind: files, path: /nowhere/data }
retention: { daily: 7 days, atLeast: 1 }
`,
  'backup-plan.yml',
);

// biome-ignore lint/suspicious/noExplicitAny: log lines of any shape
export type Line = Record<string, any>;

export function given(more: Partial<Dependencies> = {}): { dependencies: Dependencies; lines: Line[] } {
  const lines: Line[] = [];
  const random = seededRandom(5);
  const unused = (): never => {
    throw new Error('not meant to be used');
  };
  return {
    lines,
    dependencies: {
      plan,
      vaults: createVaults([memoryStore(), memoryStore()], 'none', systemClock, { random }),
      clock: systemClock,
      random,
      log: createLog((line) => lines.push(JSON.parse(line)), 'debug', systemClock.now),
      alerts: { name: 'none', send: unused },
      scratch: '/nowhere/scratch',
      source: unused,
      sourceOfKind: unused,
      ...more,
    },
  };
}

export function lambdaContext(milliseconds = 60_000, awsRequestId = 'request-1'): LambdaContext {
  const end = systemClock.elapsed() + milliseconds;
  return { awsRequestId, getRemainingTimeInMillis: () => Math.max(0, end - systemClock.elapsed()) };
}

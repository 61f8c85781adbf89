/** Every sample of `events/` is understood where it arrives. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readNames } from '../../../deploy/names.ts';
import { withDependencies } from '../../../functions/dependencies.ts';
import { type FunctionName, functions } from '../../../functions/index.ts';
import { systemClock } from '../../../src/core/clock.ts';
import { silentLog } from '../../../src/core/log.ts';
import { seededRandom } from '../../../src/core/random.ts';
import { changesOf } from '../../../src/operations/backup/triggers.ts';
import { createVaults } from '../../../src/operations/vaults.ts';
import { memoryStore } from '../../../src/storage/memory.ts';
import { root } from '../packaging.ts';

const { plan } = readNames(root);
const samples = readdirSync(join(root, 'events')).filter((file) => file.endsWith('.json') && file !== 'rules.json');
const sample = (file: string) => JSON.parse(readFileSync(join(root, 'events', file), 'utf8'));

/** The function that a workflow begins with, by what the file's name says of the workflow. */
function firstFunction(file: string): FunctionName {
  const [subject] = file.replace(/^schedule-/, '').split(/[-.]/);
  if (subject === 'execution') return 'notice-failure';
  return subject === 'prune' || subject === 'verify' || subject === 'drill' || subject === 'restore'
    ? `plan-${subject}`
    : 'plan-backup';
}

async function endingOf(file: string, given: object): Promise<string> {
  const random = seededRandom(3);
  const absent = (): never => {
    throw new Error('there are no sources here');
  };
  const dependencies = {
    plan,
    vaults: createVaults([memoryStore(), memoryStore()], 'none', systemClock, { random }),
    clock: systemClock,
    random,
    log: silentLog,
    alerts: { name: 'nobody', send: async () => {} },
    scratch: '/nowhere',
    source: absent,
    sourceOfKind: absent,
  };
  const { handler } = await functions[firstFunction(file)]();
  const context = { awsRequestId: 'request', getRemainingTimeInMillis: () => 30_000 };
  return withDependencies(dependencies, () =>
    handler(given, context).then(
      () => 'success',
      (error: Error) => error.name,
    ),
  );
}

const started = { execution: 'incremental-d32c5kddcf5bb8c3', started: '2026-03-15T02:00:00.000Z' };

export function samplesSuite(): void {
  describe('samples', () => {
    test.each(samples.filter((file) => !/^(change|execution)-/.test(file)))(
      '%s is an input of its workflow',
      async (file) => {
        expect(await endingOf(file, { ...sample(file), ...started })).not.toBe('InputInvalid');
        // The same with a word of the wrong kind is none, so the schema was asked.
        expect(await endingOf(file, { ...sample(file), ...started, execution: 7 })).toBe('InputInvalid');
      },
    );

    test.each(samples.filter((file) => file.startsWith('execution-')))('%s is understood', async (file) => {
      expect(await endingOf(file, sample(file))).not.toBe('InputInvalid');
      expect(await endingOf(file, { ...sample(file), detail: 'nothing' })).toBe('InputInvalid');
    });

    test.each(samples.filter((file) => file.startsWith('change-')))('%s concerns a source of the plan', (file) => {
      expect(changesOf(sample(file), plan).map(({ source }) => source.id)).toEqual(['configuration']);
    });
  });
}

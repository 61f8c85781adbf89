/**
 * Writes the `Retry` of every function in every state machine from the error table: `node scripts/generate-retries.ts`, and
 * `npm run format` after it. The States Language has no way to say a thing once; a test compares the two.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { errorTable, type Retry } from '../src/core/errors.ts';

const namesOf = (retry: Retry): string[] =>
  Object.entries(errorTable)
    .filter(([, row]) => row.retry === retry)
    .map(([name]) => name);

/** Room has to be made first, and nobody makes it within minutes. */
const hopeless = ['StoreFull'];

/** Full jitter everywhere: what failed together is not tried again together. */
export const retriers = [
  {
    // https://docs.aws.amazon.com/step-functions/latest/dg/sfn-best-practices.html#bp-lambda-serviceexception
    ErrorEquals: [
      'Lambda.ServiceException',
      'Lambda.AWSLambdaException',
      'Lambda.SdkClientException',
      'Lambda.ClientExecutionTimeoutException',
      'Lambda.TooManyRequestsException',
    ],
    IntervalSeconds: 2,
    BackoffRate: 2,
    MaxAttempts: 6,
    JitterStrategy: 'FULL',
  },
  {
    ErrorEquals: namesOf('later').filter((name) => !hopeless.includes(name)),
    IntervalSeconds: 5,
    BackoffRate: 2,
    MaxAttempts: 5,
    MaxDelaySeconds: 120,
    JitterStrategy: 'FULL',
  },
  {
    // A function that was ended in the middle of its work goes on from its last cursor.
    ErrorEquals: [...namesOf('maybe'), 'Lambda.Unknown', 'Sandbox.Timedout', 'States.Timeout'],
    IntervalSeconds: 3,
    BackoffRate: 2,
    MaxAttempts: 1,
    JitterStrategy: 'FULL',
  },
];

if (import.meta.main) {
  const folder = new URL('../statemachines/', import.meta.url);
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.asl.json'))) {
    const machine: unknown = JSON.parse(readFileSync(new URL(file, folder), 'utf8'), (key, value: unknown) =>
      key === 'Retry' ? retriers : value,
    );
    writeFileSync(new URL(file, folder), `${JSON.stringify(machine, null, 2)}\n`);
  }
}

/**
 * `npm test`: runs the tests and ends with the line `N passed, N failed`. Arguments go to vitest: `npm test -- test/plan`
 * runs one folder, `npm test -- -t 'name'` the tests of that name. A forgotten `test.only` fails the run.
 */
import { parseCLI, startVitest } from 'vitest/node';
import { ClosingLine } from './reporter.ts';

const { filter, options } = parseCLI(['vitest', ...process.argv.slice(2)]);
const closing = new ClosingLine();
await startVitest(filter, { ...options, watch: false, allowOnly: false, reporters: ['default', closing] });

const good = closing.good && (process.exitCode ?? 0) === 0;
process.stdout.write(`${closing.line}\n`, () => process.exit(good ? 0 : 1));

/** `tidemark run`: one execution of a workflow, with the input that the Step Functions console would take. */
import { readFile } from 'node:fs/promises';
import { buffer } from 'node:stream/consumers';
import { workflows } from '../../local/engine.ts';
import { errnoOf, fail } from '../../src/core/errors.ts';
import { nearest } from '../../src/plan/file/nearest.ts';
import { execute } from '../execution.ts';
import { failureDocument } from '../failure.ts';
import type { Answer, Verb } from '../verb.ts';

export const run: Verb = {
  about: 'runs one workflow, as from the Step Functions console',
  details: `Prints the output of the execution. Workflows: ${workflows.join(', ')}.
The folder events/ has a sample of every input; an event of EventBridge is given
to backup as it is.`,
  operands: ['WORKFLOW'],
  options: { input: { value: 'FILE', about: 'a file with a JSON object; - reads standard input' } },
  examples: [
    ['run restore --input events/restore-one-path.json', 'the very input that operators use'],
    [`run backup --input - <<< '{"cadence":"full"}'`, 'from standard input'],
  ],
  async run(asked): Promise<Answer> {
    const workflow = workflowOf(asked.operands[0]!);
    const given = await readInput(asked.needed('input'));
    const input = workflow === 'backup' && 'detail-type' in given ? { event: given } : given;
    const machine = await asked.open({ create: workflow === 'backup' });
    const { report, failure } = await execute<object>(machine, workflow, input);
    return {
      document: failure ? { ...failureDocument(failure), report } : report,
      text: `${JSON.stringify(report, undefined, 2)}\n`,
      ...(failure && { failure: failure.name }),
    };
  },
};

function workflowOf(name: string): string {
  if ((workflows as readonly string[]).includes(name)) return name;
  const near = nearest(name, workflows);
  return fail('UsageInvalid', `there is no workflow ${JSON.stringify(name)}`, {
    hint: near === undefined ? `Use one of: ${workflows.join(', ')}.` : `Did you mean ${near}?`,
  });
}

async function readInput(file: string): Promise<object> {
  const name = file === '-' ? 'standard input' : file;
  let text: string;
  try {
    text = file === '-' ? (await buffer(process.stdin)).toString('utf8') : await readFile(file, 'utf8');
  } catch (cause) {
    return fail('InputInvalid', `the input ${name} cannot be read: ${errnoOf(cause) ?? String(cause)}`, {
      hint: 'Name a file with --input FILE, or - for standard input.',
      cause,
    });
  }
  const hint = 'See events/ for a sample of every input.';
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  } catch (cause) {
    return fail('InputInvalid', `the input ${name} is not JSON: ${(cause as Error).message}`, { hint, cause });
  }
  return fail('InputInvalid', `the input ${name} is no JSON object`, { hint });
}

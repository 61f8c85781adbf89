/** State machines: every function that a state names is deployed and callable by its role, and no other is. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { functionTable } from '../../../deploy/function-table.ts';
import { logicalName } from '../../../deploy/names.ts';
import { functionOf } from '../../../functions/index.ts';
import { errorTable } from '../../../src/core/errors.ts';
import { accountId } from '../intrinsics.ts';
import { resourcesOfType, root } from '../packaging.ts';
import { isAllowed } from '../policies.ts';
import { type Stacks, statementsOf } from '../stacks.ts';

const workflows = readdirSync(join(root, 'statemachines'))
  .filter((file) => file.endsWith('.asl.json'))
  .map((file) => file.replace('.asl.json', ''));

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
type Fields = { [key: string]: Json };

function definitionOf(workflow: string): Fields {
  return JSON.parse(readFileSync(join(root, `statemachines/${workflow}.asl.json`), 'utf8'));
}

/** Every object in a definition, however deep. */
function* objectsIn(value: Json): Generator<Fields> {
  if (value === null || typeof value !== 'object') return;
  if (!Array.isArray(value)) yield value;
  for (const member of Object.values(value)) yield* objectsIn(member);
}

const tasksOf = (workflow: string): Fields[] =>
  [...objectsIn(definitionOf(workflow))].filter((state) => state.Type === 'Task');
const substitutionOf = (task: Fields): string => /^\$\{(\w+)\}$/.exec(String(task.Resource))![1]!;

/** https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html */
const errorsOfAws =
  /^(States\.(ALL|Timeout|TaskFailed|Permissions|ItemReaderFailed|ResultWriterFailed|ExceedToleratedFailureThreshold|BranchFailed)|Lambda\.\w+|Sandbox\.Timedout)$/;

export function workflowsSuite(stacks: () => Stacks): void {
  const machine = (workflow: string) => stacks().primary.Resources[`${logicalName(workflow)}Workflow`]!.Properties;

  describe('workflows', () => {
    test('every definition is deployed, and nothing else is', () => {
      const deployed = resourcesOfType(stacks().primary, 'AWS::StepFunctions::StateMachine').map(
        ([, { Properties }]) => Properties.StateMachineName,
      );
      expect([...deployed].sort()).toEqual(workflows.map((workflow) => `${stacks().names.prefix}-${workflow}`).sort());
    });

    test.each(workflows)('%s is deployed as it is written, traced and logged', (workflow) => {
      expect(JSON.parse(machine(workflow).DefinitionString)).toEqual(definitionOf(workflow));
      expect(machine(workflow)).toMatchObject({
        StateMachineType: 'STANDARD',
        TracingConfiguration: { Enabled: true },
        LoggingConfiguration: { Level: 'ERROR', IncludeExecutionData: false },
      });
    });

    test.each(workflows)('%s: its substitutions and its role are the functions that its states name', (workflow) => {
      const { resolve, names } = stacks();
      const called = [...new Set(tasksOf(workflow).map(substitutionOf))].sort();
      const arns = called.map(
        (name) => `arn:aws:lambda:${names.vaults[0]!.region}:${accountId}:function:${names.prefix}-${functionOf(name)}`,
      );
      expect(resolve(machine(workflow).DefinitionSubstitutions)).toEqual(
        Object.fromEntries(called.map((name, at) => [name, arns[at]])),
      );
      const role = statementsOf(stacks(), `${logicalName(workflow)}WorkflowRole`);
      const invokable = Object.keys(functionTable)
        .map((name) => `arn:aws:lambda:${names.vaults[0]!.region}:${accountId}:function:${names.prefix}-${name}`)
        .filter((resource) => isAllowed({ action: 'lambda:InvokeFunction', resource, context: {} }, role));
      expect(invokable.sort()).toEqual([...arns].sort());
    });

    test.each(workflows)('%s: its role may look after its own executions only when it fans out', (workflow) => {
      const { names } = stacks();
      const role = statementsOf(stacks(), `${logicalName(workflow)}WorkflowRole`);
      const distributed = [...objectsIn(definitionOf(workflow))].some((state) => state.Mode === 'DISTRIBUTED');
      const states = (resource: string): string => `arn:aws:states:${names.vaults[0]!.region}:${accountId}:${resource}`;
      const may = (action: string, resource: string): boolean => isAllowed({ action, resource, context: {} }, role);
      const own = `${names.prefix}-${workflow}`;
      expect(may('states:StartExecution', states(`stateMachine:${own}`))).toBe(distributed);
      expect(may('states:StopExecution', states(`execution:${own}/Jobs:abc`))).toBe(distributed);
      for (const other of workflows.filter((one) => one !== workflow)) {
        expect(may('states:StartExecution', states(`stateMachine:${names.prefix}-${other}`))).toBe(false);
      }
    });

    test.each(workflows)('%s: a state waits longer than its function may run', (workflow) => {
      for (const task of tasksOf(workflow)) {
        const { timeout } = functionTable[functionOf(substitutionOf(task))!]!;
        expect(Number(task.TimeoutSeconds)).toBeGreaterThan(timeout);
      }
    });

    test.each(workflows)('%s names only errors that exist', (workflow) => {
      const named = [...objectsIn(definitionOf(workflow))].flatMap(({ ErrorEquals, Type, Error: raised }) => [
        ...((ErrorEquals ?? []) as string[]),
        ...(Type === 'Fail' && typeof raised === 'string' ? [raised] : []),
      ]);
      expect(named.length).toBeGreaterThan(0);
      expect(named.filter((name) => !(name in errorTable) && !errorsOfAws.test(name))).toEqual([]);
    });
  });
}

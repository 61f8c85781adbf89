/**
 * Step Functions on one machine: starts executions of the state machines that are deployed and keeps their records. An
 * execution is known by its name: the same name and input is the same execution and not a second one, so a trigger that
 * comes twice does its work once.
 */
import { fail } from '../src/core/errors.ts';
import { canonicalJson, type Json } from '../src/core/json.ts';
import { type Machine, prepare, readDefinition } from './definition.ts';
import { type Execution, type ExecutionDoors, type ExecutionRecord, execute } from './execution.ts';

export type { Execution, ExecutionEvent, ExecutionRecord, ExecutionStatus } from './execution.ts';

export interface EngineOptions extends ExecutionDoors {
  /** The function behind a substitution: `plan-backup` for `PlanBackup`. */
  readonly functionOf: (substitution: string) => string | undefined;
  /** Where the state machines are; the project's own unless told otherwise. */
  readonly definitions?: URL;
}

export interface Engine {
  /** Errors: `ExecutionExists` for a known name with another input; `InputInvalid` for a name that AWS would not take. */
  start(workflow: string, input: Json, name?: string): Execution;
  readonly executions: readonly ExecutionRecord[];
}

export const workflows = ['backup', 'prune', 'verify', 'restore', 'drill'] as const;

export const machineArn = (workflow: string): string => `arn:aws:states:local:000000000000:stateMachine:${workflow}`;

export function createEngine(options: EngineOptions): Engine {
  const { random, functionOf, definitions = new URL('../statemachines/', import.meta.url) } = options;
  const machines = new Map<string, Machine>();
  const known = new Map<string, Execution>();

  const machineOf = (workflow: string): Machine => {
    const machine =
      machines.get(workflow) ?? prepare(readDefinition(new URL(`${workflow}.asl.json`, definitions), functionOf));
    machines.set(workflow, machine);
    return machine;
  };

  return {
    get executions() {
      return [...known.values()].map((execution) => execution.record);
    },
    start(workflow, given, name = `${workflow}-${random.bytes(8).toString('hex')}`) {
      refuseName(name);
      const input = JSON.parse(JSON.stringify(given)) as Json;
      const before = known.get(`${workflow}:${name}`);
      if (before) return same(before, input);
      const execution = execute(workflow, name, input, machineOf(workflow), options);
      known.set(`${workflow}:${name}`, execution);
      return execution;
    },
  };
}

/** AWS answers a name that is still running with the same execution, and one that has ended with an error; here it is the same either way. */
function same(execution: Execution, input: Json): Execution {
  const { workflow, name, input: before } = execution.record;
  if (canonicalJson(before) === canonicalJson(input)) return execution;
  return fail('ExecutionExists', `${workflow} has an execution ${name} already, with another input`, {
    hint: 'Choose another name, or give the same input to get the same execution.',
  });
}

/** https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html */
function refuseName(name: string): void {
  if (/^[\w.+=-]{1,80}$/.test(name)) return;
  fail('InputInvalid', `${JSON.stringify(name)} cannot name an execution`, {
    hint: 'Use 1 to 80 letters, digits, dots, hyphens, underscores, plus and equals signs.',
  });
}

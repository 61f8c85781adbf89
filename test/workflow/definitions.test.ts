/** What every deployed state machine keeps to, read from the files themselves. */
import validate from 'asl-validator';
import { describe, expect, test } from 'vitest';
import { functionNames, functionOf } from '../../functions/index.ts';
import { prepare } from '../../local/definition.ts';
import { workflows } from '../../local/engine.ts';
import { errorTable } from '../../src/core/errors.ts';
import { definitionOf, functionIn, type Node, reachableIn, statesIn, tasksIn, workflowNames } from './definitions.ts';

const all = workflowNames.flatMap((workflow) =>
  statesIn(definitionOf(workflow)).map((placed) => ({ workflow, ...placed })),
);

/** Not Tidemark's own: https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html and bp-lambda-serviceexception */
const serviceErrors = {
  transient: [
    'Lambda.ServiceException',
    'Lambda.AWSLambdaException',
    'Lambda.SdkClientException',
    'Lambda.ClientExecutionTimeoutException',
    'Lambda.TooManyRequestsException',
  ],
  ended: ['Lambda.Unknown', 'Sandbox.Timedout', 'States.Timeout'],
};

const namesOf = (retry: string): string[] =>
  Object.entries(errorTable)
    .filter(([, row]) => row.retry === retry)
    .map(([name]) => name);

test('the five workflows are there', () => {
  expect(workflowNames.toSorted()).toEqual(workflows.toSorted());
});

describe.each(workflowNames)('%s', (workflow) => {
  test('is valid Amazon States Language', () => {
    const { isValid, errorsText } = validate(definitionOf(workflow));
    expect(isValid, errorsText()).toBe(true);
  });

  test('has no state that cannot be reached', () => {
    const machine = definitionOf(workflow);
    expect(reachableIn(machine).toSorted()).toEqual(
      statesIn(machine)
        .map(({ name }) => name)
        .toSorted(),
    );
  });

  test('uses nothing that would be ignored on one machine', () => {
    expect(() => prepare(definitionOf(workflow) as never)).not.toThrow();
    expect(JSON.stringify(definitionOf(workflow))).not.toMatch(
      /"(QueryLanguage|Assign|Arguments|Output|ItemReader|ItemBatcher|ResultWriter|Tolerated\w+)"|\{%/,
    );
  });

  test('says in a comment what it is and promises', () => {
    const machine = definitionOf(workflow);
    expect(machine.Comment.length).toBeGreaterThan(60);
    for (const { name, state } of tasksIn(machine)) expect(state.Comment, name).toMatch(/\w.*[.]$/);
  });

  test('ends in time', () => {
    // a backup may wait two and a half days for a copy to another region
    expect(definitionOf(workflow).TimeoutSeconds).toBeLessThanOrEqual(workflow === 'backup' ? 259_200 : 172_800);
    // Later than Lambda's own end, so that Lambda's error is the one that is seen.
    for (const { name, state } of tasksIn(definitionOf(workflow))) expect(state.TimeoutSeconds, name).toBe(910);
  });
});

test('every state calls a function that is there, and every function but notice-failure is called', () => {
  const called = new Set(
    workflowNames.flatMap((workflow) => tasksIn(definitionOf(workflow)).map(({ state }) => functionIn(state))),
  );
  expect([...called].filter((name) => !functionNames.includes(name as never))).toEqual([]);
  // EventBridge calls it.
  expect(functionNames.filter((name) => !called.has(name))).toEqual(['notice-failure']);
  for (const name of called)
    expect(functionOf(name.replace(/(^|-)(.)/g, (_m, _d, letter) => letter.toUpperCase()))).toBe(name);
});

describe('errors', () => {
  const named = all.flatMap(({ workflow, name, state }) =>
    [...(state.Retry ?? []), ...(state.Catch ?? [])].flatMap((rule: Node) =>
      rule.ErrorEquals.map((error: string) => ({ where: `${workflow}/${name}`, error })),
    ),
  );

  test('every name that is matched on exists', () => {
    const known = [...Object.keys(errorTable), ...serviceErrors.transient, ...serviceErrors.ended, 'States.ALL'];
    expect(named.filter(({ error }) => !known.includes(error))).toEqual([]);
  });

  test('every name that a Fail state gives exists', () => {
    for (const { name, state } of all)
      if (state.Error !== undefined) expect(Object.keys(errorTable), name).toContain(state.Error);
  });

  test('States.ALL stands only in a last Catch, alone', () => {
    for (const { name, state } of all) {
      expect(JSON.stringify(state.Retry ?? []), name).not.toContain('States.ALL');
      for (const [at, rule] of (state.Catch ?? []).entries()) {
        if (rule.ErrorEquals.includes('States.ALL'))
          expect([at, rule.ErrorEquals], name).toEqual([state.Catch.length - 1, ['States.ALL']]);
      }
    }
  });

  test('every function is tried again alike: soon for Lambda, later and once more as the error table says, never otherwise', () => {
    // Room has to be made first, and nobody makes it within minutes.
    const later = namesOf('later').filter((name) => name !== 'StoreFull');
    const once = [...namesOf('maybe'), ...serviceErrors.ended];
    for (const { workflow, name, state } of all) {
      if (state.Type !== 'Task') continue;
      const [lambda, patient, again, ...more] = state.Retry;
      expect(more, `${workflow}/${name}`).toEqual([]);
      expect(lambda).toEqual({
        ErrorEquals: serviceErrors.transient,
        IntervalSeconds: 2,
        BackoffRate: 2,
        MaxAttempts: 6,
        JitterStrategy: 'FULL',
      });
      expect({ ...patient, ErrorEquals: patient.ErrorEquals.toSorted() }, `${workflow}/${name}`).toEqual({
        ErrorEquals: later.toSorted(),
        IntervalSeconds: 5,
        BackoffRate: 2,
        MaxAttempts: 5,
        MaxDelaySeconds: 120,
        JitterStrategy: 'FULL',
      });
      expect({ ...again, ErrorEquals: again.ErrorEquals.toSorted() }, `${workflow}/${name}`).toEqual({
        ErrorEquals: once.toSorted(),
        IntervalSeconds: 3,
        BackoffRate: 2,
        MaxAttempts: 1,
        JitterStrategy: 'FULL',
      });
    }
  });
});

describe('maps', () => {
  test('only the outermost may be distributed: an inner one would hide the name of the error', () => {
    for (const { name, state, maps } of all) {
      if (state.Type !== 'Map') continue;
      const { Mode, ExecutionType } = state.ItemProcessor.ProcessorConfig;
      expect(['INLINE', 'DISTRIBUTED'], name).toContain(Mode);
      expect(state.MaxConcurrency, name).toBeLessThanOrEqual(Mode === 'INLINE' ? 40 : 1000);
      if (Mode === 'DISTRIBUTED')
        expect([maps.length, ExecutionType, state.Label], name).toEqual([0, 'STANDARD', name]);
    }
  });

  test('in a distributed one every function and every map has a Catch, so that no child execution fails', () => {
    for (const { name, state, maps } of all) {
      const inChild = maps.length === 1 && maps[0]!.ItemProcessor.ProcessorConfig.Mode === 'DISTRIBUTED';
      if (inChild && ['Task', 'Map'].includes(state.Type))
        expect(state.Catch?.at(-1)?.ErrorEquals, name).toEqual(['States.ALL']);
      if (inChild) expect(state.Type, name).not.toBe('Fail');
    }
  });

  test('a child execution has another name and start, so neither is asked for inside a map', () => {
    for (const { name, state, maps } of all) {
      const { ItemProcessor: _, ItemSelector: selector, ...own } = state;
      const paths = JSON.stringify(maps.length === 0 ? {} : own).match(/\$\$\.[\w.]+/g) ?? [];
      expect(paths, name).toEqual([]);
      for (const path of JSON.stringify(selector ?? {}).match(/\$\$\.[\w.]+/g) ?? [])
        expect(path, name).toMatch(/^\$\$\.Map\.Item\./);
    }
  });
});

test('every way to a success goes past the function that concludes', () => {
  for (const workflow of workflowNames) {
    const { StartAt, States } = definitionOf(workflow);
    const without = new Set<string>();
    const visit = (name?: string): void => {
      if (name === undefined || without.has(name) || /^Conclude/.test(name)) return;
      without.add(name);
      const { Next, Default, Choices = [], Catch = [] } = States[name];
      for (const next of [Next, Default, ...[...Choices, ...Catch].map((way: Node) => way.Next)]) visit(next);
    };
    visit(StartAt);
    const ends = [...without].filter((name) => States[name].End === true || States[name].Type === 'Succeed');
    expect(ends, workflow).toEqual([]);
  }
});

/** Paths, templates and choices: what they come to, and that another reading of the States Language comes to the same. */
import { StateMachine } from 'aws-local-stepfunctions';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { expressionOf, filled, placed } from '../../local/path.ts';
import type { Node } from './definitions.ts';
import { chain, definitionsOf } from './small.ts';
import { world } from './world.ts';

const scope = (input: unknown) => ({ input: input as never, context: { Execution: { Name: 'n' } } });

test.each([
  ['$', { a: 1 }, { a: 1 }],
  ['$.a.b[1].c-d', { a: { b: [0, { 'c-d': 'x' }] } }, 'x'],
  ['$[0]', ['x'], 'x'],
  ['$.a', { a: null }, null],
  ['$$.Execution.Name', {}, 'n'],
  ["States.Format('{} of {}, {}', $.a, 3, true)", { a: 'x (1, 2)' }, 'x (1, 2) of 3, true'],
  ["States.Format('no place, (none)')", {}, 'no place, (none)'],
  ["States.Format('{}', $.a)", { a: 'C:\\x {} $&' }, 'C:\\x {} $&'],
  ['States.MathAdd($.a, -2)', { a: 1 }, -1],
  ['States.MathAdd(States.ArrayLength($.a), 1)', { a: [1, 2] }, 3],
  ['States.ArrayUnique($.a)', { a: [{ x: 1, y: 2 }, 1, { y: 2, x: 1 }, '1', 1] }, [{ x: 1, y: 2 }, 1, '1']],
])('%s of %j is %j', (expression, input, output) => {
  expect(expressionOf(expression)(scope(input))).toEqual(output);
});

test.each([
  ['$.b', { a: 1 }],
  ['$.a.b', { a: 'text' }],
  ['$.length', [1]],
  ['$.toString', {}],
  ['$[2]', [1]],
  ["States.Format('{} {}', $.a)", { a: 1 }],
  ["States.Format('{}', $.a)", { a: [] }],
  ['States.MathAdd($.a, 1)', { a: '1' }],
  ['States.ArrayLength($.a)', { a: 'abc' }],
  ['States.ArrayUnique($.a)', { a: {} }],
])('%s of %j is past catching', (expression, input) => {
  expect(() => expressionOf(expression)(scope(input))).toThrow(
    expect.objectContaining({ name: 'States.Runtime', terminal: true }),
  );
});

test.each([
  '$.',
  '$a',
  '$.a b',
  '$[-1]',
  '$..a',
  'a',
  '',
  'States.UUID()',
  "States.Format('{}",
  "States.Format('\\'')",
])('%s is refused', (expression) => {
  expect(() => expressionOf(expression)).toThrow(SyntaxError);
});

describe('a result', () => {
  test.each([
    [undefined, { a: 1 }, 2, 2],
    [null, { a: 1 }, 2, { a: 1 }],
    ['$.a', { a: 1, b: 1 }, 2, { a: 2, b: 1 }],
    ['$.x.y', { a: 1 }, 2, { a: 1, x: { y: 2 } }],
    ['$.__proto__', {}, 2, JSON.parse('{"__proto__":2}')],
  ])('at %s of %j: %j', (path, raw, result, output) => {
    expect(placed(path, raw, result)).toEqual(output);
    expect(JSON.stringify(raw)).not.toContain('2');
  });

  test.each([5, 'text', null, [1]])('has no place in %j', (raw) => {
    expect(() => placed('$.a', raw, 2)).toThrow(expect.objectContaining({ name: 'States.ResultPathMatchFailure' }));
  });
});

const leaf = fc.oneof(fc.constantFrom('x', 'y', ''), fc.integer({ min: -3, max: 3 }), fc.boolean(), fc.constant(null));
const payload = fc.record({
  a: leaf,
  b: fc.record({ c: fc.array(leaf, { minLength: 1, maxLength: 3 }), d: leaf }),
  n: fc.integer({ min: -3, max: 3 }),
});
const expression = fc.constantFrom(
  ...['$', '$.a', '$.b', '$.b.c[0]', '$.b.d', '$.n', 'States.ArrayLength($.b.c)', 'States.ArrayUnique($.b.c)'],
  ...['States.MathAdd($.n, 2)', "States.Format('{}-{}', $.n, $.a)", '$.b.c[2]', '$.gone', '$$.Execution.Name'],
);
const { template } = fc.letrec<{ template: Node }>((tie) => ({
  template: fc.oneof(
    { maxDepth: 3 },
    leaf as fc.Arbitrary<unknown> as fc.Arbitrary<Node>,
    fc.dictionary(fc.constantFrom('p.$', 'q.$', 'r.$'), expression, { maxKeys: 2, noNullPrototype: true }),
    fc.dictionary(fc.constantFrom('s', 't'), tie('template'), { maxKeys: 2, noNullPrototype: true }),
    fc.array(tie('template'), { maxLength: 2 }),
  ),
}));
/** Numbers are compared with numbers only: the library would take `true` for 1, Step Functions does not. */
const rule = fc.oneof(
  fc.tuple(
    fc.constantFrom('$.a', '$.b.d', '$.n', '$.b.c[1]'),
    fc.constantFrom<Node>(
      { IsPresent: true },
      { StringEquals: 'x' },
      { BooleanEquals: true },
      { BooleanEquals: false },
    ),
  ),
  fc.tuple(fc.constant('$.n'), fc.constantFrom<Node>({ NumericGreaterThan: 0 }, { NumericGreaterThanEquals: 1 })),
);

test('states hand on what the library makes them hand on', async () => {
  const machine = fc.record({
    parameters: fc.dictionary(fc.constantFrom('u', 'v'), template, { maxKeys: 2, noNullPrototype: true }),
    selectedBy: fc.option(fc.constantFrom('$.b', '$.b.d', '$.gone')),
    resultPath: fc.option(fc.constantFrom('$.n', '$.e.f', null), { nil: undefined }),
    rules: fc.array(rule, { minLength: 1, maxLength: 3 }),
  });
  await fc.assert(
    fc.asyncProperty(machine, payload, async ({ parameters, selectedBy, resultPath, rules }, input) => {
      const definition = chain({
        Choose: {
          Type: 'Choice',
          Choices: rules.map(([Variable, comparison], at) => ({ Variable, ...comparison, Next: `Way${at}` })),
          Default: 'Else',
        },
      });
      const pass = (way: string): Node => ({
        Type: 'Pass',
        Parameters: { ...parameters, way },
        ...(selectedBy !== null && { OutputPath: '$', InputPath: '$' }),
        ...(resultPath !== undefined && { ResultPath: resultPath }),
        End: true,
      });
      delete definition.States.Choose.End;
      for (const at of rules.keys()) definition.States[`Way${at}`] = pass(`${at}`);
      definition.States.Else = { ...pass('else'), ...(selectedBy !== null && { OutputPath: selectedBy }) };
      const theirs = await new StateMachine(definition as never, { validationOptions: { noValidate: true } })
        .run(input as never, { context: { Execution: { Name: 'n' } } })
        .result.then(
          (output) => ({ status: 'SUCCEEDED', output }),
          (error: Error) => ({ status: 'FAILED', error: (error.cause as Error).name }),
        );
      const ours = await world({ definitions: definitionsOf({ m: definition }) }).run('m', input, 'n');
      expect(ours).toMatchObject(theirs);
    }),
    { numRuns: 200 },
  );
});

test('a template is not changed by being filled', () => {
  const given = { 'a.$': '$.a', deep: [{ 'b.$': '$.a' }], 'c.d': 1 };
  const before = structuredClone(given);
  expect(filled(given, scope({ a: 7 }))).toEqual({ a: 7, deep: [{ b: 7 }], 'c.d': 1 });
  expect(given).toEqual(before);
});

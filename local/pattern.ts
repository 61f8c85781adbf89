/**
 * EventBridge event patterns, as far as the rules use them: exact values, `prefix`, `anything-but`, `exists`, nested fields.
 * An operator that is not known here is refused: a rule must not match less on one machine than it does when deployed.
 * https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-patterns.html
 */
import { fail } from '../src/core/errors.ts';
import type { Json } from '../src/core/json.ts';

type Fields = Readonly<Record<string, Json | undefined>>;

/** True when every field of the pattern finds a value in the event. */
export function matchesPattern(pattern: Fields, event: Json | undefined): boolean {
  return Object.entries(pattern).every(([field, wanted]) => {
    const value = isFields(event) ? event[field] : undefined;
    if (Array.isArray(wanted)) return wanted.some((choice: Json) => accepts(choice, value));
    if (isFields(wanted)) return among(value).some((one) => matchesPattern(wanted, one));
    return fail(
      'Unexpected',
      `an event pattern has ${JSON.stringify(wanted)} at ${field}; it takes lists and objects only`,
    );
  });
}

function accepts(choice: Json, value: Json | undefined): boolean {
  if (!isFields(choice)) return among(value).includes(choice);
  const [operator, operand] = Object.entries(choice)[0] ?? [];
  if (operator === 'exists') return (value !== undefined) === operand;
  if (operator === 'prefix') return among(value).some((one) => startsWith(one, operand));
  if (operator === 'anything-but') return among(value).some((one) => one !== undefined && !isExcluded(one, operand));
  return fail('Unexpected', `the event pattern operator ${JSON.stringify(operator)} is not known on one machine`);
}

/** A field that holds a list matches when one of its values does. */
function among(value: Json | undefined): readonly (Json | undefined)[] {
  return Array.isArray(value) ? value : [value];
}

function startsWith(value: Json | undefined, prefix: Json | undefined): boolean {
  return typeof value === 'string' && typeof prefix === 'string' && value.startsWith(prefix);
}

function isExcluded(value: Json, operand: Json | undefined): boolean {
  if (isFields(operand)) return startsWith(value, operand.prefix);
  return among(operand).includes(value);
}

function isFields(value: Json | undefined): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * IAM's decision, as far as Tidemark's policies go: what is not allowed is refused, and a denial anywhere is final.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
 */

export interface Statement {
  readonly Sid?: string;
  readonly Effect: 'Allow' | 'Deny';
  readonly Principal?: unknown;
  readonly Action: string | readonly string[];
  readonly Resource: string | readonly string[];
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>;
}

export interface Request {
  readonly action: string;
  readonly resource: string;
  /** Condition keys, in lower case. */
  readonly context: Readonly<Record<string, string | readonly string[]>>;
}

/** `bucketPolicy` and the like: a policy at the resource, which only denies here. */
export function isAllowed(
  request: Request,
  role: readonly Statement[],
  atResource: readonly Statement[] = [],
): boolean {
  const applies = (statement: Statement): boolean => covers(statement, request);
  if ([...role, ...atResource].some((statement) => statement.Effect === 'Deny' && applies(statement))) return false;
  return role.some((statement) => statement.Effect === 'Allow' && applies(statement));
}

export function listOf<Item>(value: Item | readonly Item[]): readonly Item[] {
  return Array.isArray(value) ? value : [value as Item];
}

function covers(statement: Statement, { action, resource, context }: Request): boolean {
  return (
    listOf(statement.Action).some((pattern) => isLike(pattern.toLowerCase(), action.toLowerCase())) &&
    listOf(statement.Resource).some((pattern) => isLike(pattern, resource)) &&
    Object.entries(statement.Condition ?? {}).every(([operator, keys]) =>
      Object.entries(keys).every(([key, wanted]) => holds(operator, context[key.toLowerCase()], listOf(wanted))),
    )
  );
}

/** `*` is any text and `?` any character. */
function isLike(pattern: string, text: string): boolean {
  const plain = pattern.replace(/[.+^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`^${plain.replaceAll('*', '.*').replaceAll('?', '.')}$`, 's').test(text);
}

/** A key that the request does not have fails a positive operator and passes a negative one. */
function holds(operator: string, given: string | readonly string[] | undefined, wanted: readonly string[]): boolean {
  const values = given === undefined ? [] : listOf(given);
  const one = values[0];
  switch (operator) {
    case 'StringEquals':
    case 'Bool':
      return one !== undefined && wanted.includes(one);
    case 'ForAnyValue:StringEquals':
      return values.some((value) => wanted.includes(value));
    case 'StringNotEquals':
      return one === undefined || !wanted.includes(one);
    case 'ArnEquals':
    case 'ArnLike':
      return one !== undefined && wanted.some((pattern) => isLike(pattern, one));
    case 'ArnNotEquals':
      return one === undefined || !wanted.some((pattern) => isLike(pattern, one));
    case 'NumericLessThan':
      return one !== undefined && Number(one) < Number(wanted[0]);
    case 'Null':
      return (one === undefined) === (wanted[0] === 'true');
    default:
      throw new Error(`the condition operator ${operator} is not known to this test`);
  }
}

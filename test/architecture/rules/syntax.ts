/** TypeScript as a syntax tree, so that the rules see code and never comments or the inside of strings. */
import { parseAst } from 'vitest/node';

export interface Node {
  readonly type: string;
  readonly start: number;
  readonly [member: string]: unknown;
}

export interface Place {
  readonly node: Node;
  readonly parent: Node | undefined;
  /** The member of the parent that holds the node. */
  readonly member: string;
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && typeof (value as Node).type === 'string';
}

export function parse(path: string, text: string): Node {
  try {
    return parseAst(text, { lang: 'ts' }) as unknown as Node;
  } catch (cause) {
    throw new Error(`${path} is no TypeScript: ${(cause as Error).message}`, { cause });
  }
}

/** Every node below `top`, parents first; a node for which `skip` is true is left out with all below it. */
export function* walk(top: Node, skip: (node: Node) => boolean = () => false): Generator<Place> {
  const waiting: Place[] = [{ node: top, parent: undefined, member: '' }];
  for (let place = waiting.pop(); place; place = waiting.pop()) {
    const { node } = place;
    if (skip(node)) continue;
    yield place;
    for (const [member, value] of Object.entries(node)) {
      for (const child of Array.isArray(value) ? value : [value]) {
        if (isNode(child)) waiting.push({ node: child, parent: node, member });
      }
    }
  }
}

/** The text of a string literal, or of a template up to its first expression. */
export function stringOf(value: unknown): { text: string; whole: boolean } | undefined {
  if (!isNode(value)) return undefined;
  if (value.type === 'Literal' && typeof value.value === 'string') return { text: value.value, whole: true };
  if (value.type !== 'TemplateLiteral') return undefined;
  const [first] = value.quasis as { value: { cooked: string } }[];
  return { text: first?.value.cooked ?? '', whole: (value.expressions as unknown[]).length === 0 };
}

export function lineOf(text: string, offset: number): number {
  return text.slice(0, offset).split('\n').length;
}

/** `process.env.HOME` as words, from the root on; stops at anything computed. `undefined` when the root is no name. */
export function chainOf(node: Node): string[] | undefined {
  if (node.type === 'Identifier') return [node.name as string];
  if (node.type === 'MetaProperty') return ['import', 'meta'];
  if (node.type !== 'MemberExpression') return undefined;
  const before = chainOf(node.object as Node);
  const property = node.property as Node;
  if (!before) return undefined;
  const name = node.computed ? stringOf(property)?.text : (property.name as string | undefined);
  return name === undefined ? before : [...before, name];
}

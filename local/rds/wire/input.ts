/**
 * Reads a request of the AWS Query protocol: a form whose names are paths (`Tags.Tag.1.Key=team`). Structures nest at dots,
 * lists are numbered from 1 below the name of their member (https://smithy.io/2.0/aws/protocols/aws-query-protocol.html).
 * A value of the wrong type is refused as the service does.
 */
import { invalidValue, refuse } from './refusal.ts';

type Node = string | { [name: string]: Node };

export interface Tag {
  readonly Key: string;
  readonly Value: string;
}

export interface Filter {
  readonly name: string;
  readonly values: readonly string[];
}

export class Input {
  readonly action: string;
  readonly #root: { [name: string]: Node } = {};

  constructor(body: string) {
    for (const [path, value] of new URLSearchParams(body)) this.#put(path.split('.'), value);
    this.action = this.text('Action') ?? refuse('MissingAction', 'Missing Action');
    if (this.text('Version') !== '2014-10-31') refuse('NoSuchVersion', `Version ${this.text('Version')} is not valid`);
  }

  #put(path: string[], value: string): void {
    let node = this.#root;
    for (const name of path.slice(0, -1)) {
      const next = node[name];
      if (typeof next === 'object') node = next;
      else {
        const made: { [name: string]: Node } = {};
        node[name] = made;
        node = made;
      }
    }
    node[path.at(-1) as string] = value;
  }

  /** The parameters given, by their first names. */
  names(): string[] {
    return Object.keys(this.#root).filter((name) => name !== 'Action' && name !== 'Version');
  }

  has(name: string): boolean {
    return this.#root[name] !== undefined;
  }

  /** An empty string is no value, as most parameters of the service see it. */
  text(name: string): string | undefined {
    const value = this.#root[name];
    if (typeof value === 'object') refuse('MalformedInput', `${name} is not a structure`);
    return value === undefined || value === '' ? undefined : value;
  }

  required(name: string): string {
    return this.text(name) ?? refuse('MissingParameter', `The request must contain the parameter ${name}.`);
  }

  whole(name: string): number | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    if (!/^-?\d+$/.test(text)) refuse('MalformedInput', `${name} must be a whole number`);
    return Number(text);
  }

  flag(name: string): boolean | undefined {
    const text = this.text(name);
    if (text !== undefined && text !== 'true' && text !== 'false')
      refuse('MalformedInput', `${name} must be a boolean`);
    return text === undefined ? undefined : text === 'true';
  }

  time(name: string): Date | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const time = new Date(text);
    if (Number.isNaN(time.getTime())) refuse('MalformedInput', `${name} must be a time`);
    return time;
  }

  texts(name: string): string[] | undefined {
    return this.has(name) ? elements(this.#root[name]).map((element) => String(element)) : undefined;
  }

  tags(name = 'Tags'): Tag[] | undefined {
    if (!this.has(name)) return undefined;
    return elements(this.#root[name]).map((element) => ({ Key: leaf(element, 'Key'), Value: leaf(element, 'Value') }));
  }

  filters(): Filter[] {
    return elements(this.#root.Filters).map((element) => {
      const values = typeof element === 'object' ? elements(element.Values).map(String) : [];
      const name = leaf(element, 'Name');
      if (values.length === 0) invalidValue(`The filter ${name} has no values`);
      return { name, values };
    });
  }
}

/** A list is a structure of one name (of the member), whose names are numbers; or the numbers are there at once. */
function elements(node: Node | undefined): Node[] {
  if (node === undefined || typeof node === 'string') return [];
  const inner = Object.keys(node).every((name) => /^\d+$/.test(name)) ? node : Object.values(node)[0];
  if (typeof inner !== 'object') return [];
  return Object.keys(inner)
    .sort((a, b) => Number(a) - Number(b))
    .map((key) => inner[key] as Node);
}

function leaf(node: Node, name: string): string {
  const value = typeof node === 'object' ? node[name] : undefined;
  return typeof value === 'string' ? value : '';
}

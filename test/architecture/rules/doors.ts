/** Time, randomness, environment and output each enter or leave by one door: who uses another way. */
import { chainOf, lineOf, type Node, parse, stringOf, walk } from './syntax.ts';
import { isIn, type ProjectFile } from './tree.ts';

interface Door {
  /** Names and what begins with them: `process.env` covers `process.env.HOME`. */
  readonly uses: readonly string[];
  /** The only files and folders that may. */
  readonly where: readonly string[];
  readonly instead: string;
}

export const doors: Readonly<Record<string, Door>> = {
  // Time limits of the network (`AbortSignal.timeout`) are no door: they say how long, never when.
  time: {
    uses: [
      ...['Date.now', 'new Date()', 'Date()', 'Temporal.Now', 'performance', 'perf_hooks.performance'],
      ...['setTimeout', 'setInterval', 'timers.setTimeout', 'timers.setInterval', 'timers/promises.setTimeout'],
      ...['timers/promises.setInterval', 'timers/promises.scheduler', 'process.hrtime', 'process.uptime'],
    ],
    where: ['src/core/clock.ts'],
    instead: 'take a Clock',
  },
  randomness: {
    uses: [
      ...['Math.random', 'crypto.randomBytes', 'crypto.randomUUID', 'crypto.randomInt', 'crypto.randomFill'],
      ...['crypto.randomFillSync', 'crypto.getRandomValues', 'crypto.webcrypto', 'crypto.generateKey'],
      ...['crypto.generateKeySync', 'crypto.pseudoRandomBytes'],
    ],
    where: ['src/core/random.ts'],
    instead: 'take a Random',
  },
  environment: {
    uses: ['process.env', 'process.loadEnvFile'],
    where: ['functions/environment.ts', 'cli/', 'local/'],
    instead: 'take the value as a parameter',
  },
  // What a function writes to its standard output is its log.
  output: {
    uses: ['console', 'process.stdout', 'process.stderr'],
    where: ['functions/environment.ts', 'cli/', 'local/'],
    instead: 'take a Log, or a function that writes',
  },
};

/** Rooms of the builders: nothing of theirs is deployed. */
const free = ['test/', 'bench/', 'scripts/'];

interface Use {
  readonly name: string;
  readonly line: number;
}

const plainModule = (specifier: string): string => specifier.replace(/^node:/, '');

/** Names under which parts of built-in modules are known in this file: `sleep` -> `timers/promises.setTimeout`. */
function importedNames(program: Node): Map<string, { name: string; start: number }> {
  const names = new Map<string, { name: string; start: number }>();
  for (const statement of program.body as Node[]) {
    if (statement.type !== 'ImportDeclaration' || statement.importKind === 'type') continue;
    const module = plainModule(stringOf(statement.source)?.text ?? '');
    for (const specifier of statement.specifiers as Node[]) {
      const local = (specifier.local as { name: string }).name;
      const imported = (specifier.imported as { name?: string } | undefined)?.name;
      names.set(local, {
        name: imported && imported !== 'default' ? `${module}.${imported}` : module,
        start: specifier.start,
      });
    }
  }
  return names;
}

/** Positions where a word is a label and not a use of what it names. */
function isLabel(parent: Node | undefined, member: string): boolean {
  if (!parent) return false;
  if (member === 'property' || member === 'key') return !parent.computed && !(member === 'key' && parent.shorthand);
  return /^(Import|Export).*Specifier$|^TS(?!As|Satisfies|NonNull)/.test(parent.type);
}

/** Every name that the code uses, resolved through its imports and without `globalThis`. */
export function usesOf({ path, text }: ProjectFile): Use[] {
  const program = parse(path, text);
  const imported = importedNames(program);
  const uses: Use[] = [...imported.values()].map(({ name, start }) => ({ name, line: lineOf(text, start) }));
  const add = (node: Node, chain: readonly string[]): void => {
    const [first = '', ...rest] = chain[0] === 'globalThis' ? chain.slice(1) : chain;
    uses.push({ name: [imported.get(first)?.name ?? first, ...rest].join('.'), line: lineOf(text, node.start) });
  };
  for (const { node, parent, member } of walk(program, ({ type }) => type === 'TSTypeQuery')) {
    const inner = parent?.type === 'MemberExpression' && member === 'object';
    if ((node.type === 'Identifier' || node.type === 'MemberExpression') && !inner && !isLabel(parent, member)) {
      const chain = chainOf(node);
      if (chain) add(node, chain);
      if (chain && member === 'init') for (const part of destructured(parent?.id as Node)) add(node, [...chain, part]);
    }
    if (node.type === 'NewExpression' || node.type === 'CallExpression') {
      const bare =
        chainOf(node.callee as Node)
          ?.join('.')
          .replace(/^globalThis\./, '') === 'Date';
      const now = node.type === 'CallExpression' || (node.arguments as unknown[]).length === 0;
      if (bare && now) add(node, [node.type === 'NewExpression' ? 'new Date()' : 'Date()']);
    }
  }
  return uses;
}

/** `const { env, stdout: out } = process` uses `process.env` and `process.stdout`. */
function destructured(pattern: Node): string[] {
  if (pattern.type !== 'ObjectPattern') return [];
  return (pattern.properties as Node[]).flatMap(({ key }) => (key as { name?: string } | undefined)?.name ?? []);
}

export function doorViolations(file: ProjectFile): string[] {
  if (isIn(file.path, free)) return [];
  const uses = usesOf(file);
  const lines = Object.entries(doors).flatMap(([door, { uses: names, where, instead }]) => {
    if (isIn(file.path, where)) return [];
    return uses
      .filter(({ name }) => names.some((one) => name === one || name.startsWith(`${one}.`)))
      .map(
        ({ name, line }) => `${file.path}:${line} uses ${name}: ${door} enters by ${where.join(', ')} only; ${instead}`,
      );
  });
  return [...new Set(lines)];
}

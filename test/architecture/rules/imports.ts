/**
 * What a file refers to: imports and re-exports (types count), dynamic imports, `require`, `new URL('./x.ts', ...)` and
 * any string that names a source file beside it, as workers and child processes are started that way.
 */
import { posix } from 'node:path';
import { chainOf, lineOf, type Node, parse, stringOf, walk } from './syntax.ts';
import type { ProjectFile } from './tree.ts';

export interface Reference {
  readonly from: string;
  readonly line: number;
  /** A path of the project, or a package as it is written; `undefined` when it is made up at run time. */
  readonly to: string | undefined;
  readonly kind: 'import' | 'type' | 'dynamic' | 'require' | 'path';
}

/** Packages of this project that are folders of this project. */
const ownPackages: Readonly<Record<string, string>> = { tidemark: 'cli/main.ts' };

export function isPackage(to: string): boolean {
  return !to.includes('/') || to.startsWith('@') || to.startsWith('node:') || !/\.(ts|json)$/.test(to);
}

/** `@aws-sdk/client-s3/dist/x` as `@aws-sdk/client-s3`. */
export function packageName(specifier: string): string {
  return specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
}

/** `exists` tells which strings such as `worker.ts` are files beside the one that has them. */
export function referencesOf(
  { path, text }: ProjectFile,
  exists: (path: string) => boolean = () => false,
): Reference[] {
  const found: Reference[] = [];
  const add = (node: Node, specifier: string | undefined, kind: Reference['kind']): void => {
    found.push({ from: path, line: lineOf(text, node.start), to: specifier && resolve(path, specifier), kind });
  };
  for (const { node, parent } of walk(parse(path, text))) {
    const direct = directReference(node);
    if (direct) add(node, direct.specifier, direct.kind);
    else if (!(parent && directReference(parent))) {
      const said = stringOf(node)?.text;
      if (said && isBeside(path, said, exists)) add(node, said.startsWith('.') ? said : `./${said}`, 'path');
    }
  }
  return found.sort((one, other) => one.line - other.line);
}

function directReference(node: Node): { specifier: string | undefined; kind: Reference['kind'] } | undefined {
  switch (node.type) {
    case 'ImportDeclaration':
    case 'ExportNamedDeclaration':
    case 'ExportAllDeclaration': {
      const specifier = stringOf(node.source)?.text;
      const type = (node.importKind ?? node.exportKind) === 'type';
      return specifier === undefined ? undefined : { specifier, kind: type ? 'type' : 'import' };
    }
    case 'TSImportType':
      return { specifier: stringOf(node.source ?? (node.argument as Node | undefined)?.literal)?.text, kind: 'type' };
    case 'ImportExpression':
      return { specifier: stringOf(node.source)?.text || undefined, kind: 'dynamic' };
    case 'CallExpression':
      return isRequire(node.callee as Node)
        ? { specifier: stringOf((node.arguments as Node[])[0])?.text || undefined, kind: 'require' }
        : undefined;
    default:
      return undefined;
  }
}

/** `require(x)`, `require.resolve(x)`, `createRequire(import.meta.url)(x)`, `import.meta.resolve(x)`. */
function isRequire(callee: Node): boolean {
  const chain = chainOf(callee)?.join('.');
  if (chain === 'require' || chain === 'require.resolve' || chain === 'import.meta.resolve') return true;
  return callee.type === 'CallExpression' && chainOf(callee.callee as Node)?.at(-1) === 'createRequire';
}

function isBeside(path: string, said: string, exists: (path: string) => boolean): boolean {
  if (!/^[\w./@-]+\.ts$/.test(said)) return false;
  return /^\.\.?\//.test(said) || exists(posix.join(posix.dirname(path), said));
}

function resolve(from: string, specifier: string): string {
  if (!specifier.startsWith('.')) return ownPackages[specifier] ?? specifier;
  return posix.join(posix.dirname(from), specifier);
}

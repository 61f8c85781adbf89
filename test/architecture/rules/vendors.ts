/** Packages stay in their adapters, and every package that is used is declared. */
import { builtinModules } from 'node:module';
import { isPackage, packageName, type Reference } from './imports.ts';
import { isIn } from './tree.ts';

/** The only places that make clients. */
const makers = ['functions/dependencies.ts', 'functions/dependencies/'];

/** Where a package may be imported; what is not listed may be used anywhere. Types count. */
export const vendors: readonly { readonly packages: RegExp; readonly where: readonly string[] }[] = [
  { packages: /^@aws-sdk\/client-s3$/, where: ['src/storage/s3.ts', 'src/storage/s3/', ...makers] },
  { packages: /^@aws-sdk\/client-sns$/, where: ['src/alerts/sns.ts', ...makers] },
  { packages: /^@aws-sdk\/client-rds$/, where: ['src/sources/rds/', ...makers] },
  { packages: /^(@aws-sdk|@smithy)\//, where: makers },
  { packages: /^pg(-.*)?$/, where: ['src/sources/postgres.ts', 'src/sources/postgres/', 'local/start/'] },
  { packages: /^isomorphic-git$/, where: ['src/sources/git.ts', 'src/sources/git/', 'local/start/'] },
  { packages: /^koffi$/, where: ['src/sources/files/'] },
  { packages: /^@pg-ts\//, where: ['local/start/'] },
  { packages: /^yaml$/, where: ['src/plan/', 'deploy/', 'local/'] },
  { packages: /^@middy\//, where: ['functions/handler.ts'] },
  { packages: /^aws-local-stepfunctions$/, where: ['local/'] },
];

const free = ['test/', 'bench/', 'scripts/'];
const builtin = new Set(builtinModules);

function packagesOf(references: readonly Reference[]): { from: string; line: number; name: string; type: boolean }[] {
  return references.flatMap(({ from, line, to, kind }) => {
    if (to === undefined || !isPackage(to) || to.startsWith('node:') || builtin.has(to)) return [];
    return [{ from, line, name: packageName(to), type: kind === 'type' }];
  });
}

export function vendorViolations(references: readonly Reference[]): string[] {
  return packagesOf(references).flatMap(({ from, line, name }) => {
    if (isIn(from, free)) return [];
    const rule = vendors.find(({ packages }) => packages.test(name));
    if (!rule || isIn(from, rule.where)) return [];
    return [`${from}:${line} imports ${name}: only ${rule.where.join(', ')} may`];
  });
}

export interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

/** What runs for users comes from `dependencies`; tests, scripts and types may come from `devDependencies` too. */
export function undeclaredPackages(references: readonly Reference[], manifest: Manifest): string[] {
  const shipped = { ...manifest.dependencies, ...manifest.optionalDependencies };
  const all = { ...shipped, ...manifest.devDependencies };
  return packagesOf(references).flatMap(({ from, line, name, type }) => {
    const builders = type || isIn(from, free) || !from.includes('/');
    const known = builders ? name in all || `@types/${name}` in all : name in shipped;
    return known
      ? []
      : [`${from}:${line} imports ${name}, which package.json does not declare${builders ? '' : ' in dependencies'}`];
  });
}

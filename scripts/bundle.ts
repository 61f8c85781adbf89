/**
 * Bundles the Lambda functions: one folder and one archive each, under `.build/`. Every archive holds the minified module,
 * its source map and the plan file, and nothing that the function does not import.
 *
 *   node scripts/bundle.ts [--plan backup-plan.yml] [--out .build]
 */
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { build, type Plugin } from 'esbuild';
import { functionNames } from '../deploy/function-table.ts';
import { planFile } from '../deploy/names.ts';
import { zip } from './zip.ts';

export interface BundleOptions {
  readonly functions: readonly string[];
  readonly root: string;
  readonly plan: string;
  readonly out: string;
}

export interface Bundle {
  readonly name: string;
  readonly folder: string;
  readonly archive: string;
  /** Bytes of JavaScript; the source map is not counted, as it is read only when an error is. */
  readonly bytes: number;
}

/** CommonJS packages inside an ES module bundle still call `require`. */
const banner =
  "import{createRequire as tidemarkRequire}from'node:module';const require=tidemarkRequire(import.meta.url);";

export async function bundle(options: BundleOptions): Promise<readonly Bundle[]> {
  const plan = await readFile(options.plan);
  return Promise.all(options.functions.map((name) => bundleOne(name, plan, options)));
}

/** For Node the package offers CommonJS alone, of which nothing can be left out; its ES module is half the size in use. */
const treeOfGit: Plugin = {
  name: 'tree-of-git',
  setup({ onResolve, resolve }) {
    onResolve({ filter: /^isomorphic-git$/ }, async ({ path: name, pluginData, ...from }) => {
      if (pluginData === 'resolved') return undefined;
      const found = await resolve(name, { ...from, pluginData: 'resolved' });
      return { ...found, path: found.path.replace(/index\.cjs$/, 'index.js'), sideEffects: false };
    });
  },
};

/** Every function, from the project's own plan into its own `.build`. */
export function bundleAll(root: string): Promise<readonly Bundle[]> {
  return bundle({ functions: functionNames, root, plan: path.join(root, planFile), out: path.join(root, '.build') });
}

async function bundleOne(name: string, plan: Buffer, { root, out }: BundleOptions): Promise<Bundle> {
  const folder = path.join(out, name);
  const result = await build({
    absWorkingDir: root,
    entryPoints: { index: path.join(root, 'functions', `${name}.ts`) },
    outdir: folder,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    minify: true,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    // What a function imports only when it needs it (a kind of source, a store) stays apart and costs nothing until then.
    splitting: true,
    chunkNames: '[name]-[hash]',
    mainFields: ['module', 'main'],
    banner: { js: banner },
    sourcemap: 'linked',
    sourcesContent: false,
    legalComments: 'none',
    // Native and optional: EFS knows no extended attributes, and times are kept to the microsecond without it.
    external: ['koffi'],
    alias: {
      '@aws-sdk/credential-provider-node': path.join(root, 'scripts/lambda/credentials.ts'),
      bowser: path.join(root, 'scripts/lambda/nothing.ts'),
    },
    plugins: [treeOfGit],
    write: false,
    logLevel: 'silent',
  });
  const files = [
    ...result.outputFiles.map((file) => ({ name: path.relative(folder, file.path), bytes: file.contents })),
    { name: 'backup-plan.yml', bytes: plan },
  ];
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  for (const file of files) await writeFile(path.join(folder, file.name), file.bytes);
  const archive = path.join(out, `${name}.zip`);
  // Renamed into place, so that nobody who packages at the same time sees half an archive.
  await writeFile(`${archive}.new`, zip(files));
  await rename(`${archive}.new`, archive);
  const bytes = files.filter((file) => file.name.endsWith('.mjs')).reduce((sum, file) => sum + file.bytes.length, 0);
  return { name, folder, archive, bytes };
}

if (import.meta.main) {
  const root = path.resolve(import.meta.dirname, '..');
  const { values } = parseArgs({ options: { plan: { type: 'string' }, out: { type: 'string' } } });
  const bundles = await bundle({
    functions: functionNames,
    root,
    plan: path.resolve(values.plan ?? path.join(root, planFile)),
    out: path.resolve(values.out ?? path.join(root, '.build')),
  });
  for (const { name, bytes } of bundles) console.log(`${name.padEnd(18)} ${(bytes / 1000).toFixed(0).padStart(5)} kB`);
}

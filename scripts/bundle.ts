/**
 * Bundles the Lambda functions: one folder and one archive each, under `.build/`. Every archive holds the minified module,
 * its source map and the plan file, and nothing that the function does not import.
 *
 *   node scripts/bundle.ts [--plan backup-plan.yml] [--out .build]
 */
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';
import { functionNames } from '../deploy/functions.ts';
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
const banner = "import{createRequire as tidemarkRequire}from'node:module';const require=tidemarkRequire(import.meta.url);";

export async function bundle(options: BundleOptions): Promise<readonly Bundle[]> {
  const plan = await readFile(options.plan);
  return Promise.all(options.functions.map((name) => bundleOne(name, plan, options)));
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
    mainFields: ['module', 'main'],
    banner: { js: banner },
    sourcemap: 'external',
    sourcesContent: false,
    legalComments: 'none',
    // Native, optional, and of no use on Lambda, where extended attributes cannot be set.
    external: ['koffi'],
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

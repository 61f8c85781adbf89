/**
 * How large each function's bundle is, and how long a fresh process takes to load it: what a cold start pays before the
 * handler runs. The median of five loads.
 *
 *   node scripts/measure-bundles.ts           prints the table
 *   node scripts/measure-bundles.ts --check   fails above 1 MB or 200 ms
 */
import { execFile } from 'node:child_process';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { bundleAll } from './bundle.ts';

export const most = { bytes: 1_000_000, milliseconds: 200 };
const loads = 5;

const run = promisify(execFile);
const loader = `const start = performance.now(); await import(process.argv[1]); console.log(performance.now() - start);`;

async function loadTime(module: string): Promise<number> {
  const times: number[] = [];
  for (let at = 0; at < loads; at += 1) {
    const { stdout } = await run(process.execPath, [
      '--enable-source-maps',
      '--input-type=module',
      '--eval',
      loader,
      pathToFileURL(module).href,
    ]);
    times.push(Number(stdout));
  }
  return times.sort((a, b) => a - b)[Math.floor(loads / 2)]!;
}

const { values } = parseArgs({ options: { check: { type: 'boolean', default: false } } });
const tooMuch: string[] = [];
for (const { name, folder, bytes } of await bundleAll(path.resolve(import.meta.dirname, '..'))) {
  const milliseconds = await loadTime(path.join(folder, 'index.mjs'));
  console.log(
    `${name.padEnd(18)} ${(bytes / 1000).toFixed(0).padStart(5)} kB ${milliseconds.toFixed(0).padStart(5)} ms`,
  );
  if (bytes > most.bytes || milliseconds > most.milliseconds) tooMuch.push(name);
}
if (values.check && tooMuch.length > 0) {
  console.error(`above ${most.bytes / 1000} kB or ${most.milliseconds} ms: ${tooMuch.join(', ')}`);
  process.exitCode = 1;
}

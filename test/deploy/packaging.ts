/** Packages a stack as anybody would, without credentials and without a way out, and reads the template. */
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

export const root = fileURLToPath(new URL('../../', import.meta.url));

export interface Resource {
  readonly Type: string;
  // biome-ignore lint/suspicious/noExplicitAny: a template has as many shapes as AWS has resources
  readonly Properties: any;
  readonly DeletionPolicy?: string;
  readonly UpdateReplacePolicy?: string;
}

export interface Template {
  readonly Resources: Readonly<Record<string, Resource>>;
  readonly Outputs: Readonly<Record<string, { readonly Value: unknown }>>;
}

const run = promisify(execFile);

export async function packageStack(config: string, ...more: readonly string[]): Promise<Template> {
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-package-'));
  try {
    const osls = join(root, 'node_modules/serverless/bin/serverless.js');
    await run(process.execPath, [osls, 'package', '--config', config, '--package', folder, ...more], {
      cwd: root,
      // Nothing of AWS in the environment, and a proxy that nobody listens on: whoever wants out fails.
      env: {
        PATH: process.env.PATH,
        HOME: folder,
        HTTPS_PROXY: 'http://127.0.0.1:9',
        HTTP_PROXY: 'http://127.0.0.1:9',
      },
    }).catch((error: { stdout?: string; stderr?: string }) => {
      throw new Error(`serverless package failed:\n${error.stderr}\n${error.stdout}`);
    });
    return JSON.parse(readFileSync(join(folder, 'cloudformation-template-update-stack.json'), 'utf8'));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export function resourcesOfType(template: Template, type: string): readonly (readonly [string, Resource])[] {
  return Object.entries(template.Resources).filter(([, resource]) => resource.Type === type);
}

/** Tidemark's engine alone, without plan and workflow: what the command line adds is the difference. */
import path from 'node:path';
import { measured } from '../process.ts';
import type { MeasuredVault, Program } from './program.ts';

const script = path.join(import.meta.dirname, '..', 'engine.ts');

export function engine(version: string): Program {
  return { name: 'engine', version, note: 'no plan, no workflow', newVault };
}

async function newVault(place: string, folder: string): Promise<MeasuredVault> {
  const run = (...args: readonly string[]) => measured({ program: process.execPath, args: [script, ...args] });
  return {
    place,
    async backup(files) {
      const { cost, stdout } = await run('backup', place, folder);
      const said = JSON.parse(stdout) as { files: number; problems: number };
      if (said.files !== files || said.problems !== 0)
        throw new Error(`the engine says ${stdout}, there are ${files} files`);
      return cost;
    },
    restore: async (target) => (await run('restore', place, target)).cost,
    verify: async () => (await run('verify', place)).cost,
  };
}

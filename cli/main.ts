#!/usr/bin/env node
/** The door of the command line: arguments, output, colours and the exit code. Everything else is in program.ts. */
import { once } from 'node:events';
import { enableCompileCache } from 'node:module';

// Does nothing where tidemark.js has begun to keep what is compiled.
enableCompileCache();
const { program } = await import('./program.ts');

const { stdout, stderr, env } = process;

// A reader that has seen enough (`| head`) is no failure of ours.
for (const stream of [stdout, stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0);
    throw error;
  });
}

process.exitCode = await program(process.argv.slice(2), {
  async out(chunk) {
    if (!stdout.write(chunk)) await once(stdout, 'drain');
  },
  err: (text) => void stderr.write(text),
  colours: Boolean(stderr.isTTY) && !env.NO_COLOR,
  debug: env.TIDEMARK_LOG === 'debug',
});

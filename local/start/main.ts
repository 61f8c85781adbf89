/**
 * What `npm start` runs: Tidemark from the first backup to the proven restore, on real data and through the deployed state
 * machines, in a folder of its own. Whatever happens, the database server is stopped and the folder is gone at the end.
 */
import { asTidemarkError } from '../../src/core/errors.ts';
import { redact } from '../../src/core/log.ts';
import { help, type Options, readOptions } from './options.ts';
import { tellOwn } from './own-story.ts';
import { tellSample } from './sample/story.ts';
import { type Summary, summaryText } from './summary.ts';
import { createTeller } from './teller.ts';
import { makeWorkspace } from './workspace.ts';

const interrupted = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

async function main(): Promise<number> {
  const options = readOptions(process.argv.slice(2));
  if (options.help) {
    process.stdout.write(help);
    return 0;
  }
  return tell(options);
}

async function tell({ own, keep, quick }: Options): Promise<number> {
  const colours = process.stdout.isTTY === true && process.env.NO_COLOR === undefined;
  const teller = createTeller((text) => void process.stdout.write(text), colours);
  const workspace = makeWorkspace();
  const endings: (() => Promise<void>)[] = [];
  const stopped = Promise.withResolvers<keyof typeof interrupted>();
  for (const signal of Object.keys(interrupted) as (keyof typeof interrupted)[]) {
    process.on(signal, () => stopped.resolve(signal));
  }
  teller.line(`everything happens in ${workspace.folder}`);
  try {
    const doors = { workspace, teller, colours, atTheEnd: (finish: () => Promise<void>) => void endings.push(finish) };
    const story = own ? tellOwn(doors, own, keep) : tellSample(doors, quick);
    story.catch(() => {}); // told below, unless an interruption came first
    const outcome: Summary | keyof typeof interrupted = await Promise.race([story, stopped.promise]);
    if (typeof outcome === 'string') {
      teller.hush();
      process.stderr.write(`\nInterrupted (${outcome}); cleaning up.\n`);
      return interrupted[outcome];
    }
    teller.chapter(summaryText(outcome, teller.seconds()));
    return 0;
  } finally {
    for (const finish of endings.reverse()) await finish().catch(explain);
    if (keep) process.stdout.write(`\nKept: ${workspace.folder}\n`);
    else await workspace.remove().catch(explain);
  }
}

function explain(error: unknown): number {
  const { name, message, hint, exitCode, cause } = asTidemarkError(error);
  process.stderr.write(`\n${redact(`${name}: ${message}`)}\n${hint === undefined ? '' : `${redact(hint)}\n`}`);
  if (name === 'Unexpected' && process.env.TIDEMARK_LOG === 'debug')
    process.stderr.write(`${String((cause as Error)?.stack)}\n`);
  return exitCode;
}

process.exit(await main().catch(explain));

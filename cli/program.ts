/** The program: from the words of the command line to output and an exit code. Whatever happens ends as one of the two. */
import { asTidemarkError, errorTable, fail } from '../src/core/errors.ts';
import { nearest } from '../src/plan/file/nearest.ts';
import { type Given, readArguments, splitVerb } from './arguments.ts';
import { failureDocument, failureText } from './failure.ts';
import { programHelp, verbHelp } from './help.ts';
import { createProgress } from './progress.ts';
import type { Answer, Asked, Verb } from './verb.ts';
import { verbs } from './verbs.ts';

export interface Outlet {
  /** Resolves when it was taken. */
  out(chunk: string | Uint8Array): Promise<void>;
  err(text: string): void;
  readonly colours: boolean;
  readonly debug: boolean;
}

/** Resolves to the exit code and never rejects because of what was asked. */
export async function program(words: readonly string[], outlet: Outlet): Promise<number> {
  const json = words.includes('--json');
  try {
    const { verb: name, rest } = splitVerb(words);
    if (name === undefined) return await withoutVerb(words, outlet);
    const verb = Object.hasOwn(verbs, name) ? verbs[name]! : unknownVerb(name);
    const given = readArguments(name, verb, rest);
    if (given.flag('help')) {
      await outlet.out(verbHelp(name, verb));
      return 0;
    }
    const answer = await verb.run(asked(given, outlet));
    await print(answer, given.flag('json'), outlet);
    return answer.failure === undefined ? 0 : errorTable[answer.failure].exit;
  } catch (raised) {
    const error = asTidemarkError(raised);
    outlet.err(failureText(error, outlet.debug));
    if (json) await outlet.out(`${JSON.stringify(failureDocument(error))}\n`);
    return error.exitCode;
  }
}

async function withoutVerb(words: readonly string[], outlet: Outlet): Promise<number> {
  const given = readArguments('tidemark', { options: { version: { about: 'the version' } } }, words);
  if (given.flag('version')) {
    const { default: about } = await import('./package.json', { with: { type: 'json' } });
    await outlet.out(`tidemark ${about.version}\n`);
    return 0;
  }
  if (given.flag('help')) {
    await outlet.out(programHelp(verbs));
    return 0;
  }
  return fail('UsageInvalid', 'a verb is missing', {
    hint: `Use one of: ${Object.keys(verbs).join(', ')}. See \`tidemark --help\`.`,
  });
}

function unknownVerb(name: string): Verb {
  const near = nearest(name, Object.keys(verbs));
  return fail('UsageInvalid', `there is no verb ${JSON.stringify(name)}`, {
    hint: near === undefined ? 'See `tidemark --help`.' : `Did you mean \`tidemark ${near}\`?`,
  });
}

function asked(given: Given, { err, colours }: Outlet): Asked {
  return {
    ...given,
    async open({ create = false } = {}) {
      const { openMachine } = await import('../local/machine.ts');
      const lineOf = createProgress();
      return openMachine({
        planFile: given.text('plan') ?? 'backup-plan.yml',
        create,
        colours,
        write: err,
        ...(!given.flag('json') && {
          onEvent: (event) => {
            const line = lineOf(event);
            if (line !== undefined) err(line);
          },
        }),
      });
    },
  };
}

async function print({ document, text, content }: Answer, json: boolean, { out }: Outlet): Promise<void> {
  if (json) return out(`${JSON.stringify(document)}\n`);
  if (!content) return out(text);
  for await (const chunk of content) await out(chunk);
}

/** What `--help` says: what a verb is for, then how it looks when it is used, then every option. */
import { commonOptions } from './arguments.ts';
import type { Option, Verb } from './verb.ts';

export function programHelp(verbs: Readonly<Record<string, Verb>>): string {
  const width = Math.max(...Object.keys(verbs).map((name) => name.length));
  return `tidemark VERB [--plan FILE] [--json]

Backups of files, databases and Git repositories, restored whole, and proven to
be. What is protected, how often, where and for how long: see backup-plan.yml.

Verbs:
${Object.entries(verbs)
  .map(([name, { about }]) => `  ${name.padEnd(width)}  ${about}`)
  .join('\n')}

The first day:
  tidemark backup                                      # everything in the plan
  tidemark snapshots                                   # what can be restored
  tidemark restore --source user-data --target ./back  # and compares
  tidemark prune --dry-run                             # what would go, and why

tidemark VERB --help explains one verb. The exit code is 0 only when everything
asked for was done; docs/errors.md lists the others. The passphrase of a sealed
vault is read from TIDEMARK_PASSPHRASE. TIDEMARK_LOG=debug shows more.
`;
}

export function verbHelp(name: string, { about, details, options, operands = [], examples }: Verb): string {
  const usage = Object.entries(options).map(([option, { value, many }]) => {
    return `[--${option}${value === undefined ? '' : ` ${value}`}]${many ? '...' : ''}`;
  });
  const width = Math.max(...examples.map(([line]) => line.length));
  const narrow = examples.every(([, meaning]) => '  tidemark '.length + width + '  # '.length + meaning.length <= 80);
  const example = ([line, meaning]: readonly [string, string]): string =>
    narrow ? `  tidemark ${line.padEnd(width)}  # ${meaning}` : `  # ${meaning}\n  tidemark ${line}`;
  return `${wrapped('', ['tidemark', name, ...operands, ...usage], '    ')}

${about[0]!.toUpperCase()}${about.slice(1)}.
${wrapped(details)}

Examples:
${examples.map(example).join('\n')}

Options:
${optionLines({ ...options, ...commonOptions })}
`.replace(/ +$/gm, '');
}

function optionLines(options: Readonly<Record<string, Option>>): string {
  const lines = Object.entries(options).map(([option, { value, about }]) => ({
    flag: `--${option}${value === undefined ? '' : ` ${value}`}`,
    about,
  }));
  const width = Math.max(...lines.map(({ flag }) => flag.length));
  return lines.map(({ flag, about }) => `  ${flag.padEnd(width)}  ${about}`).join('\n');
}

/** Lines of at most 80 columns. */
function wrapped(text: string, parts = text.split(/\s+/), indent = ''): string {
  return parts.reduce((lines, part) => {
    const last = lines.length - (lines.lastIndexOf('\n') + 1);
    return last + part.length + 1 > 80 ? `${lines}\n${indent}${part}` : `${lines} ${part}`;
  });
}

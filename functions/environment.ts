/**
 * The surroundings of deployed code: the only reader of environment variables and the only writer of lines. Lambda collects
 * what goes to standard output.
 */
import * as z from 'zod';
import { fail } from '../src/core/errors.ts';

const variables = z.object({
  /** Where the plan is; a deployed function carries it beside its code. */
  TIDEMARK_PLAN: z.string().optional(),
  TIDEMARK_LOG: z.enum(['debug', 'info', 'warn', 'error']).default('info'),
  /** ARN of the topic that alerts go to. */
  TIDEMARK_ALERT_TOPIC: z.string().optional(),
  /** Of a vault that is sealed with one; or the name of the secret that holds it. */
  TIDEMARK_PASSPHRASE: z.string().optional(),
  TIDEMARK_PASSPHRASE_SECRET: z.string().optional(),
  LAMBDA_TASK_ROOT: z.string().default('.'),
  AWS_SESSION_TOKEN: z.string().optional(),
  /** Of the AWS Parameters and Secrets extension. */
  PARAMETERS_SECRETS_EXTENSION_HTTP_PORT: z.coerce.number().int().positive().default(2773),
});

export interface Environment {
  readonly planFile: string;
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error';
  readonly alertTopic: string | undefined;
  readonly passphrase: string | undefined;
  readonly passphraseSecret: string | undefined;
  readonly secrets: { readonly token: string; readonly port: number };
  /** The only place that a function may write to; it is gone when the function's environment is. */
  readonly scratch: string;
}

export function readEnvironment(given: Readonly<Record<string, string | undefined>> = process.env): Environment {
  const read = variables.safeParse(given);
  if (!read.success) {
    return fail('UsageInvalid', `an environment variable is wrong: ${z.prettifyError(read.error)}`, {
      hint: 'Look at the environment in serverless.yml.',
    });
  }
  const of = read.data;
  return {
    planFile: of.TIDEMARK_PLAN ?? `${of.LAMBDA_TASK_ROOT}/backup-plan.yml`,
    logLevel: of.TIDEMARK_LOG,
    alertTopic: of.TIDEMARK_ALERT_TOPIC,
    passphrase: of.TIDEMARK_PASSPHRASE,
    passphraseSecret: of.TIDEMARK_PASSPHRASE_SECRET,
    secrets: { token: of.AWS_SESSION_TOKEN ?? '', port: of.PARAMETERS_SECRETS_EXTENSION_HTTP_PORT },
    scratch: '/tmp/tidemark',
  };
}

export function writeLine(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** What may differ from one deployment to the next and is no matter of the plan: the `params` at the top of `serverless.yml`. */
import { fail } from '../src/core/errors.ts';

export interface Settings {
  readonly tracing: boolean;
  readonly logRetentionDays: number;
  /** Where functions that touch a source run, when the source is in a VPC. */
  readonly network: { readonly subnets: readonly string[]; readonly securityGroups: readonly string[] } | undefined;
  /** The file system that `files` sources are on. */
  readonly fileSystem: { readonly accessPoint: string; readonly path: string } | undefined;
  /** Layer with `pg_dump`, `pg_dumpall` and `pg_restore`. */
  readonly databaseTools: string | undefined;
  /** Name of the secret with the passphrase of a sealed vault. */
  readonly passphraseSecret: string | undefined;
  /** Layer through which secrets are read, where `secrets-extension.yml` does not know it. */
  readonly secretsExtension: string | undefined;
}

export type Parameters = Readonly<Record<string, unknown>>;

export function settingsOf(parameters: Parameters): Settings {
  const subnets = listOf(parameters.subnets);
  const securityGroups = listOf(parameters.securityGroups);
  if ((subnets.length === 0) !== (securityGroups.length === 0)) {
    refuse('subnets and securityGroups belong together', 'Give both, or neither.');
  }
  const accessPoint = textOf(parameters.fileSystem);
  if (accessPoint !== undefined && subnets.length === 0) {
    refuse('fileSystem needs subnets and securityGroups', 'Lambda reaches a file system only inside its VPC.');
  }
  return {
    tracing: flagOf(parameters.tracing),
    logRetentionDays: Number(parameters.logRetentionDays),
    network: subnets.length === 0 ? undefined : { subnets, securityGroups },
    fileSystem:
      accessPoint === undefined ? undefined : { accessPoint, path: textOf(parameters.fileSystemPath) ?? '/mnt/data' },
    databaseTools: textOf(parameters.databaseTools),
    passphraseSecret: textOf(parameters.passphraseSecret),
    secretsExtension: textOf(parameters.secretsExtension),
  };
}

function refuse(message: string, hint: string): never {
  fail('UsageInvalid', `serverless.yml, params: ${message}`, { hint });
}

/** Parameters given on the command line are text. */
function flagOf(value: unknown): boolean {
  if (value === true || value === 'true') return true;
  if (value === false || value === 'false') return false;
  return refuse(`tracing is ${JSON.stringify(value)}`, 'Say true or false.');
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function listOf(value: unknown): readonly string[] {
  return (textOf(value) ?? '')
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

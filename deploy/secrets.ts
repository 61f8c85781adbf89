/** Which secrets a deployment reads, who reads them, and the layer that they are read through. */
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import * as z from 'zod';
import { fail } from '../src/core/errors.ts';
import type { Names } from './names.ts';
import type { Settings } from './settings.ts';

const extension = z
  .strictObject({ layer: z.string(), version: z.number().int(), accounts: z.record(z.string(), z.string()) })
  .parse(parse(readFileSync(new URL('./secrets-extension.yml', import.meta.url), 'utf8')));

/** Names of the secrets that a function needs: every function those of the vault, the ones that touch a source its own too. */
export function secretsOf(touchesSource: boolean, { plan }: Names, settings: Settings): readonly string[] {
  const connections = plan.sources.flatMap((source) =>
    source.kind === 'postgres' && typeof source.connection !== 'string' ? [source.connection.secret] : [],
  );
  const passphrase = plan.vault.sealing === 'passphrase' ? [passphraseSecret(settings)] : [];
  return [...new Set([...(touchesSource ? connections : []), ...passphrase])];
}

function passphraseSecret(settings: Settings): string {
  if (settings.passphraseSecret !== undefined) return settings.passphraseSecret;
  return fail('UsageInvalid', 'serverless.yml, params: the plan seals the vault, and passphraseSecret is not set', {
    hint: 'Put the passphrase into a secret of Secrets Manager and give its name.',
  });
}

export function secretsLayer(region: string, settings: Settings): string {
  const account = extension.accounts[region];
  if (settings.secretsExtension !== undefined) return settings.secretsExtension;
  if (account !== undefined) return `arn:aws:lambda:${region}:${account}:layer:${extension.layer}:${extension.version}`;
  return fail('UsageInvalid', `serverless.yml, params: secrets cannot be read in ${region} without secretsExtension`, {
    hint: 'Give the ARN of the layer AWS-Parameters-and-Secrets-Lambda-Extension-Arm64 in that region.',
  });
}

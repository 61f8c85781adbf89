/**
 * Secrets by name. On Lambda they come from the AWS Parameters and Secrets extension, a server on this very machine, so no
 * SDK travels with the function: https://docs.aws.amazon.com/secretsmanager/latest/userguide/retrieving-secrets_lambda.html
 */
import { fail } from '../../src/core/errors.ts';

export type SecretReader = (name: string) => Promise<string>;

export function extensionSecrets({ port, token }: { readonly port: number; readonly token: string }): SecretReader {
  return async (name) => {
    const address = `http://localhost:${port}/secretsmanager/get?secretId=${encodeURIComponent(name)}`;
    const headers = { 'X-Aws-Parameters-Secrets-Token': token };
    const answer = await fetch(address, { headers, signal: AbortSignal.timeout(10_000) }).catch((cause: unknown) =>
      unread(name, 'the secrets extension does not answer', cause),
    );
    const text = await answer.text();
    // Its own words for "not yet", before it has started, come with status 400 too.
    if (answer.status >= 500 || text.includes('not ready')) return unread(name, `it answered ${answer.status}`);
    const secret = answer.ok ? secretIn(text) : undefined;
    if (secret !== undefined) return secret;
    return fail(
      'DatabaseRefused',
      `the secret ${name} may not be read or has no text: the answer was ${answer.status}`,
      {
        hint: 'Check its name in the plan, that it is in this region, and that the function may read it.',
        context: { secret: name, status: answer.status },
      },
    );
  };
}

function unread(name: string, why: string, cause?: unknown): never {
  return fail('DatabaseUnreachable', `the secret ${name} could not be read: ${why}`, {
    hint: 'Check that the function has the layer AWS-Parameters-and-Secrets-Lambda-Extension and a way to Secrets Manager.',
    context: { secret: name },
    cause,
  });
}

function secretIn(text: string): string | undefined {
  try {
    const { SecretString } = JSON.parse(text) as { SecretString?: unknown };
    return typeof SecretString === 'string' ? SecretString : undefined;
  } catch {
    return undefined;
  }
}

/**
 * On one machine a secret is an environment variable: `node-network/db` is `TIDEMARK_SECRET_NODE_NETWORK_DB`.
 */
export function variableSecrets(variables: Readonly<Record<string, string | undefined>>): SecretReader {
  return async (name) => {
    const variable = `TIDEMARK_SECRET_${name.toUpperCase().replace(/[^A-Z0-9]+/g, '_')}`;
    return (
      variables[variable] ??
      fail('DatabaseRefused', `the secret ${name} is not set`, { hint: `Set ${variable}.`, context: { secret: name } })
    );
  };
}

/** A database URL from a secret: the URL itself, or the JSON that RDS keeps. */
export function connectionIn(secret: string, name: string): string {
  const text = secret.trim();
  if (!text.startsWith('{')) return text;
  try {
    const {
      username,
      password,
      host,
      port = 5432,
      dbname = 'postgres',
    } = JSON.parse(text) as Record<string, string | number>;
    if (username !== undefined && password !== undefined && host !== undefined) {
      const [user, word, database] = [username, password, dbname].map((part) => encodeURIComponent(String(part)));
      return `postgres://${user}:${word}@${host}:${port}/${database}`;
    }
  } catch {
    // said below, without showing what it holds
  }
  return fail('DatabaseRefused', `the secret ${name} holds neither a database URL nor what RDS keeps`, {
    hint: 'Store postgres://user:password@host:port/database, or JSON with username, password, host, port and dbname.',
    context: { secret: name },
  });
}

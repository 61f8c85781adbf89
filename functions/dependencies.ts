/**
 * What operations are given, and the only place where clients are made: from the environment of a deployed function, once
 * for each process; or by whoever runs functions on one machine or in a test, through `withDependencies`.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { readFile } from 'node:fs/promises';
import type { AlertPort } from '../src/alerts/port.ts';
import { systemClock } from '../src/core/clock.ts';
import { fail } from '../src/core/errors.ts';
import { createLog, type Log } from '../src/core/log.ts';
import { systemRandom } from '../src/core/random.ts';
import type { OperationContext } from '../src/operations/context.ts';
import { createVaults } from '../src/operations/vaults.ts';
import { type Plan, parsePlan } from '../src/plan/index.ts';
import { extensionSecrets, type SecretReader } from './dependencies/secrets.ts';
import { storeOf } from './dependencies/stores.ts';
import { type Environment, readEnvironment, writeLine } from './environment.ts';

/** Everything but the deadline, which each invocation has its own of. */
export type Dependencies = Omit<OperationContext, 'deadline'>;

/** What an operation needs beyond the vaults. A function brings the makers of these, so that the others do without. */
export interface Needs {
  /** It reads or writes what is protected. */
  readonly sources?: (plan: Plan, secret: SecretReader) => Pick<OperationContext, 'source' | 'sourceOfKind'>;
  /** It asks the database service to do something. */
  readonly databases?: () => Pick<OperationContext, 'rds'>;
  /** It tells people. */
  readonly alerts?: (plan: Plan, topicArn: string | undefined, log: Log) => Promise<AlertPort>;
}

const given = new AsyncLocalStorage<Dependencies>();
let own: Promise<Dependencies> | undefined;
let ownLog: Log | undefined;

/** Functions called by `work`, and by what it starts, are given these. */
export function withDependencies<Result>(dependencies: Dependencies, work: () => Result): Result {
  return given.run(dependencies, work);
}

/** Errors: `PlanInvalid`, `UsageInvalid`; then the next invocation tries again. */
export async function currentDependencies(needs: Needs): Promise<Dependencies> {
  const here = given.getStore();
  if (here) return here;
  own ??= fromEnvironment(readEnvironment(), needs);
  own.catch(() => {
    own = undefined;
  });
  return own;
}

/** The log needs no plan, so that a wrong plan can be told. */
export function currentLog(): Log {
  const here = given.getStore();
  if (here) return here.log;
  ownLog ??= createLog(writeLine, readEnvironment().logLevel, systemClock.now);
  return ownLog;
}

/** On one machine a function could use what it has no right to when deployed; it is refused in both places alike. */
export function needed(dependencies: Dependencies, name: string, needs: Needs): Dependencies {
  const refuse = (what: string) => (): never =>
    fail('Unexpected', `the function ${name} uses ${what} without naming them among its needs`);
  const sources = { source: refuse('sources'), sourceOfKind: refuse('sources') };
  const alerts = { name: 'none', send: refuse('alerts') };
  const rds = { rds: refuse('databases') };
  return {
    ...dependencies,
    ...(!needs.sources && sources),
    ...(!needs.databases && rds),
    ...(!needs.alerts && { alerts }),
  };
}

async function fromEnvironment(environment: Environment, needs: Needs): Promise<Dependencies> {
  const log = currentLog();
  const plan = parsePlan(await readFile(environment.planFile, 'utf8'), 'backup-plan.yml');
  const secret = extensionSecrets(environment.secrets);
  const passphrase =
    environment.passphrase ??
    (environment.passphraseSecret === undefined ? undefined : await secret(environment.passphraseSecret));
  const stores = await Promise.all([plan.vault.primary, ...plan.vault.replicas].map((place) => storeOf(place)));
  const absent = (): never => fail('Unexpected', 'this function was deployed without the code for it');
  return {
    plan,
    vaults: createVaults(stores, plan.vault.sealing, systemClock, { random: systemRandom, passphrase }),
    clock: systemClock,
    random: systemRandom,
    log,
    scratch: environment.scratch,
    alerts: (await needs.alerts?.(plan, environment.alertTopic, log)) ?? { name: 'none', send: absent },
    ...(needs.sources?.(plan, secret) ?? { source: absent, sourceOfKind: absent }),
    ...(needs.databases?.() ?? { rds: absent }),
  };
}

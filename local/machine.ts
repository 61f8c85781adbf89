/**
 * Tidemark on one machine, put together: from a plan file to a region whose functions work on this machine's files,
 * databases and folders. A vault's folder is made only when asked for, and only where nothing speaks against it: a folder
 * that is missing is more often a disk that is not mounted than a new vault.
 */
import { readdir, readFile, stat } from 'node:fs/promises';
import { availableParallelism, homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { alerts } from '../functions/dependencies/alerts.ts';
import { databases } from '../functions/dependencies/rds.ts';
import { variableSecrets } from '../functions/dependencies/secrets.ts';
import { sources } from '../functions/dependencies/sources.ts';
import { storeOf } from '../functions/dependencies/stores.ts';
import type { Dependencies } from '../functions/dependencies.ts';
import { consoleAlerts } from '../src/alerts/console.ts';
import { fanOutAlerts } from '../src/alerts/fan-out.ts';
import { type Clock, systemClock } from '../src/core/clock.ts';
import { noDeadline } from '../src/core/deadline.ts';
import { errnoOf, fail } from '../src/core/errors.ts';
import { createLog, type Log, type LogLevel, silentLog } from '../src/core/log.ts';
import { type Random, systemRandom } from '../src/core/random.ts';
import type { OperationContext } from '../src/operations/context.ts';
import { Crew } from '../src/operations/crew/crew.ts';
import { createVaults } from '../src/operations/vaults.ts';
import { type Destination, type Plan, parsePlan } from '../src/plan/index.ts';
import type { ExecutionEvent } from './engine.ts';
import type { Invocation } from './invoke.ts';
import { createRegion, type Region } from './region.ts';

export interface MachineOptions {
  /** Where the plan is, or the plan itself; backup-plan.yml in the current folder unless given. */
  readonly planFile?: string;
  readonly plan?: Plan;
  readonly clock?: Clock;
  readonly random?: Random;
  /** Makes the folders of vaults that are not there yet: for backups only. */
  readonly create?: boolean;
  /** Of a sealed vault; `TIDEMARK_PASSPHRASE` unless given. */
  readonly passphrase?: string;
  /** Takes alerts and log lines as text with its line breaks; standard error unless given. */
  readonly write?: (text: string) => void;
  /** By default what `TIDEMARK_LOG` asks for, and nothing without it: people read the progress instead. */
  readonly log?: Log;
  readonly colours?: boolean;
  /** A folder for rehearsals and spools. */
  readonly scratch?: string;
  /** How many functions run at once. */
  readonly concurrency?: number;
  readonly onEvent?: (event: ExecutionEvent) => void;
  readonly onInvocation?: (invocation: Invocation) => void;
}

export interface Machine {
  readonly plan: Plan;
  readonly region: Region;
  readonly dependencies: Dependencies;
  /** For looking into the vaults without a workflow; nothing hurries. */
  readonly context: OperationContext;
}

/**
 * Errors: `PlanInvalid`; `VaultKeyWrong` without a passphrase for a sealed vault; `VaultMissing` and `StoreMissing` for places
 * where `create` may not make a vault. Without `create` a place that is missing is told by whoever needs it first.
 */
export async function openMachine(options: MachineOptions): Promise<Machine> {
  const { clock = systemClock, random = systemRandom, colours = false } = options;
  const { env } = process;
  const write = options.write ?? ((text: string) => void process.stderr.write(text));
  const plan = options.plan ?? (await readPlan(options.planFile ?? 'backup-plan.yml'));
  const log = options.log ?? logTo(write, clock, env.TIDEMARK_LOG);
  const passphrase = options.passphrase ?? env.TIDEMARK_PASSPHRASE;
  if (plan.vault.sealing === 'passphrase' && passphrase === undefined) {
    fail('VaultKeyWrong', 'the plan says that the vault is sealed, and no passphrase was given', {
      hint: 'Set TIDEMARK_PASSPHRASE.',
    });
  }
  const places = [plan.vault.primary, ...plan.vault.replicas];
  const made = options.create ? await toBeMade(places) : new Set<Destination>();
  const stores = await Promise.all(places.map((place) => storeOf(place, { create: made.has(place) })));
  const dependencies: Dependencies = {
    plan,
    vaults: createVaults(stores, plan.vault.sealing, clock, { random, passphrase }),
    clock,
    random,
    log,
    alerts: fanOutAlerts(
      [consoleAlerts({ write, plan: plan.plan, colours }), await alerts(plan, env.TIDEMARK_ALERT_TOPIC, log)],
      log,
    ),
    ...crewOf(),
    ...databases(),
    scratch:
      options.scratch ?? env.TIDEMARK_SCRATCH ?? join(env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'tidemark'),
    ...sources(plan, variableSecrets(env), async () => (await import('./postgres/find.ts')).postgresFolders()),
  };
  const region = createRegion({
    dependencies,
    concurrency: options.concurrency ?? Math.max(2, Math.min(4, availableParallelism())),
    ...(options.onEvent && { onEvent: options.onEvent }),
    ...(options.onInvocation && { onInvocation: options.onInvocation }),
    onUndelivered: (functionName, event, error) =>
      log.error('event-undelivered', { function: functionName, event: event.id, reason: String(error) }),
  });
  return { plan, region, dependencies, context: { ...dependencies, deadline: noDeadline } };
}

/** More than eight threads would wait for one another: packs and listings are one thread's. */
const mostWorkers = 8;

function crewOf(): Pick<Dependencies, 'crew'> {
  const workers = Math.min(availableParallelism(), mostWorkers);
  if (workers < 2) return {};
  return { crew: new Crew(workers, new URL('../src/operations/crew/start.js', import.meta.url)) };
}

/** Errors: `PlanInvalid`. */
export async function readPlan(planFile: string): Promise<Plan> {
  const path = resolve(planFile);
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    return fail('PlanInvalid', `the plan ${planFile} cannot be read: ${errnoOf(cause) ?? String(cause)}`, {
      hint: 'Name the plan file with --plan FILE; without it, backup-plan.yml in the current folder is used.',
      context: { path },
      cause,
    });
  }
  return parsePlan(text, planFile, { folder: dirname(path) });
}

const levels: readonly LogLevel[] = ['debug', 'info', 'warn', 'error'];

function logTo(write: (text: string) => void, clock: Clock, wanted: string | undefined): Log {
  const level = levels.find((one) => one === wanted);
  return level === undefined
    ? silentLog
    : createLog(
        (line) => write(`${line}\n`),
        level,
        () => clock.now(),
      );
}

/**
 * The first backup makes every folder. Later a replica that is new in the plan is made where no folder is; an empty folder
 * in its place is a mount point without its disk. A primary is never made while a replica is there.
 */
async function toBeMade(places: readonly Destination[]): Promise<Set<Destination>> {
  const states = await Promise.all(places.map(async (place) => ({ place, state: await stateOf(place) })));
  const [primary, ...replicas] = states;
  const taken = states.find(({ state }) => state === 'occupied');
  if (taken) {
    fail('StoreMissing', `${nameOf(taken.place)} holds something, but no vault`, {
      hint: 'Name a folder for the vault that is empty or not there yet, or mount the disk that belongs there.',
    });
  }
  const survivor = replicas.find(({ state }) => state === 'store');
  const made = new Set(states.filter(({ state }) => state === 'absent').map(({ place }) => place));
  if (primary?.state === 'store' || primary?.state === 'elsewhere') return made;
  if (survivor) {
    fail(
      'VaultMissing',
      `there is no vault at ${nameOf(primary!.place)}, but its replica ${nameOf(survivor.place)} is there`,
      {
        hint: 'If it is a mount, mount it. If it is lost, restore from the replica (--vault), or copy the replica to its place.',
      },
    );
  }
  return new Set(states.filter(({ state }) => state === 'absent' || state === 'empty').map(({ place }) => place));
}

type PlaceState = 'store' | 'absent' | 'empty' | 'occupied' | 'other' | 'elsewhere';

async function stateOf(place: Destination): Promise<PlaceState> {
  if (!('directory' in place)) return 'elsewhere';
  try {
    await stat(join(place.directory, '.tidemark'));
    return 'store';
  } catch (error) {
    if (!['ENOENT', 'ENOTDIR'].includes(errnoOf(error) ?? '')) return 'other';
  }
  try {
    // A disk that was just formatted has one folder of its own.
    return (await readdir(place.directory)).every((name) => name === 'lost+found') ? 'empty' : 'occupied';
  } catch (error) {
    return errnoOf(error) === 'ENOENT' ? 'absent' : 'other';
  }
}

const nameOf = (place: Destination): string => ('directory' in place ? place.directory : place.s3.bucket);

/**
 * Raises and clears troubles, which are remembered in the primary vault. When the vault cannot be reached, that is no reason
 * to be silent: the alert is sent at once, and may then be sent twice. A vault that was opened before may be out of reach
 * now, so every step of it counts and not just the opening.
 */
import type { Alert, AlertPort } from '../alerts/port.ts';
import { createTroubles, type Trouble, type Troubles, troubleSchema } from '../alerts/troubles.ts';
import { asTidemarkError, isTidemarkError } from '../core/errors.ts';
import { layout } from '../format/layout.ts';
import type { Vault } from '../vault/vault.ts';
import type { OperationContext } from './context.ts';

/** Errors: `AlertUndelivered`. */
export async function raise(context: OperationContext, alert: Omit<Alert, 'time' | 'state'>): Promise<void> {
  const whole: Alert = { ...alert, state: 'open', time: context.clock.now().toISOString() };
  let delivered = false;
  const port: AlertPort = {
    name: context.alerts.name,
    async send(wanted) {
      await context.alerts.send(wanted);
      delivered = true;
    },
  };
  const remembered = await atHand(context, async () => {
    await (await troublesOf(context, port)).raise(whole);
    return true;
  });
  if (!remembered && !delivered) await context.alerts.send(whole);
}

/** Says that a trouble is over, if people were told of it. Errors: `AlertUndelivered`. */
export async function clear(
  context: OperationContext,
  trouble: string,
  ending: { readonly run?: string; readonly lastGood?: string; readonly action?: string } = {},
): Promise<void> {
  await atHand(context, async () => {
    const troubles = await troublesOf(context, context.alerts);
    await troubles.clear(trouble, { ...ending, time: context.clock.now().toISOString() });
  });
}

export async function openTroubles(context: OperationContext): Promise<readonly Trouble[]> {
  return (await atHand(context, async () => (await troublesOf(context, context.alerts)).open())) ?? [];
}

/** `undefined` when the vault is out of reach. That nobody took the alert is another matter, and is not passed over. */
async function atHand<Result>(context: OperationContext, work: () => Promise<Result>): Promise<Result | undefined> {
  try {
    return await work();
  } catch (error) {
    if (isTidemarkError(error, 'AlertUndelivered')) throw error;
    const { name, message } = asTidemarkError(error);
    context.log.warn('troubles-not-at-hand', { error: name, reason: message });
    return undefined;
  }
}

async function troublesOf(context: OperationContext, port: AlertPort): Promise<Troubles> {
  const { objects } = await context.vaults.open(0);
  const all = async (): Promise<Trouble[]> => {
    const troubles: Trouble[] = [];
    for (const key of await objects.keys(layout.troubles)) {
      const trouble = await objects.readIfThere(key, troubleSchema);
      if (trouble) troubles.push(trouble);
    }
    return troubles;
  };
  return createTroubles(
    {
      get: (key) => objects.readIfThere(layout.trouble(key), troubleSchema),
      put: (key, trouble) => objects.write(layout.trouble(key), trouble),
      delete: (key) => objects.store.delete([layout.trouble(key)]),
      list: all,
    },
    port,
    context.clock,
  );
}

/** Time of the newest snapshot of a source that is whole and verified; `none` when there is no such. */
export async function lastGood(vault: Vault, source: string): Promise<string> {
  for (const snapshot of await vault.snapshots.list(source)) {
    if (snapshot.problemCount > 0 || (await vault.snapshots.isSuspicious(snapshot))) continue;
    const trust = await vault.snapshots.trustOf(snapshot.id);
    if (trust.some(({ level }) => level !== 'stored')) return snapshot.time;
  }
  return 'none';
}

/**
 * Raises and clears troubles, which are remembered in the primary vault. When the vault cannot be reached, that is no reason
 * to be silent: the alert is sent at once, and may then be sent twice.
 */
import type { Alert } from '../alerts/port.ts';
import { createTroubles, type Trouble, type Troubles, troubleSchema } from '../alerts/troubles.ts';
import { asTidemarkError } from '../core/errors.ts';
import { layout } from '../format/layout.ts';
import type { Vault } from '../vault/vault.ts';
import type { OperationContext } from './context.ts';

export async function raise(context: OperationContext, alert: Omit<Alert, 'time' | 'state'>): Promise<void> {
  const whole: Alert = { ...alert, state: 'open', time: context.clock.now().toISOString() };
  const troubles = await troublesOf(context);
  if (troubles) await troubles.raise(whole);
  else await context.alerts.send(whole);
}

/** Says that a trouble is over, if people were told of it. */
export async function clear(
  context: OperationContext,
  trouble: string,
  ending: { readonly run?: string; readonly lastGood?: string; readonly action?: string } = {},
): Promise<void> {
  const troubles = await troublesOf(context);
  await troubles?.clear(trouble, { ...ending, time: context.clock.now().toISOString() });
}

export async function openTroubles(context: OperationContext): Promise<readonly Trouble[]> {
  return (await (await troublesOf(context))?.open()) ?? [];
}

async function troublesOf(context: OperationContext): Promise<Troubles | undefined> {
  let vault: Vault;
  try {
    vault = await context.vaults.open(0);
  } catch (error) {
    context.log.warn('troubles-not-at-hand', { error: asTidemarkError(error).name });
    return undefined;
  }
  const { objects } = vault;
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
    context.alerts,
    context.clock,
  );
}

/** Time of the newest snapshot of a source that is whole and verified; `none` when there is no such. */
export async function lastGood(vault: Vault, source: string): Promise<string> {
  for (const snapshot of await vault.snapshots.list(source)) {
    if (snapshot.suspicion !== undefined || snapshot.problemCount > 0) continue;
    const trust = await vault.snapshots.trustOf(snapshot.id);
    if (trust.some(({ level }) => level !== 'stored')) return snapshot.time;
  }
  return 'none';
}

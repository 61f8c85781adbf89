/** `tidemark snapshots`: what can be restored. */
import type { Machine } from '../../local/machine.ts';
import type { Snapshot } from '../../src/format/snapshot.ts';
import { candidateOf, tiersOf } from '../../src/plan/index.ts';
import { windowsOf, withSightings } from '../../src/sources/postgres/wal/moment.ts';
import { type Acceptance, type Hold, strongest, type TrustRecord } from '../../src/vault/records/snapshots.ts';
import { requireSource, vaultNumber, windowLines } from '../snapshot.ts';
import type { Answer, Verb } from '../verb.ts';
import { moment, size, table } from '../words.ts';

export const snapshots: Verb = {
  about: 'lists what can be restored, newest first',
  details: `TRUST is the strongest proof so far: stored (the store has it), complete (all of
it is there), read (every byte was read and hashed), restored (a drill brought
it back). TIERS are the promises that keep it now; "held" means that a person
said not to delete it, "SUSPICIOUS" that it looks wrong and does not count.`,
  options: {
    source: { value: 'ID', about: 'only of this source' },
    vault: { value: 'N', about: '0 is the primary, 1 the first replica, and so on' },
  },
  examples: [
    ['snapshots', 'all of them'],
    ['snapshots --source user-data', 'of one source'],
    ['snapshots --vault 1', 'what the first replica has'],
    [`snapshots --json | jq -r '.[0].id'`, 'the id of the newest'],
  ],
  async run(asked): Promise<Answer> {
    const number = vaultNumber(asked.text('vault'));
    const source = asked.text('source');
    const machine = await asked.open();
    const vault = await machine.context.vaults.open(number);
    const all = await vault.snapshots.list();
    if (source !== undefined)
      requireSource(
        machine,
        source,
        all.map((snapshot) => snapshot.source),
      );
    const [trust, holds] = await Promise.all([vault.snapshots.trust(), vault.snapshots.holds()]);
    const accepted = await vault.snapshots.acceptancesOf(all);
    const tiers = tiersById(machine, all, { trust, holds, accepted });
    const shown = withSightings(
      all.filter((snapshot) => source === undefined || snapshot.source === source),
      await vault.snapshots.sightings(),
    );
    const document = shown.map(({ id, source: from, kind, time, totals, suspicion, details }) => ({
      id,
      source: from,
      kind,
      time,
      trust: strongest(trust.get(id) ?? []) ?? 'none',
      tiers: tiers.get(id) ?? [],
      bytes: totals.bytes,
      held: holds.has(id),
      ...(suspicion !== undefined && { suspicion, accepted: accepted.get(id) ?? false }),
      ...(windowsOf([{ details, suspicion }])[0] && { anySecond: windowsOf([{ details, suspicion }])[0] }),
    }));
    const text = table(
      ['SNAPSHOT', '>SIZE', 'TRUST', 'TIERS'],
      document.map((one) => [
        one.id,
        size(one.bytes),
        one.trust,
        [
          ...(one.held ? ['held'] : []),
          ...(one.suspicion === undefined ? [] : [one.accepted ? 'accepted' : 'SUSPICIOUS']),
          ...one.tiers,
        ].join(' '),
      ]),
    );
    const newest = document[0] && `newest: ${moment(document[0].time)}`;
    const windows = [...Map.groupBy(shown, (one) => one.source)].map(([id, own]) => windowLines(id, windowsOf(own)));
    return {
      document,
      text: newest ? `${text}${newest}\n${windows.join('')}` : 'no snapshots yet; make one with `tidemark backup`\n',
    };
  },
};

function tiersById(
  machine: Machine,
  all: readonly Snapshot[],
  known: {
    readonly trust: ReadonlyMap<string, readonly TrustRecord[]>;
    readonly holds: ReadonlyMap<string, Hold>;
    readonly accepted: ReadonlyMap<string, Acceptance>;
  },
): ReadonlyMap<string, readonly string[]> {
  const { plan, clock } = machine.context;
  const entries = plan.sources.flatMap(({ id, retention }) => {
    const candidates = all
      .filter((snapshot) => snapshot.source === id)
      .map((one) =>
        candidateOf(one, {
          trust: strongest(known.trust.get(one.id) ?? []),
          held: known.holds.has(one.id),
          accepted: known.accepted.has(one.id),
        }),
      );
    return [...tiersOf(candidates, retention, plan.timeZone, clock.now())];
  });
  return new Map(entries);
}

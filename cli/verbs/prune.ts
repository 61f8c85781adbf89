/** `tidemark prune`: deletes what retention no longer keeps, then what nothing needs any more; or says what it would do. */
import { userInfo } from 'node:os';
import type { Machine } from '../../local/machine.ts';
import { type PrunePlan, prunePlanKey, prunePlanSchema } from '../../src/operations/prune/prune-plan.ts';
import { execute } from '../execution.ts';
import { requireSource } from '../snapshot.ts';
import type { Answer, Verb } from '../verb.ts';
import { count, plain, size } from '../words.ts';

interface PruneReport {
  readonly prune: string;
  readonly status: string;
  readonly collected: { readonly packs: number; readonly bytes: number };
  readonly stored: { readonly before: number; readonly after: number };
}

type Written = Pick<PrunePlan, 'keep' | 'delete' | 'withheld'>;

export const prune: Verb = {
  about: 'deletes what retention no longer keeps, or shows what and why',
  details: `Decides by the plan as it is now. First a plan is written with a reason for every
snapshot; then exactly that is done, in every vault. Packs that are mostly garbage
are rewritten without it. Space comes back with the next prune but one day later at
the earliest: what nothing needs is marked first and deleted when no backup that is
under way can still want it. More than half of a source's snapshots (from ten on) go
only when somebody agrees; nothing goes from a vault whose verification failed or is
overdue.`,
  options: {
    'dry-run': { about: 'deletes nothing, and shows what would go' },
    agree: { value: 'SOURCE', many: true, about: 'more than half of its snapshots may go at once' },
    why: { value: 'TEXT', about: 'the reason for that, for the record' },
    who: { value: 'NAME', about: 'who says so; your login name unless given' },
  },
  examples: [
    ['prune --dry-run', 'before every change of the retention'],
    ['prune', 'does it'],
    ['prune --agree user-data --why "shorter policy"', 'a large deletion that is meant'],
    [`prune --dry-run --json | jq '.delete[].id'`, 'only what would go'],
  ],
  async run(asked): Promise<Answer> {
    const dryRun = asked.flag('dry-run');
    const agree = asked.list('agree');
    const why = agree.length > 0 ? asked.needed('why') : '';
    const who = asked.text('who') ?? userInfo().username;
    const machine = await asked.open();
    for (const source of agree) requireSource(machine, source);
    const input = {
      ...(dryRun && { dryRun }),
      ...(agree.length > 0 && { agreed: agree.map((source) => ({ source, who, why })) }),
    };
    const { report, failure } = await execute<PruneReport>(machine, 'prune', input);
    const written = await writtenPlan(machine, report.prune);
    const document = {
      keep: written.keep.map(({ id, reasons }) => ({ id, reasons })),
      delete: written.delete.map(({ id, reason }) => ({ id, reason })),
      collected: report.collected,
      stored: report.stored,
      withheld: written.withheld,
    };
    return {
      document,
      text: textOf(written, report, dryRun),
      ...((failure || report.status !== 'success') && { failure: 'RunFailed' }),
    };
  },
};

/** Of all vaults together: a snapshot that stays anywhere but goes elsewhere is in both lists. */
async function writtenPlan({ context: { vaults } }: Machine, prune: string): Promise<Written> {
  const plans: PrunePlan[] = [];
  for (let number = 0; number < vaults.count; number += 1) {
    const vault = await vaults.open(number);
    plans.push(await vault.objects.read(prunePlanKey(prune), prunePlanSchema));
  }
  return {
    keep: once(plans.flatMap(({ keep }) => keep)),
    delete: once(plans.flatMap((plan) => plan.delete)),
    withheld: plans.flatMap(({ withheld }) => withheld),
  };
}

const once = <Item extends { readonly id: string }>(items: readonly Item[]): Item[] =>
  [...new Map(items.toReversed().map((item) => [item.id, item])).values()].reverse();

function textOf(
  { keep, delete: gone, withheld }: Written,
  { collected, stored }: PruneReport,
  dryRun: boolean,
): string {
  const entry = (what: string, id: string, reasons: readonly string[]): string =>
    [`  ${what.padEnd(8)}  ${id}`, ...reasons.map((reason) => `            ${plain(reason)}`)].join('\n');
  const lines = [
    ...keep.map(({ id, reasons }) => entry(dryRun ? 'stays' : 'kept', id, reasons)),
    ...gone.map(({ id, reason }) => entry(dryRun ? 'would go' : 'deleted', id, [reason])),
  ];
  const sum = dryRun
    ? `${count(keep.length, 'snapshot')} would stay, ${gone.length} would go; nothing was deleted`
    : `${count(keep.length, 'snapshot')} kept, ${gone.length} deleted; ${count(collected.packs, 'pack')} collected, ${size(collected.bytes)}; the vaults held ${size(stored.before)} and now hold ${size(stored.after)}`;
  const refusals = withheld.map(({ reason, hint }) => `withheld: ${plain(reason)}. ${plain(hint)}`);
  return `${[...lines, ...refusals, sum].join('\n')}\n`;
}

/** `tidemark verify`: checks every vault and repairs what another vault still has. */
import { execute } from '../execution.ts';
import type { Answer, Verb } from '../verb.ts';
import { count, size } from '../words.ts';

interface VerifyReport {
  readonly status: string;
  readonly findings: readonly {
    readonly vault?: number;
    readonly what: string;
    readonly object?: string;
    readonly repaired: boolean;
  }[];
  readonly read: { readonly packs: number; readonly bytes: number };
}

export const verify: Verb = {
  about: 'checks every vault, and repairs damage from another one',
  details: `Looks whether everything that the snapshots need is there, and reads a part of
the packs, so that each is read again within a month; --read-all reads all of
them now. What is damaged is repaired from another vault, if that has it.`,
  options: { 'read-all': { about: 'reads every stored byte' } },
  examples: [
    ['verify', "the structure, and this month's share of the packs"],
    ['verify --read-all', 'every stored byte, in every vault'],
  ],
  async run(asked): Promise<Answer> {
    const machine = await asked.open();
    const input = asked.flag('read-all') ? { readAll: true } : {};
    const { report, failure } = await execute<VerifyReport>(machine, 'verify', input);
    const open = report.findings.filter(({ repaired }) => !repaired);
    const lines = report.findings.map(
      ({ vault, what, object, repaired }) =>
        `  ${repaired ? 'repaired' : 'DAMAGED '}  vault ${vault ?? '?'}: ${what}${object === undefined ? '' : `: ${object}`}`,
    );
    const found =
      report.findings.length === 0
        ? 'no damage'
        : `${count(report.findings.length, 'finding')}, ${open.length} not repaired`;
    return {
      document: report,
      text: `${[`${count(report.read.packs, 'pack')} read, ${size(report.read.bytes)}: ${found}`, ...lines].join('\n')}\n`,
      ...((failure || report.status !== 'success') && { failure: open.length > 0 ? 'VaultDamaged' : 'RunFailed' }),
    };
  },
};

/**
 * The first half of a logs run: which chain is made longer, from where to where. It is here that a server is found that was
 * set back, replaced, or promoted elsewhere, and that the slot is moved on to what the vault holds.
 */
import * as z from 'zod';
import { fail } from '../../../../core/errors.ts';
import type { Json } from '../../../../core/json.ts';
import type { CaptureContext } from '../../../port.ts';
import type { Connection } from '../../connection.ts';
import { type ReplicationConnection, withReplication } from '../../replication/connection.ts';
import { leftAt, type Stretch, wayFrom } from '../history.ts';
import { type Chain, chainsOf } from '../lineage.ts';
import { type Lsn, lsnOf, lsnText, startOfSegment } from '../lsn.ts';
import { confirm, ensureSlot, historyOf, type ServerLog, type Slot, serverLog } from './server.ts';

const position = z.string();
export const logsShard = z.object({
  what: z.literal('logs'),
  /** The chain that is made longer: the snapshot's id. */
  chain: z.string(),
  /** The log is read along these, each from the start of the segment that `from` lies in up to `to`. */
  way: z.array(z.object({ timeline: z.number(), from: position, to: position })),
  /** By the server's clock, before `to` of the last stretch was asked for. */
  time: z.string(),
  systemIdentifier: z.string(),
  segmentSize: z.number(),
  standby: z.boolean(),
  /** The history file of the server's timeline, which timeline 1 does not have. */
  history: z.object({ timeline: z.number(), text: z.string() }).optional(),
});
export type LogsShard = z.infer<typeof logsShard> & { readonly [key: string]: Json };

export interface LogsPlan {
  readonly server: ServerLog;
  readonly slot: Slot;
  readonly chain: Chain;
  readonly shard: LogsShard;
  /** Equal for equal states of the same chain: an idle server has nothing new to give. */
  readonly revision: string;
}

/** One plan for each job: its revision and its shard come of one look at the server. */
export function logsOf(
  connection: () => Connection,
  slot: string | undefined,
): { plan(context: CaptureContext): Promise<LogsPlan> } {
  const plans = new WeakMap<CaptureContext, Promise<LogsPlan>>();
  return {
    plan(context) {
      const name = slot ?? fail('Unexpected', 'a log is to be followed without a slot to keep it');
      const known =
        plans.get(context) ?? withReplication(connection(), (replication) => planLogs(replication, name, context));
      plans.set(context, known);
      return known;
    },
  };
}

/** Errors: `RestorePointMissing` without a base; `WalLost`; `DatabaseRefused`; those of the connection. */
export async function planLogs(
  replication: ReplicationConnection,
  slotName: string,
  context: CaptureContext,
): Promise<LogsPlan> {
  const chains = chainsOf(context.previous, context.others ?? []);
  if (chains.length === 0) {
    fail('RestorePointMissing', 'there is no base backup yet that the log could go on from', {
      hint: 'Take one: tidemark backup --cadence full. It is due by itself at the next full or incremental.',
    });
  }
  const server = await serverLog(replication);
  const slot = await ensureSlot(replication, slotName);
  const { history, text } = await historyOf(replication, server.timeline);
  const [first, second] = chains as [Chain, Chain | undefined];
  const ways = chains.map((chain) => ({
    chain,
    way: wayOf(chain, server, wayFrom(chain.reached.timeline, chain.reached.end, history)),
  }));
  const [best, next] = ways as [(typeof ways)[0], (typeof ways)[0] | undefined];
  // the chain of the base before is only followed while the server surely has what it needs
  const taken = next && !(best.way && keeps(slot, best.way, server.segmentSize)) ? next : best;
  if (taken !== best) {
    context.log.warn('log-has-a-hole', { after: first.reached.window.latest, until: second!.details.window.earliest });
  }
  const way = taken.way ?? strayed(taken.chain, server, leftAt(taken.chain.reached.timeline, history));
  await confirm(replication, slotName, slot, lsnOf(way[0]!.from), server.segmentSize);
  const { on, details } = taken.chain;
  return {
    server,
    slot,
    chain: taken.chain,
    revision: `${server.systemIdentifier}/${server.timeline}/${lsnText(server.flushed)}/${details.base}`,
    shard: {
      what: 'logs',
      chain: on.id,
      way,
      time: server.time,
      systemIdentifier: server.systemIdentifier,
      segmentSize: server.segmentSize,
      standby: server.standby,
      ...(text !== undefined && { history: { timeline: server.timeline, text } }),
    },
  };
}

type Way = LogsShard['way'];

/** `undefined` when the server was never where the chain is. Errors: `WalLost` for another server, or one set back. */
function wayOf({ reached }: Chain, server: ServerLog, stretches: Stretch[] | undefined): Way | undefined {
  if (reached.systemIdentifier !== server.systemIdentifier) {
    fail(
      'WalLost',
      `this is another server: its log is that of ${server.systemIdentifier}, the vault has ${reached.systemIdentifier}`,
      {
        hint: 'If the server was made anew, take a new base: tidemark backup --cadence full. Else correct the connection.',
      },
    );
  }
  if (stretches && server.flushed < stretches.at(-1)!.from) {
    fail(
      'WalLost',
      `the server's log ends at ${lsnText(server.flushed)}, the vault has it up to ${lsnText(reached.end)}`,
      {
        hint: 'The server was set back, by a restore perhaps. Take a new base: tidemark backup --cadence full.',
      },
    );
  }
  return stretches?.map(({ timeline, from, to }) => ({
    timeline,
    from: lsnText(from),
    to: lsnText(to ?? server.flushed),
  }));
}

/** A slot keeps whole segments, whichever position within one it names. */
function keeps({ keptFrom }: Slot, way: Way, segmentSize: number): boolean {
  const from = startOfSegment(lsnOf(way[0]!.from), segmentSize);
  return keptFrom !== undefined && startOfSegment(keptFrom, segmentSize) <= from;
}

/**
 * The vault has more of an older timeline than the new primary ever had: what was written to the old one last is lost on
 * the new one. The chain goes on from where the new timeline began, if the base was consistent by then.
 */
function strayed({ details, reached }: Chain, server: ServerLog, left: Lsn | undefined): Way {
  if (left !== undefined && details.stop <= left && details.baseTimeline <= reached.timeline) {
    return [{ timeline: server.timeline, from: lsnText(left), to: lsnText(server.flushed) }];
  }
  return fail(
    'WalLost',
    `the server is on timeline ${server.timeline}, which does not come from what the vault has (timeline ${reached.timeline} at ${lsnText(reached.end)})`,
    { hint: 'Take a new base of the server as it is now: tidemark backup --cadence full.' },
  );
}

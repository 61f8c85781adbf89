/** What every operation is given: the plan, the vaults, the sources, and the doors to time, chance, log and alerts. */
import type { AlertPort } from '../alerts/port.ts';
import type { Clock } from '../core/clock.ts';
import type { Deadline } from '../core/deadline.ts';
import type { Log } from '../core/log.ts';
import type { Random } from '../core/random.ts';
import type { Plan, RdsSource } from '../plan/plan.ts';
import type { Source } from '../sources/port.ts';
import type { RdsRegion } from '../sources/rds/port.ts';
import type { Crew } from './crew/crew.ts';
import type { Vaults } from './vaults.ts';

export interface OperationContext {
  readonly plan: Plan;
  readonly vaults: Vaults;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly alerts: AlertPort;
  readonly deadline: Deadline;
  /** A folder for rehearsals and spools; what is in it may vanish between invocations. */
  readonly scratch: string;
  /** Worker threads, where there is more than one processor to use. */
  readonly crew?: Crew;
  /** The implementation for a source of the plan. Errors: `SourceUnknown`. */
  source(id: string): Source;
  /** For restoring what the plan does not name any more: only its kind is known. Errors: `SourceUnknown`. */
  sourceOfKind(kind: string): Source;
  /** RDS of a region, reached as the source says. Absent where nothing may be asked of it. */
  readonly rds?: (source: Pick<RdsSource, 'endpoint'>, region: string) => Promise<RdsRegion>;
}

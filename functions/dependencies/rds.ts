/** RDS by region. The SDK is loaded when a region is first asked for; its clients are kept. */
import type { OperationContext } from '../../src/operations/context.ts';
import type { RdsSource } from '../../src/plan/index.ts';
import type { RdsRegion } from '../../src/sources/rds/port.ts';

const regions = new Map<string, Promise<RdsRegion>>();

export function rdsAt({ endpoint }: Pick<RdsSource, 'endpoint'>, region: string): Promise<RdsRegion> {
  const key = `${endpoint ?? ''} ${region}`;
  const known = regions.get(key);
  if (known) return known;
  const made = import('../../src/sources/rds/client/region.ts').then(({ rdsRegion }) =>
    rdsRegion({ region, ...(endpoint !== undefined && { endpoint }) }),
  );
  regions.set(key, made);
  return made;
}

/** For functions that ask RDS themselves. */
export const databases = (): Pick<OperationContext, 'rds'> => ({ rds: rdsAt });

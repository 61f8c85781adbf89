/** The object store at a destination of the plan. The SDK is loaded only where a bucket is meant. */
import { systemClock } from '../../src/core/clock.ts';
import { systemRandom } from '../../src/core/random.ts';
import type { Destination } from '../../src/plan/index.ts';
import type { ObjectStore } from '../../src/storage/port.ts';
import { retrying } from '../../src/storage/retrying.ts';

/** `create` makes a directory that is not there; a bucket has to be there. */
export async function storeOf(destination: Destination, { create = false } = {}): Promise<ObjectStore> {
  if ('directory' in destination) {
    const { directoryStore } = await import('../../src/storage/directory.ts');
    return directoryStore(destination.directory, { create });
  }
  const { bucket, region, prefix, endpoint } = destination.s3;
  const { s3Client, s3Store } = await import('../../src/storage/s3.ts');
  const client = s3Client({ region, ...(endpoint !== undefined && { endpoint }) });
  const store = s3Store({ client, bucket, ...(prefix !== undefined && { prefix }) });
  return retrying(store, { clock: systemClock, random: systemRandom });
}

/** The SDK's client of one region, and the two ways of asking: once, and page by page until the listing is whole. */
import { RDSClient, type RDSClientConfig } from '@aws-sdk/client-rds';
import { fail } from '../../../core/errors.ts';
import { isNotFound, rdsFailure } from './failures.ts';

export interface RdsClientOptions {
  readonly region: string;
  /** Something that speaks RDS and is not AWS: its URL. */
  readonly endpoint?: string;
  /** Left out, the SDK looks for credentials where it always does: environment, profile, role. */
  readonly credentials?: RDSClientConfig['credentials'];
  /** How often the SDK itself tries, with pauses; the workflow tries again on top. */
  readonly attempts?: number;
}

export function rdsClient({ region, endpoint, credentials, attempts = 4 }: RdsClientOptions): RDSClient {
  return new RDSClient({
    region,
    maxAttempts: attempts,
    requestHandler: { connectionTimeout: 5_000, socketTimeout: 60_000, requestTimeout: 60_000 },
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(credentials === undefined ? {} : { credentials }),
  });
}

interface Page {
  readonly Marker?: string | undefined;
}

/** RDS gives 20 to 100 on a page. A million things are no account's: it is a listing that goes in circles. */
const mostPages = 10_000;

/**
 * Everything, or an error. An empty page is not the last one when it has a marker; a marker that comes again would go on for
 * ever.
 */
export async function allPages<Answer extends Page, Item>(
  ask: (marker: string | undefined) => Promise<Answer>,
  itemsOf: (answer: Answer) => readonly Item[] | undefined,
  action: string,
): Promise<Item[]> {
  const items: Item[] = [];
  const seen = new Set<string>();
  let marker: string | undefined;
  for (let page = 0; page < mostPages; page += 1) {
    const answer = await asked(() => ask(marker), action);
    items.push(...(itemsOf(answer) ?? []));
    marker = answer.Marker || undefined;
    if (marker === undefined) return items;
    if (seen.has(marker)) break;
    seen.add(marker);
  }
  return fail('DatabaseUnreachable', `cannot ${action}: the listing never ends`, {
    hint: 'Try again; a listing that is not whole is not used.',
  });
}

/** For things that are asked for by name: "there is no such thing" is nothing, and any other error stays one. */
export async function pagesOrNothing<Answer extends Page, Item>(
  ...[ask, itemsOf, action]: Parameters<typeof allPages<Answer, Item>>
): Promise<Item[]> {
  try {
    return await allPages(ask, itemsOf, action);
  } catch (error) {
    if (isNotFound((error as Error).cause)) return [];
    throw error;
  }
}

export async function asked<Answer>(ask: () => Promise<Answer>, action: string): Promise<Answer> {
  try {
    return await ask();
  } catch (error) {
    throw rdsFailure(error, action);
  }
}

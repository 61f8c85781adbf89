/**
 * Pages of lists. `MaxRecords`: "Default: 100. Constraints: Minimum 20, maximum 100"; the marker is opaque, and "the response
 * includes only records beyond the marker" (https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DescribeDBSnapshots.html).
 * Nothing says that a page with a marker holds anything: with `emptyPages`, before every page comes one without records.
 */
import { hash } from 'node:crypto';
import type { Shape } from './wire/answer.ts';
import type { Filter, Input } from './wire/input.ts';
import { invalidValue } from './wire/refusal.ts';

export interface Paging {
  /** More than this is never on a page, whatever is asked for. */
  readonly most: number;
  readonly emptyPages: boolean;
}

export interface Listed {
  /** By which the list is in order, and beyond which a marker points. */
  readonly key: string;
  show(): Shape;
}

export const pageParameters = ['MaxRecords', 'Marker', 'Filters'] as const;

export function page(listName: string, all: readonly Listed[], input: Input, paging: Paging): Shape {
  const asked = input.whole('MaxRecords') ?? 100;
  if (asked < 20 || asked > 100) {
    invalidValue(`Invalid value ${asked} for MaxRecords. Must be between 20 and 100`);
  }
  const limit = Math.min(asked, paging.most);
  const { after, filled } = readMarker(input);
  const rest = all.filter(({ key }) => key > after).sort((a, b) => (a.key < b.key ? -1 : 1));
  if (paging.emptyPages && !filled && rest.length > 0) {
    return { Marker: writeMarker(input, after, true), [listName]: [] };
  }
  const shown = rest.slice(0, limit);
  const last = shown.at(-1);
  const more = rest.length > shown.length && last !== undefined;
  return {
    Marker: more ? writeMarker(input, last.key, false) : undefined,
    [listName]: shown.map((one) => one.show()),
  };
}

/** A marker belongs to the question that it was given for. */
function questionOf(input: Input): string {
  const rest = input.names().filter((name) => name !== 'Marker' && name !== 'MaxRecords' && name !== 'Filters');
  const words = rest.map((name) => `${name}=${input.texts(name)?.join() || input.text(name)}`);
  return hash('sha256', JSON.stringify([input.action, words, input.filters()])).slice(0, 16);
}

function writeMarker(input: Input, after: string, filled: boolean): string {
  return Buffer.from(JSON.stringify([questionOf(input), after, filled])).toString('base64url');
}

function readMarker(input: Input): { after: string; filled: boolean } {
  const marker = input.text('Marker');
  if (marker === undefined) return { after: '', filled: false };
  try {
    const [question, after, filled] = JSON.parse(Buffer.from(marker, 'base64url').toString()) as [
      string,
      string,
      boolean,
    ];
    if (question === questionOf(input)) return { after, filled };
  } catch {}
  invalidValue(`The marker ${marker} is not valid for this request`);
}

/** Which records pass the filters; a filter that the operation does not know is refused, as the service does. */
export function filtered<T>(
  records: readonly T[],
  filters: readonly Filter[],
  known: Readonly<Record<string, (record: T) => readonly (string | undefined)[]>>,
): readonly T[] {
  let left = records;
  for (const { name, values } of filters) {
    const read = known[name];
    if (read === undefined) invalidValue(`Unrecognized filter name: ${name}`);
    const wanted = new Set(values.map((value) => value.toLowerCase()));
    left = left.filter((record) =>
      read(record).some((value) => value !== undefined && wanted.has(value.toLowerCase())),
    );
  }
  return left;
}

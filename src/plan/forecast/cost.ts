/** What a vault costs a month: storage, requests and transfer to replicas. What runs (Lambda, Step Functions) is not in it. */
import { day } from '../calendar/zone.ts';
import type { Destination } from '../plan.ts';
import { prices } from '../prices.ts';
import type { Planned } from './scenario.ts';

export interface PlaceCost {
  readonly place: string;
  /** Dollars a month. A directory costs nothing here: its disk is paid for already. */
  readonly storage: number;
  readonly requests: number;
  readonly transfer: number;
  readonly total: number;
}

export interface Cost {
  readonly places: readonly PlaceCost[];
  readonly total: number;
  /** What the primary alone would cost in S3 Standard: of use where it lies in a directory. */
  readonly inS3: number;
}

export interface Load {
  readonly bytes: number;
  readonly newBytesPerDay: number;
  readonly snapshotsPerDay: number;
}

const gigabyte = 1e9;
const packSize = 32 * 1024 * 1024;
/** Index, snapshot, trust levels, lease, work of the run: small objects that a snapshot puts beside its packs. */
const smallPuts = 16;
const daysOfMonth = 365.25 / 12;

export function costOf({ vault }: Pick<Planned, 'vault'>, load: Load): Cost {
  const region = regionOf(vault.primary);
  const primary = placeCost(vault.primary, load, false);
  const replicas = vault.replicas.map((place) => placeCost(place, load, regionOf(place) !== region));
  const places = [primary, ...replicas];
  return {
    places,
    total: round(places.reduce((sum, place) => sum + place.total, 0)),
    inS3: s3Cost('S3', load, false).total,
  };
}

function placeCost(place: Destination, load: Load, isFar: boolean): PlaceCost {
  if (!('s3' in place)) return { place: place.directory, storage: 0, requests: 0, transfer: 0, total: 0 };
  return s3Cost(`s3:${place.s3.bucket}`, load, isFar);
}

function s3Cost(place: string, { bytes, newBytesPerDay, snapshotsPerDay }: Load, isFar: boolean): PlaceCost {
  const puts = (newBytesPerDay / packSize + snapshotsPerDay * smallPuts) * daysOfMonth;
  const storage = (bytes / gigabyte) * prices.s3Standard.usd;
  const requests = (puts / 1000) * prices.s3StandardPut.usd;
  const transfer = isFar ? ((newBytesPerDay * daysOfMonth) / gigabyte) * prices.transferBetweenRegions.usd : 0;
  return {
    place,
    storage: round(storage),
    requests: round(requests),
    transfer: round(transfer),
    total: round(storage + requests + transfer),
  };
}

const regionOf = (place: Destination): string | undefined => ('s3' in place ? place.s3.region : undefined);
const round = (dollars: number): number => Math.round(dollars * 10_000) / 10_000;

export const perDay = (count: number, milliseconds: number): number => count / Math.max(1, milliseconds / day);

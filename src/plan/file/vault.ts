/** `vault`: the primary, its replicas, and whether the content is sealed. No two of them may be, or lie in, one place. */
import type { Destination, Plan, Sealing } from '../plan.ts';
import { oneOf } from './fields.ts';
import { bucketName, endpoint, keyPrefix, liesIn, pathFrom, region } from './location.ts';
import type { Place } from './place.ts';

const notYet = {
  gcs: 'Google Cloud Storage (gcs) is not in this version; use s3 or directory',
  azure: 'Azure Blob Storage (azure) is not in this version; use s3 or directory',
} as const;
const destinationKinds = ['directory', 's3'] as const;

export function readVault(place: Place): Plan['vault'] | undefined {
  if (!place.isSection(['primary', 'replicas', 'sealing'])) return undefined;
  const primary = readDestination(place.child('primary'));
  const replicaPlaces = place.child('replicas').isThere ? place.child('replicas').items() : [];
  const replicas = replicaPlaces.map((replica) => readDestination(replica));
  checkApart([place.child('primary'), ...replicaPlaces], [primary, ...replicas]);
  const sealing = place.child('sealing').may(
    oneOf<Sealing>(['none', 'passphrase'], {
      kms: 'is `kms`: keys of AWS KMS are not in this version; use none or passphrase',
    }),
    'none' as const,
  );
  if (!primary || !sealing || replicas.includes(undefined)) return undefined;
  return { primary, replicas: replicas as Destination[], sealing };
}

function readDestination(place: Place): Destination | undefined {
  const kinds = Object.keys((place.value as object | undefined) ?? {});
  const later = Object.entries(notYet).find(([kind]) => kinds.length === 1 && kinds[0] === kind);
  if (later) return place.wrong(`asks for what is not there yet: ${later[1]}`);
  if (!place.isSection(destinationKinds)) return undefined;
  const known = destinationKinds.filter((kind) => kinds.includes(kind));
  if (known.length > 1) return place.wrong('names both a directory and a bucket; a vault is in one place');
  // Neither: the key that is there instead is a mistake already.
  if (known[0] === undefined) return undefined;
  return known[0] === 'directory' ? readDirectory(place) : readBucket(place.child('s3'));
}

function readDirectory(place: Place): Destination | undefined {
  const directory = place.child('directory').need(pathFrom(place.file.folder));
  if (directory === '/')
    return place.child('directory').wrong('is the root of the file system; give the vault a directory of its own');
  return directory === undefined ? undefined : { directory };
}

function readBucket(place: Place): Destination | undefined {
  if (!place.isSection(['bucket', 'region', 'prefix', 'endpoint'])) return undefined;
  const bucket = place.child('bucket').need(bucketName);
  const where = place.child('region').need(region);
  const prefix = place.child('prefix').may(keyPrefix, undefined);
  const url = place.child('endpoint').may(endpoint, undefined);
  if (bucket === undefined || where === undefined) return undefined;
  const own = { ...(prefix === undefined ? {} : { prefix }), ...(url === undefined ? {} : { endpoint: url }) };
  return { s3: { bucket, region: where, ...own } };
}

/** A replica in the primary's place would be no second copy, and one within another would take its objects for garbage. */
function checkApart(places: readonly Place[], destinations: readonly (Destination | undefined)[]): void {
  for (const [at, later] of destinations.entries()) {
    for (const [before, earlier] of destinations.slice(0, at).entries()) {
      if (!later || !earlier) continue;
      const [inner, outer] = [overlaps(later, earlier), overlaps(earlier, later)];
      if (inner && outer)
        places[at]!.wrong(`is the same place as ${places[before]!.name}; a replica is to be elsewhere`);
      else if (inner || outer) places[at]!.wrong(`and ${places[before]!.name} lie one within the other`);
    }
  }
}

function overlaps(inner: Destination, outer: Destination): boolean {
  if ('directory' in inner || 'directory' in outer) {
    return 'directory' in inner && 'directory' in outer && liesIn(inner.directory, outer.directory);
  }
  // Names of buckets are unique within one service, whatever the region.
  if (inner.s3.bucket !== outer.s3.bucket || inner.s3.endpoint !== outer.s3.endpoint) return false;
  return outer.s3.prefix === undefined || `${inner.s3.prefix ?? ''}/`.startsWith(`${outer.s3.prefix}/`);
}

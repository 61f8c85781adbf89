/**
 * A source of kind `rds`: which databases, in which region, where copies of their snapshots go. Keys are written as ARNs, as
 * what RDS says of a copy is compared with them, and an alias says nothing of which key it was when the copy was made.
 */
import type { RdsCopy, RdsExport, RdsSource } from '../plan.ts';
import { countUpTo, text, textAs } from './fields.ts';
import { bucketName, endpoint, keyPrefix, region } from './location.ts';
import type { Field, Place } from './place.ts';

export const rdsKeys = ['instance', 'cluster', 'tag', 'region', 'copies', 'export', 'endpoint'] as const;
const choices = ['instance', 'cluster', 'tag'] as const;

/** `home` is the region of the primary vault, where there is one. */
export function readRds(place: Place, home: string | undefined): RdsSource | undefined {
  const databases = readChoice(place);
  const where = home === undefined ? place.child('region').need(region) : place.child('region').may(region, home);
  const copies = readCopies(place.child('copies'), where);
  const exported = place.child('export').isThere ? readExport(place.child('export'), where) : undefined;
  const at = place.child('endpoint').may(endpoint, undefined);
  if (databases === undefined || where === undefined || copies === undefined) return undefined;
  if (place.child('export').isThere && exported === undefined) return undefined;
  return {
    kind: 'rds',
    databases,
    region: where,
    copies,
    ...(exported && { export: exported }),
    ...(at !== undefined && { endpoint: at }),
  };
}

function readChoice(place: Place): RdsSource['databases'] | undefined {
  const said = choices.filter((choice) => place.child(choice).isThere);
  if (said.length !== 1) {
    const what = said.length === 0 ? 'names no database' : `names its databases by ${said.join(' and ')}`;
    place.wrong(`${what}; write one of \`instance\`, \`cluster\` and \`tag\``);
    return undefined;
  }
  if (said[0] === 'tag') {
    const tag = place.child('tag');
    if (!tag.isSection(['key', 'value'])) return undefined;
    const [key, value] = [tag.child('key').need(tagKey), tag.child('value').need(text)];
    return key === undefined || value === undefined ? undefined : { tag: { key, value } };
  }
  const id = place.child(said[0]!).need(databaseId);
  if (id === undefined) return undefined;
  return said[0] === 'instance' ? { instance: id } : { cluster: id };
}

function readCopies(place: Place, home: string | undefined): readonly RdsCopy[] | undefined {
  if (!place.isThere) return [];
  const copies = place.items().map((copy) => readCopy(copy, home));
  if (copies.includes(undefined)) return undefined;
  const regions = (copies as RdsCopy[]).map((copy) => copy.region);
  for (const [at, one] of regions.entries()) {
    if (regions.indexOf(one) !== at) place.child(at).child('region').wrong(`is \`${one}\`, which has a copy already`);
  }
  return copies as RdsCopy[];
}

function readCopy(place: Place, home: string | undefined): RdsCopy | undefined {
  if (!place.isSection(['region', 'key', 'pointInTime'])) return undefined;
  const where = place.child('region').need(region);
  const key = place.child('key').need(keyArn);
  const days = place.child('pointInTime').may(backupDays, undefined);
  if (where !== undefined && where === home) {
    place.child('region').wrong(`is \`${where}\`, where the database is; a copy belongs in another region`);
  }
  if (where !== undefined && key !== undefined && regionOfKey(key) !== where) {
    place.child('key').wrong(`is a key of ${regionOfKey(key)}; a copy in ${where} needs a key of ${where}`);
  }
  if (where === undefined || key === undefined) return undefined;
  return { region: where, key, ...(days !== undefined && { pointInTimeDays: days }) };
}

function readExport(place: Place, home: string | undefined): RdsExport | undefined {
  if (!place.isSection(['bucket', 'prefix', 'role', 'key'])) return undefined;
  const bucket = place.child('bucket').need(bucketName);
  const prefix = place.child('prefix').may(keyPrefix, 'exports');
  const role = place.child('role').need(roleArn);
  const key = place.child('key').need(keyArn);
  if (key !== undefined && home !== undefined && regionOfKey(key) !== home) {
    place.child('key').wrong(`is a key of ${regionOfKey(key)}; an export from ${home} needs a key of ${home}`);
  }
  if (bucket === undefined || prefix === undefined || role === undefined || key === undefined) return undefined;
  return { bucket, prefix, role, key };
}

/** https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/CHAP_Limits.html#RDS_Limits.Constraints */
const databaseId: Field<string> = textAs<string>((value) => {
  const id = value.toLowerCase();
  return /^[a-z](-?[a-z0-9])*$/.test(id) && id.length <= 63
    ? { is: id }
    : {
        wrong: `is \`${value}\`; write the identifier that the RDS console shows: letters, digits and single hyphens, the first a letter`,
      };
});

const tagKey: Field<string> = textAs<string>((value) =>
  value.startsWith('aws:')
    ? { wrong: `is \`${value}\`; AWS keeps tags that begin with aws: to itself` }
    : { is: value },
);

export const keyArn: Field<string> = textAs<string>((value) =>
  /^arn:aws[\w-]*:kms:[a-z0-9-]+:\d{12}:key\/[\w-]+$/.test(value)
    ? { is: value }
    : {
        wrong: `is \`${value}\`; write the ARN of a KMS key, arn:aws:kms:REGION:ACCOUNT:key/ID (an alias may point elsewhere tomorrow)`,
      },
);

const roleArn: Field<string> = textAs<string>((value) =>
  /^arn:aws[\w-]*:iam::\d{12}:role\/.+$/.test(value)
    ? { is: value }
    : { wrong: `is \`${value}\`; write the ARN of a role, arn:aws:iam::ACCOUNT:role/NAME` },
);

/** `7 days`, or the number alone; RDS keeps replicated backups for 35 at most. */
const backupDays: Field<number> = textOrNumber();

function textOrNumber(): Field<number> {
  const days = countUpTo(35);
  return textAs<number>((value) => {
    const [, number] = /^(\d+)\s*days?$/.exec(value) ?? [];
    const read = days.safeParse(Number(number));
    return read.success ? { is: read.data } : { wrong: `is \`${value}\`; write \`7 days\`, 35 days at most` };
  });
}

const regionOfKey = (key: string): string => key.split(':')[3]!;

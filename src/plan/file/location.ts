/** Where things are: paths, buckets, URLs. Nothing here quotes what it was given if that may hold a password. */
import { isAbsolute, relative, resolve } from 'node:path';
import { isObjectKey } from '../../storage/port.ts';
import { textAs } from './fields.ts';
import type { Field } from './place.ts';

/** An absolute path, tidied up; relative ones start at the plan file's folder, if it has one. */
export function pathFrom(folder: string | undefined): Field<string> {
  return textAs<string>((value) => {
    if (/^[a-z][a-z0-9+.-]*:\/\//i.test(value)) return { wrong: 'is to be a path, not a URL' };
    if (value.startsWith('~'))
      return { wrong: `is \`${value}\`; no shell is there to expand the ~, write the whole path` };
    if (isAbsolute(value)) return { is: resolve(value) };
    if (folder !== undefined) return { is: resolve(folder, value) };
    return {
      wrong: `is \`${value}\`; it is to be absolute, as this plan is not read from a folder that it could start at`,
    };
  });
}

/** True when `inner` is `outer` or lies below it; both absolute. */
export function liesIn(inner: string, outer: string): boolean {
  const way = relative(outer, inner);
  return way === '' || (way !== '..' && !way.startsWith('../') && !isAbsolute(way));
}

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html */
export const bucketName: Field<string> = textAs<string>((value) =>
  /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(value) && !value.includes('..')
    ? { is: value }
    : { wrong: `is \`${value}\`; a bucket's name is 3 to 63 lower-case letters, digits, dots and hyphens` },
);

export const region: Field<string> = textAs<string>((value) =>
  /^[a-z0-9][a-z0-9-]*$/.test(value) ? { is: value } : { wrong: `is \`${value}\`; write a region such as eu-west-1` },
);

/** Without slashes at its ends. */
export const keyPrefix: Field<string> = textAs<string>((value) => {
  const prefix = value.replace(/\/+$/, '');
  return isObjectKey(prefix)
    ? { is: prefix }
    : { wrong: `is \`${value}\`; write folders such as \`tidemark\` or \`backups/tidemark\`` };
});

/** A web address without a password in it. */
export const endpoint: Field<string> = textAs<string>((value) => {
  const url = URL.parse(value);
  if (!url || !/^https?:$/.test(url.protocol)) return { wrong: 'is to be a URL that begins with https:// or http://' };
  return url.username || url.password ? { wrong: 'may hold neither user nor password' } : { is: value };
});

export const webhook: Field<string> = textAs<string>((value) => {
  const url = URL.parse(value);
  return url && /^https?:$/.test(url.protocol)
    ? { is: value }
    : { wrong: 'is to be a URL that begins with https:// or http://' };
});

export const postgresUrl: Field<string> = textAs<string>((value) => {
  const example = 'postgres://host:5432/database';
  const url = URL.parse(value);
  if (!url || !/^postgres(ql)?:$/.test(url.protocol))
    return { wrong: `is to be a URL such as ${example}, or a section that names a secret` };
  if (url.pathname.length < 2) return { wrong: `names no database; write ${example}` };
  return { is: value };
});

export const secretName: Field<string> = textAs<string>((value) =>
  /^[A-Za-z0-9/_+=.@:-]{1,2048}$/.test(value) ? { is: value } : { wrong: 'is not the name or ARN of a secret' },
);

/** A path, or an https URL; http only to this very machine. */
export function gitRepository(folder: string | undefined): Field<string> {
  return textAs<string>((value) => {
    if (/^[^/:\s]+@[^/:\s]+:/.test(value) || /^(ssh|git)(\+\w+)?:/i.test(value)) {
      return {
        wrong: 'is reached over ssh, which is not in this version; write its https:// URL, or the path of a clone',
      };
    }
    if (!/^[a-z][a-z0-9+.-]*:\/\//i.test(value)) {
      const path = pathFrom(folder).safeParse(value);
      return path.success ? { is: path.data } : { wrong: path.error.issues[0]!.message };
    }
    const url = URL.parse(value);
    const local = url?.protocol === 'http:' && /^(localhost|127\.0\.0\.1|\[::1\])$/.test(url.hostname);
    if (url && (url.protocol === 'https:' || local)) return { is: value };
    return { wrong: 'is to be a path, or a URL that begins with https://' };
  });
}

/** The shape of an operation: what it takes, and what it does. What it does not take is refused, as guessing would hide a mistake. */

import type { Paging } from './pages.ts';
import type { Place } from './place.ts';
import type { Shape } from './wire/answer.ts';
import type { Input } from './wire/input.ts';
import { invalidValue, refuse } from './wire/refusal.ts';

export interface Call {
  readonly input: Input;
  /** Where the caller is, as its signature says. */
  readonly place: Place;
  readonly now: Date;
  readonly paging: Paging;
}

export interface Operation {
  readonly takes: readonly string[];
  /** No shape: the answer carries nothing. */
  perform(call: Call): Shape | undefined;
}

export type Operations = Readonly<Record<string, Operation>>;

export function perform(operations: Operations, call: Call): Shape | undefined {
  const { input } = call;
  const operation = operations[input.action];
  if (operation === undefined)
    refuse('InvalidAction', `Could not find operation ${input.action} for version 2014-10-31`);
  const foreign = input.names().filter((name) => !operation.takes.includes(name));
  if (foreign.length > 0) {
    refuse('NotImplemented', `${input.action} with ${foreign.join(', ')} is not known to this fake`, 501);
  }
  return operation.perform(call);
}

/**
 * Tags as the service takes them: at most 50, keys of 1 to 128 and values of up to 256 characters, none of them beginning
 * with `aws:`. https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_Tagging.html; the refusal of `aws:`, in words:
 * https://github.com/cloud-custodian/cloud-custodian/issues/6782
 */
export function checkTags<T extends { readonly Key: string; readonly Value: string }>(
  tags: readonly T[],
  most: number,
): readonly T[] {
  for (const { Key, Value } of tags) {
    if (Key.length < 1 || Key.length > 128) invalidValue('Tag keys must be between 1 and 128 characters in length');
    if (Value.length > 256) invalidValue('Tag values must be at most 256 characters in length');
    if (/^aws:/i.test(Key)) invalidValue('Tag keys cannot start with the reserved prefix aws:');
    if (!/^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u.test(Key + Value)) {
      invalidValue('Tags may hold letters, digits, white space and the characters _ . : / = + - @ only');
    }
  }
  if (new Set(tags.map(({ Key }) => Key)).size < tags.length) invalidValue('Duplicate tag keys');
  if (tags.length > most) invalidValue(`A resource cannot have more than ${most} tags`);
  return tags;
}

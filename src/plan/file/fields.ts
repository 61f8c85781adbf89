/** The plain fields of a plan: words, numbers, names. Messages go on after the field's name: "`plan` is empty". */
import * as z from 'zod';
import { idPattern } from '../../core/ids.ts';
import { nearest } from './nearest.ts';
import { type Field, kindOf } from './place.ts';

export interface Wrong {
  readonly wrong: string;
  readonly nearest?: string;
}

/** Text that is not empty. */
export const text: Field<string> = z
  .string({ error: ({ input }) => (input === null ? 'is empty' : `is to be text, not ${kindOf(input)}`) })
  .refine((value) => value.trim() !== '', { error: 'is empty' })
  .refine((value) => !value.includes('\0'), { error: 'holds a NUL character' });

/** Text that `read` understands or says what is wrong with. */
export function textAs<T>(read: (value: string) => { readonly is: T } | Wrong): Field<T> {
  return z.unknown().transform((value, context): T => {
    const plain = text.safeParse(value);
    const result = plain.success ? read(plain.data.trim()) : { wrong: plain.error.issues[0]!.message };
    if ('is' in result) return result.is;
    context.addIssue({ code: 'custom', message: result.wrong, params: { nearest: result.nearest } });
    return z.NEVER;
  });
}

/** The same for a few words that may begin with a number: YAML makes a number of them when the rest is missing. */
export function wordsAs<T>(read: (value: string) => { readonly is: T } | Wrong): Field<T> {
  return z.preprocess((value) => (typeof value === 'number' ? String(value) : value), textAs(read));
}

/** One of `words`; those of `notYet` get the sentence there. */
export function oneOf<W extends string>(words: readonly W[], notYet: Readonly<Record<string, string>> = {}): Field<W> {
  return textAs<W>((value) => {
    const word = words.find((known) => known === value);
    if (word !== undefined) return { is: word };
    const sentence = Object.hasOwn(notYet, value) ? notYet[value] : undefined;
    if (sentence !== undefined) return { wrong: sentence };
    return unknownWord(value, words);
  });
}

export function unknownWord(value: string, words: readonly string[]): Wrong {
  const near = nearest(value, words);
  const wrong = `is \`${value}\`, which is not one of ${words.join(', ')}`;
  return near === undefined ? { wrong } : { wrong, nearest: near };
}

export const yesNo: Field<boolean> = z.boolean({
  error: ({ input }) => (input === null ? 'is empty' : `is to be true or false, not ${kindOf(input)}`),
});

/** A whole number from 1 to `most`. */
export function countUpTo(most: number): Field<number> {
  const range = `is to be a whole number from 1 to ${most}`;
  return z
    .number({ error: ({ input }) => (input === null ? 'is empty' : `${range}, not ${kindOf(input)}`) })
    .refine((value) => Number.isInteger(value) && value >= 1 && value <= most, {
      error: ({ input }) => `${range}, not ${input}`,
    });
}

export const planName: Field<string> = textAs<string>((value) =>
  idPattern.test(value)
    ? { is: value }
    : {
        wrong:
          'is to be 80 characters at most: letters, digits, dots, hyphens and underscores, the first a letter or digit',
      },
);

/** A snapshot's id is `source.time.hash`: the source may hold no dot, and leaves room for the rest. */
export const sourceId: Field<string> = textAs<string>((value) => {
  if (value.includes('.'))
    return { wrong: `is \`${value}\`; it may hold no dot, as dots separate the parts of a snapshot's id` };
  if (value.length > 50) return { wrong: `is ${value.length} characters long; 50 are the most` };
  if (idPattern.test(value)) return { is: value };
  return {
    wrong: `is \`${value}\`; it is to be letters, digits, hyphens and underscores, the first a letter or digit`,
  };
});

export const timeZone: Field<string> = textAs<string>((value) => {
  const known = ['UTC', ...Intl.supportedValuesOf('timeZone')];
  if (known.includes(value)) return { is: value };
  const wrong = `is \`${value}\`, which is not a time zone; write an IANA name such as Europe/Rome, or UTC`;
  const near = nearest(value, known);
  // Names that have an heir (Asia/Kolkata) are not in the list and are good all the same; an offset (+01:00) is no zone.
  const isName = /^[A-Z][A-Za-z0-9_+/-]*$/.test(value) && near?.toLowerCase() !== value.toLowerCase();
  if (isName && isTimeZone(value)) return { is: value };
  return near === undefined ? { wrong } : { wrong, nearest: near };
});

function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en-US', { timeZone: name }) !== undefined;
  } catch {
    return false;
  }
}

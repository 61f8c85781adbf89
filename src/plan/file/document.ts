/** The plan file as YAML: plain values, and the line and column of each of them. */
import {
  type Document,
  type ErrorCode,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseDocument,
  visit,
} from 'yaml';
import type { Mistakes, Path, Position } from './mistakes.ts';

export interface PlanDocument {
  readonly value: unknown;
  /** Where a key stands, or the value under it; of what is missing, where the nearest thing around it stands. */
  keyAt(path: Path): Position;
  valueAt(path: Path): Position;
}

/**
 * The document, or `undefined` when it is not YAML; what is wrong is in `mistakes` then. The library's own messages quote the
 * file, which may hold a password, so none of them is passed on.
 */
export function readDocument(text: string, mistakes: Mistakes): PlanDocument | undefined {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, version: '1.2', stringKeys: true });
  const at = (offset: number | undefined): Position => {
    const { line, col } = lines.linePos(offset ?? 0);
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  const errors = [...document.errors, ...document.warnings];
  // Where the syntax breaks, all that follows looks broken too: only the first break is news.
  const firstBreak = errors.find(({ code }) => !wholeMistakes.has(code));
  for (const error of errors) {
    if (wholeMistakes.has(error.code) || error === firstBreak) mistakes.add(at(error.pos[0]), yamlMistakes[error.code]);
  }
  visit(document, {
    Alias(_key, alias) {
      if (!alias.resolve(document))
        mistakes.add(at(alias.range?.[0]), 'no anchor of this name stands before this alias');
    },
  });
  if (document.directives?.yaml.version === '1.1') {
    mistakes.add(at(0), 'the plan is YAML 1.2; leave out `%YAML 1.1`, in which `on` is not a word but a truth value');
  }
  if (mistakes.count > 0) return undefined;
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: 100 });
  } catch {
    mistakes.add(at(0), 'its aliases go in circles, or are too many');
    return undefined;
  }
  return {
    value,
    keyAt: (path) => at(offsetOf(document, path, 'key')),
    valueAt: (path) => at(offsetOf(document, path, 'value')),
  };
}

const yamlMistakes: Readonly<Record<ErrorCode, string>> = {
  ALIAS_PROPS: 'an alias takes neither an anchor nor a tag',
  BAD_ALIAS: 'this alias is not written right',
  BAD_COLLECTION_TYPE: 'this tag does not fit what it stands on',
  BAD_DIRECTIVE: 'this is no directive of YAML',
  BAD_DQ_ESCAPE: 'a backslash and what follows it mean nothing here; use single quotes, or double the backslash',
  BAD_INDENT: 'this is not indented as it should be',
  BAD_PROP_ORDER: 'an anchor or tag stands in the wrong place',
  BAD_SCALAR_START: 'text that begins with this character is to be in quotes',
  BLOCK_AS_IMPLICIT_KEY: 'a second key stands on this line; put it on its own line, or the value in quotes',
  BLOCK_IN_FLOW: 'an indented section or list cannot stand within braces or brackets',
  DUPLICATE_KEY: 'this key stands here for the second time',
  IMPOSSIBLE: 'this is not YAML',
  KEY_OVER_1024_CHARS: 'this key is longer than a key may be',
  MISSING_CHAR: 'something is missing here: a colon, a comma, or what closes a quote, brace or bracket',
  MULTILINE_IMPLICIT_KEY: 'a key has to stand on one line; is a colon missing?',
  MULTIPLE_ANCHORS: 'two anchors stand on one value',
  MULTIPLE_DOCS: 'a second document begins here; a plan is one',
  MULTIPLE_TAGS: 'two tags stand on one value',
  NON_STRING_KEY: 'this key is not a word',
  RESOURCE_EXHAUSTION: 'this is nested too deeply',
  TAB_AS_INDENT: 'a tab is not allowed here; indent with spaces',
  TAG_RESOLVE_FAILED: 'this tag (!...) means nothing in a plan',
  UNEXPECTED_TOKEN:
    'this does not belong here; look for a quote, brace, bracket or colon too many or too few before it',
};

/** Mistakes that leave the rest of the file readable. */
const wholeMistakes = new Set<ErrorCode>(['DUPLICATE_KEY', 'MULTIPLE_DOCS', 'NON_STRING_KEY', 'TAG_RESOLVE_FAILED']);

function offsetOf(document: Document, path: Path, which: 'key' | 'value'): number | undefined {
  let node: Node | null | undefined = document.contents as Node | null;
  let offset = node?.range?.[0];
  for (const [depth, step] of path.entries()) {
    const within: Node | undefined = isAlias(node) ? node.resolve(document) : (node ?? undefined);
    const last = depth === path.length - 1;
    if (isMap(within)) {
      const pair = within.items.find((item) => keyOf(item) === step) as Pair<Node, Node | null> | undefined;
      if (!pair) return offset;
      node = pair.value;
      offset = (last && which === 'value' ? pair.value?.range?.[0] : undefined) ?? pair.key.range?.[0];
    } else if (isSeq(within)) {
      node = within.items[Number(step)] as Node | undefined;
      offset = node?.range?.[0] ?? offset;
    } else {
      return offset;
    }
  }
  return offset;
}

function keyOf(pair: { key: unknown }): unknown {
  return isScalar(pair.key) ? pair.key.value : undefined;
}

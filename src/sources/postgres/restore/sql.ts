/** Just enough SQL to take apart what pg_dumpall writes, and to put names and values into statements safely. */

/** The statements of a script, without comments, psql's own commands and the closing semicolons. */
export function statementsOf(script: string): string[] {
  // A piece is: a comment, one of psql's commands (\restrict), a string, a quoted name, a dollar-quoted string, or one character.
  const pieces =
    /--[^\n]*|^\\[^\n]*|[eE]'(?:[^'\\]|\\[\s\S]|'')*'|'(?:[^']|'')*'|"(?:[^"]|"")*"|(\$\w*\$)[\s\S]*?\1|;|[\s\S]/gm;
  const statements: string[] = [];
  let statement = '';
  for (const [piece] of script.matchAll(pieces)) {
    if (piece.startsWith('--') || piece.startsWith('\\')) continue;
    if (piece !== ';') {
      statement += piece;
      continue;
    }
    if (statement.trim() !== '') statements.push(statement.trim());
    statement = '';
  }
  if (statement.trim() !== '') statements.push(statement.trim());
  return statements;
}

/** A name as PostgreSQL writes it, at the start of `text`: the name itself, and what follows it. */
export function leadingName(text: string): { readonly name: string; readonly rest: string } | undefined {
  const [all, quoted, plain] = /^\s*(?:"((?:[^"]|"")+)"|([^\s"(),;]+))/.exec(text) ?? [];
  if (all === undefined) return undefined;
  return { name: quoted?.replaceAll('""', '"') ?? plain!, rest: text.slice(all.length) };
}

export function quotedName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

export function quotedText(text: string): string {
  const doubled = text.replaceAll("'", "''");
  return text.includes('\\') ? ` E'${doubled.replaceAll('\\', '\\\\')}'` : `'${doubled}'`;
}

/** Settings whose value is a list of names; the list is taken apart, as it must not be quoted as one. */
const lists = ['search_path', 'temp_tablespaces', 'local_preload_libraries', 'session_preload_libraries'];

/** `name=value`, as the catalog keeps it, as the end of an `ALTER ... SET`. Undefined when it is not of that form. */
export function settingClause(setting: string): string | undefined {
  const at = setting.indexOf('=');
  const [name, value] = [setting.slice(0, at), setting.slice(at + 1)];
  if (at < 0 || !/^[A-Za-z_][\w$]*(\.[A-Za-z_][\w$]*)*$/.test(name)) return undefined;
  const parts = lists.includes(name.toLowerCase()) ? namesIn(value) : [value];
  return `${name} TO ${parts.length === 0 ? "''" : parts.map(quotedText).join(', ')}`;
}

function namesIn(list: string): string[] {
  const names: string[] = [];
  for (const [, quoted, plain] of list.matchAll(/"((?:[^"]|"")*)"|([^\s,"]+)/g)) {
    names.push(quoted?.replaceAll('""', '"') ?? plain ?? '');
  }
  return names;
}

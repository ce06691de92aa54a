// Just enough of Rust's lexical rules to tell code from comments and strings, and shipped code from test code.
import { paths, text, type Tree } from './tree.ts';

export interface Literal {
  /** Content with escapes resolved. */
  readonly value: string;
  /** Where it starts in the source. */
  readonly index: number;
}

export interface Scanned {
  /** The source with comments and the content of strings blanked; same length, same lines. */
  readonly code: string;
  readonly literals: readonly Literal[];
}

/** Splits a source into code and string literals. */
export function scan(source: string): Scanned {
  const literals: Literal[] = [];
  const code = source.split('');
  const blank = (from: number, to: number): void => {
    for (let i = from; i < to; i += 1) if (code[i] !== '\n') code[i] = ' ';
  };
  let at = 0;
  while (at < source.length) {
    const rest = source.slice(at, at + 300);
    let end: number;
    if (rest.startsWith('//')) {
      end = orEnd(source.indexOf('\n', at), source);
      blank(at, end);
    } else if (rest.startsWith('/*')) {
      end = orEnd(source.indexOf('*/', at), source) + 2;
      blank(at, end);
    } else if (/^b?r(#*)"/.test(rest) && !/[A-Za-z0-9_]/.test(source[at - 1] ?? ' ')) {
      const [opening, hashes] = /^b?r(#*)"/.exec(rest) as unknown as [string, string];
      const start = at + opening.length;
      const close = orEnd(source.indexOf(`"${hashes}`, start), source);
      literals.push({ value: source.slice(start, close), index: at });
      end = close + 1 + hashes.length;
      blank(start, close);
    } else if (rest.startsWith('"')) {
      const close = closingQuote(source, at + 1);
      literals.push({ value: unescape(source.slice(at + 1, close)), index: at });
      end = close + 1;
      blank(at + 1, close);
    } else {
      // A character may be a quote; a lifetime is no character.
      const character = /^'(?:\\.[^']*|[^\\'])'/.exec(rest);
      end = at + (character ? character[0].length : 1);
      if (character) blank(at + 1, end - 1);
    }
    at = end;
  }
  return { code: code.join(''), literals };
}

function orEnd(index: number, source: string): number {
  return index < 0 ? source.length : index;
}

function closingQuote(source: string, from: number): number {
  let at = from;
  while (at < source.length && source[at] !== '"') at += source[at] === '\\' ? 2 : 1;
  return at;
}

function unescape(body: string): string {
  const named: Record<string, string> = { n: '\n', t: '\t', r: '\r', '0': '\0' };
  return body.replace(/\\(?:\r?\n\s*|u\{([0-9a-fA-F]+)\}|(.))/gs, (_, hex?: string, escaped?: string) => {
    if (hex !== undefined) return String.fromCodePoint(parseInt(hex, 16));
    return escaped === undefined ? '' : (named[escaped] ?? escaped);
  });
}

/** The source without its `#[cfg(test)]` items, blanked so that lines stay. */
export function withoutTests(source: string): string {
  let left = source;
  for (;;) {
    const { code } = scan(left);
    const start = code.search(/#\[cfg\(test\)\]/);
    if (start < 0) return left;
    const end = endOfItem(code, start);
    left = left.slice(0, start) + left.slice(start, end).replace(/[^\n]/g, ' ') + left.slice(end);
  }
}

function endOfItem(code: string, start: number): number {
  let depth = 0;
  for (let at = code.indexOf(']', start) + 1; at < code.length; at += 1) {
    if (code[at] === '{') depth += 1;
    if (code[at] === '}' && (depth -= 1) === 0) return at + 1;
    if (code[at] === ';' && depth === 0) return at + 1;
  }
  return code.length;
}

export interface FirstArgument {
  /** The argument, when it is a string literal. */
  readonly value: string | undefined;
  /** Where the call starts. */
  readonly index: number;
  /** Where the argument starts. */
  readonly argument: number;
}

/** First arguments of the calls whose name matches; the pattern ends with the opening parenthesis. */
export function firstArguments(source: string, call: RegExp): FirstArgument[] {
  const { code, literals } = scan(source);
  const pattern = new RegExp(call.source, 'g');
  return [...code.matchAll(pattern)].map((match) => {
    const opened = match.index + match[0].length;
    const argument = opened + (/^\s*/.exec(code.slice(opened)) as RegExpExecArray)[0].length;
    return { value: literals.find((literal) => literal.index === argument)?.value, index: match.index, argument };
  });
}

/** Rust that ships: sources without test modules, whether these stand in the file or beside it. */
export function shipped(tree: Tree, pattern: RegExp): { path: string; source: string }[] {
  const testModules = new Set(paths(tree, /\.rs$/).flatMap((path) => {
    const folder = path.slice(0, path.lastIndexOf('/'));
    const own = path.replace(/(?:\/(?:mod|lib|main))?\.rs$/, '');
    const declared = text(tree, path).matchAll(/#\[cfg\(test\)\]\s*(?:#\[path = "([^"]+)"\]\s*)?(?:pub(?:\([^)]*\))? )?mod (\w+);/g);
    return [...declared].flatMap(([, file, name]) =>
      file === undefined ? [`${own}/${name}.rs`, `${own}/${name}/mod.rs`] : [`${folder}/${file}`]);
  }));
  return paths(tree, pattern).filter((path) => !testModules.has(path))
    .map((path) => ({ path, source: withoutTests(text(tree, path)) }));
}

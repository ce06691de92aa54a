// Rules about error codes: what the code constructs is documented, and what is documented exists.
import { lineOf, paths, text, type Tree } from '../tree.ts';
import { firstArguments, scan, shipped } from '../rust.ts';

const DOCUMENT = 'docs/ERRORS.md';
const CODE = /^[A-Z][A-Z0-9]*(_[A-Z0-9]+)+$/;

interface Row {
  readonly code: string;
  readonly line: number;
  readonly cells: readonly string[];
}

function documented(tree: Tree): Row[] {
  return text(tree, DOCUMENT).split('\n').flatMap((line, index) => {
    const cells = line.split('|').slice(1, -1).map((cell) => cell.trim());
    const code = /^`([A-Z][A-Z0-9_]*)`$/.exec(cells[0] ?? '')?.[1];
    return code === undefined ? [] : [{ code, line: index + 1, cells }];
  });
}

/** Codes that shipped Rust constructs, with the place. */
export function constructed(tree: Tree): { code: string; place: string }[] {
  return shipped(tree, /^(functions|shared)\/[^/]+\/src\/.*\.rs$/).flatMap(({ path, source }) => {
    const calls = firstArguments(source, /ApiError::new\(/);
    const literal = calls.flatMap(({ value, index }) => (value === undefined ? [] : [{ value, index }]));
    // A code that is chosen before it is passed stands as a literal somewhere in the same file.
    const chosen = calls.some(({ value }) => value === undefined)
      ? scan(source).literals.filter(({ value }) => CODE.test(value))
      : [];
    return [...literal, ...chosen].map(({ value, index }) => ({ code: value, place: `${path}:${lineOf(source, index)}` }));
  });
}

/** Every code that can leave the backend has a row in the table. */
export function codesAreDocumented(tree: Tree): string[] {
  const known = new Set(documented(tree).map((row) => row.code));
  const seen = new Set<string>();
  return constructed(tree).flatMap(({ code, place }) => {
    if (known.has(code) || seen.has(code)) return [];
    seen.add(code);
    return [`${place}: ${code} is not in ${DOCUMENT}`];
  });
}

/** Every row has all its cells, stands once, and its code occurs in the code. */
export function documentedCodesExist(tree: Tree): string[] {
  const sources = paths(tree, /^(functions|shared|local|infra-cdk)\/(?!.*\btest).*\.(rs|ts|js)$/).map((path) => text(tree, path));
  const seen = new Set<string>();
  return documented(tree).flatMap(({ code, line, cells }) => {
    const place = `${DOCUMENT}:${line}`;
    const again = seen.has(code);
    seen.add(code);
    return [
      ...(again ? [`${place}: ${code} stands twice`] : []),
      ...(cells.length === 4 && cells.every((cell) => cell !== '') ? [] : [`${place}: ${code} needs a context, a meaning and whether a retry helps`]),
      ...(sources.some((source) => new RegExp(`["'\`]${code}["'\`]`).test(source)) ? [] : [`${place}: nothing answers with ${code}`]),
    ];
  });
}

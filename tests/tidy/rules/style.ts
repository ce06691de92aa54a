// Rules about files: they open with a sentence, stay short, and leave nothing for later.
import { lineOf, paths, text, type Tree } from '../tree.ts';
import { scan, shipped } from '../rust.ts';

const LINES_MAX = 700;
const SOURCE = /\.(rs|sql|graphql|ts|js|mjs|py|sh|typ|ya?ml)$/;
/** How the first comment of a file begins, by the file's ending. */
const OPENINGS: readonly (readonly [RegExp, RegExp])[] = [
  [/\.rs$/, /^\/\/! (.+)/],
  [/\.sql$/, /^-- (.+)/],
  [/\.(graphql|sh|ya?ml)$/, /^# (.+)/],
  [/\.py$/, /^(?:# |"""|r""")(.+)/],
  [/\.(ts|js|mjs|typ)$/, /^(?:\/\/ |\/\*\*? ?)(.*)/],
];

/** Every source file opens with a sentence that says what lives in it. */
export function filesOpenWithASentence(tree: Tree): string[] {
  return paths(tree, SOURCE).flatMap((path) => {
    const lines = text(tree, path).split('\n');
    const start = (lines[0] ?? '').startsWith('#!/') ? 1 : 0;
    const opening = OPENINGS.find(([ending]) => ending.test(path))?.[1].exec(lines[start] ?? '')?.[1];
    // The sentence of a block comment may begin on its second line.
    const sentence = opening === '' ? (lines[start + 1] ?? '').replace(/^\s*\*\s?/, '') : opening;
    return sentence !== undefined && sentence.trim().split(/\s+/).length >= 2 ? [] : [`${path}:${start + 1}: does not open with a sentence`];
  });
}

/** No file is too long to be read at once. */
export function filesAreShort(tree: Tree): string[] {
  return paths(tree, SOURCE)
    .map((path) => ({ path, lines: text(tree, path).trimEnd().split('\n').length }))
    .filter(({ lines }) => lines > LINES_MAX)
    .map(({ path, lines }) => `${path}: ${lines} lines, at most ${LINES_MAX}`);
}

/** No Rust is unfinished, and no test is switched off. */
export function nothingIsLeftForLater(tree: Tree): string[] {
  return paths(tree, /\.rs$/).flatMap((path) => find(path, text(tree, path), /\b(todo|unimplemented|dbg)!|#\[ignore\b/g));
}

/** No TypeScript test is switched off or alone. */
export function testsAreAllRun(tree: Tree): string[] {
  const own = /^tests\/tidy\//;
  return paths(tree, /\.test\.ts$/).filter((path) => !own.test(path))
    .flatMap((path) => find(path, text(tree, path), /\b(?:test|it|describe)\.(?:skip|only|todo)\b/g));
}

/** Shipped Rust does not panic; the test kit and fixtures may. */
export function shippedCodeDoesNotPanic(tree: Tree): string[] {
  return shipped(tree, /^(functions|shared)\/[^/]+\/src\/.*\.rs$/)
    .filter(({ path }) => !path.startsWith('shared/testkit/'))
    .flatMap(({ path, source }) => find(path, source, /\.unwrap\(\)|\.expect\(|\bpanic!|\bunreachable!/g));
}

function find(path: string, source: string, pattern: RegExp): string[] {
  return [...scan(source).code.matchAll(pattern)].map((match) => `${path}:${lineOf(source, match.index)}: ${match[0]}`);
}

// Finds the SQL in Rust and TypeScript sources, and has PostgreSQL prepare each statement against the migrated schema.
import type pg from 'pg';
import { lineOf, paths, text, type Tree } from '../tree.ts';
import { firstArguments, scan } from '../rust.ts';

export interface Statement {
  readonly sql: string;
  readonly place: string;
}

const RUST_CALL = /\bsqlx::(?:query|query_as|query_scalar)(?:::<[^;{}"]*?>)?\(/;
const CONSTANT = /^[A-Z][A-Z_0-9]*\s*[),]/;
const PREPARABLE = /^\s*(?:select|insert|update|delete|with|values)\b/i;
/** The statement is sound, but a parameter's type comes only with its value. */
const TYPE_COMES_WITH_VALUE = '42P18';

/** Statements that are literals, with the calls whose statement is none. */
export function statements(tree: Tree): { found: Statement[]; hidden: string[] } {
  const found: Statement[] = [];
  const hidden: string[] = [];
  for (const path of paths(tree, /^(functions|shared)\/.*\.rs$/)) {
    const source = text(tree, path);
    for (const { value, index, argument } of firstArguments(source, RUST_CALL)) {
      const place = `${path}:${lineOf(source, index)}`;
      // Tests run lists of statements; the test kit makes databases, whose names are no parameters.
      const free = /\/tests\//.test(path) || path.startsWith('shared/testkit/');
      if (value !== undefined) found.push({ sql: value, place });
      else if (!free && !CONSTANT.test(source.slice(argument))) hidden.push(`${place}: the statement is not a literal`);
    }
    found.push(...constants(path, source));
  }
  for (const path of paths(tree, /^(local\/src|tests)\/(?!tidy\/).*\.ts$/)) found.push(...typescript(path, text(tree, path)));
  return { found: found.filter(({ sql }) => PREPARABLE.test(sql)), hidden };
}

/** `const NAME: &str = "select …";`, for statements with more than one user. */
function constants(path: string, source: string): Statement[] {
  const { code, literals } = scan(source);
  return [...code.matchAll(/\bconst [A-Z_0-9]+: &(?:'static )?str =\s*/g)].flatMap((match) => {
    const literal = literals.find(({ index }) => index === match.index + match[0].length);
    return literal === undefined ? [] : [{ sql: literal.value, place: `${path}:${lineOf(source, match.index)}` }];
  });
}

/** First arguments of `.query(` that are a literal without a placeholder of the language. */
function typescript(path: string, source: string): Statement[] {
  return [...source.matchAll(/\.query(?:<[^()]*?>)?\(\s*(?:`([^`$]*(?:\$\d[^`$]*)*)`|'([^'\n]*)'|"([^"\n]*)")/g)]
    .map((match) => ({ sql: match[1] ?? match[2] ?? match[3] ?? '', place: `${path}:${lineOf(source, match.index)}` }));
}

/** What PostgreSQL says against a statement; nothing when it can prepare it. */
export async function problem(db: pg.Client, sql: string): Promise<string | undefined> {
  try {
    await db.query(`prepare tidy as ${sql}`);
    await db.query('deallocate tidy');
    return undefined;
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    return code === TYPE_COMES_WITH_VALUE ? undefined : message;
  }
}

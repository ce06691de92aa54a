// Rules about boundaries: a context's tables are its own, and dependence goes downwards only.
import { LEVELS, lineOf, paths, text, type Tree } from '../tree.ts';
import { scan, shipped } from '../rust.ts';

const TABLE = /^\s*create\s+(?:table|view|materialized view|function|type)\s+(?:if not exists\s+)?([a-z_]+\.[a-z_]+)/gim;

/** Tables, types and functions of the migrations, by their name with the schema. */
function objects(tree: Tree): Set<string> {
  return new Set(paths(tree, /^shared\/store\/migrations\/.*\.sql$/)
    .flatMap((path) => [...text(tree, path).matchAll(TABLE)].map((match) => (match[1] as string).toLowerCase())));
}

/**
 * No Rust of a context names a table of another; the platform's belong to the shared store. Tests may look at what one
 * transaction wrote below them, never write it: the context that owns the rows offers fixtures.
 */
export function contextsReadOnlyTheirTables(tree: Tree): string[] {
  const known = objects(tree);
  return shipped(tree, /^functions\/[^/]+\/(src|tests)\/.*\.rs$/).flatMap(({ path, source }) => {
    const [, context, folder] = path.split('/') as [string, string, string];
    return scan(source).literals.flatMap(({ value, index }) => {
      const looks = folder === 'tests' && /^\s*select\b/i.test(value);
      return [...value.matchAll(/\b([a-z_]+)\.[a-z_]+\b/g)]
        .filter(([name, schema]) => known.has(name) && schema !== context && !(looks && isBelow(schema as string, context)))
        .map(([name]) => `${path}:${lineOf(source, index)}: ${context} names ${name}`);
    });
  });
}

function isBelow(lower: string, upper: string): boolean {
  return (LEVELS[lower] ?? 0) < (LEVELS[upper] ?? 0);
}

/** A context's migration makes and uses only its own schema, and the platform's functions. */
export function migrationsKeepToTheirSchema(tree: Tree): string[] {
  const schemas = Object.keys(LEVELS);
  return paths(tree, /^shared\/store\/migrations\/.*\.sql$/).flatMap((path) => {
    const context = /^\d{4}_([a-z_]+)\.sql$/.exec(path.replace(/^.*\//, ''))?.[1] ?? '';
    if (!schemas.includes(context)) return [`${path}: its name is not NNNN_<context>.sql`];
    const source = text(tree, path);
    const bare = source.replace(/--[^\n]*/g, (comment) => ' '.repeat(comment.length));
    return [...bare.matchAll(new RegExp(`\\b(${schemas.join('|')})\\.[a-z_]+`, 'g'))]
      .filter((match) => match[1] !== context && match[1] !== 'platform')
      .map((match) => `${path}:${lineOf(bare, match.index)}: ${context} names ${match[0]}`);
  });
}

interface Crate {
  readonly name: string;
  readonly path: string;
  readonly dependencies: readonly string[];
  readonly devDependencies: readonly string[];
}

function crates(tree: Tree): Crate[] {
  return paths(tree, /^(functions|shared)\/[^/]+\/Cargo\.toml$/).map((path) => {
    const sections = new Map(text(tree, path).split(/^\[/m).slice(1)
      .map((section) => [section.slice(0, section.indexOf(']')), section.slice(section.indexOf(']') + 1)]));
    const keys = (section: string): string[] =>
      [...(sections.get(section) ?? '').matchAll(/^([A-Za-z0-9_-]+)(?:\.workspace)?\s*=/gm)].map((match) => match[1] as string);
    const name = /^name\s*=\s*"([^"]+)"/m.exec(sections.get('package') ?? '')?.[1] ?? path;
    return { name, path, dependencies: [...keys('dependencies'), ...keys('build-dependencies')], devDependencies: keys('dev-dependencies') };
  });
}

/** Contexts use lower contexts only; shared crates use none. Tests of a context keep to the same order. */
export function dependenceGoesDownwards(tree: Tree): string[] {
  return crates(tree).flatMap(({ name, path, dependencies, devDependencies }) => {
    const level = path.startsWith('functions/') ? LEVELS[name] : -1;
    if (level === undefined) return [`${path}: ${name} has no place in the order of contexts`];
    const upward = [...dependencies, ...devDependencies.filter((other) => other !== name)]
      .filter((other) => (LEVELS[other] ?? -1) >= level && LEVELS[other] !== undefined);
    return upward.map((other) => `${path}: ${name} may not use ${other}`);
  });
}

/** No crate uses itself, however long the way. */
export function dependenceHasNoCycle(tree: Tree): string[] {
  const all = new Map(crates(tree).map((crate) => [crate.name, crate]));
  const done = new Set<string>();
  const findings: string[] = [];
  const visit = (name: string, way: readonly string[]): void => {
    if (way.includes(name)) {
      findings.push(`${[...way.slice(way.indexOf(name)), name].join(' → ')}: a cycle of dependence`);
      return;
    }
    if (done.has(name)) return;
    for (const next of all.get(name)?.dependencies ?? []) if (all.has(next)) visit(next, [...way, name]);
    done.add(name);
  };
  for (const name of all.keys()) visit(name, []);
  return findings;
}

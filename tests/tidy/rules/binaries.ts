// Rules about Lambdas: each binary is short, wired, told of in the README and tested.
import { contexts, lambdas, manifest, paths, text, type Tree } from '../tree.ts';

const BINARY_LINES_MAX = 60;

/** A binary has a line in its context's manifest and README, is short, and is named by a test of its context (a part of a test's name will do). */
export function binariesAreWiredAndTested(tree: Tree): string[] {
  return contexts(tree).flatMap((context) => {
    const wired = manifest(tree, context).lambdas;
    const tests = paths(tree, new RegExp(`^functions/${context}/tests/`)).map((path) => text(tree, path)).join('\n');
    const readme = text(tree, `functions/${context}/README.md`);
    const found = paths(tree, new RegExp(`^functions/${context}/src/bin/[^/]+\\.rs$`)).flatMap((path) => {
      const name = path.replace(/^.*\/|\.rs$/g, '');
      const lines = text(tree, path).trimEnd().split('\n').length;
      return [
        ...(wired[name] === undefined ? [`${path}: not in functions/${context}/manifest.json`] : []),
        ...(mentions(readme, name) ? [] : [`${path}: not in functions/${context}/README.md`]),
        ...(tests.includes(name) ? [] : [`${path}: no test under functions/${context}/tests names it`]),
        ...(lines > BINARY_LINES_MAX ? [`${path}: ${lines} lines, at most ${BINARY_LINES_MAX}`] : []),
      ];
    });
    const missing = Object.keys(wired)
      .filter((name) => !tree.files.has(`functions/${context}/src/bin/${name}.rs`))
      .map((name) => `functions/${context}/manifest.json: ${name} has no binary`);
    return [...found, ...missing];
  });
}

/** A Lambda is called by exactly one kind of caller and is granted something; its suffix tells the kind. */
export function lambdasHaveOneTrigger(tree: Tree): string[] {
  const suffixes = { schema: 'resolver', events: 'worker', http: 'webhook', schedule: 'job', machines: 'step', deployer: 'job' } as const;
  return lambdas(tree).flatMap(({ context, name, spec }) => {
    const place = `functions/${context}/manifest.json: ${name}`;
    const kinds = (Object.keys(suffixes) as (keyof typeof suffixes)[]).filter((kind) => spec[kind] !== undefined);
    const [kind] = kinds;
    // What is fetched is a page, what is posted to a webhook.
    const isPage = String((spec as { http?: unknown }).http ?? '').startsWith('GET ');
    if (kind === undefined || kinds.length > 1) return [`${place} has ${kinds.length} triggers (${kinds.join(', ')})`];
    return [
      ...(name.endsWith(`_${isPage ? 'page' : suffixes[kind]}`) ? [] : [`${place} is called by ${kind}, so its name ends in _${isPage ? 'page' : suffixes[kind]}`]),
      ...((spec.grants ?? []).length > 0 ? [] : [`${place} has no grants`]),
    ];
  });
}

/** Sample invocations name Lambdas that exist. */
export function samplesNameLambdas(tree: Tree): string[] {
  const names = new Set(lambdas(tree).map((lambda) => lambda.name));
  return paths(tree, /^events\/samples\/lambda\/[^/]+\.json$/)
    .filter((path) => !names.has(path.replace(/^.*\/|\.json$/g, '').split('.')[0] as string))
    .map((path) => `${path}: no such Lambda`);
}

function mentions(haystack: string, name: string): boolean {
  return new RegExp(`(?<![A-Za-z0-9_])${name}(?![A-Za-z0-9_])`).test(haystack);
}

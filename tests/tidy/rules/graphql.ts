// Rules about the SDL: every field is answered by exactly one resolver, whose context's code names it.
import { Kind, parse, type DefinitionNode } from 'graphql';
import { contexts, manifest, paths, text, type Tree } from '../tree.ts';
import { scan, shipped } from '../rust.ts';

const ROOTS = new Set(['Query', 'Mutation', 'Subscription']);

interface Field {
  /** What the SDL says of it. */
  readonly description: string;
  readonly root: string;
  readonly name: string;
  readonly context: string;
  readonly file: string;
}

function fieldsOf(definition: DefinitionNode): { root: string; name: string; description: string }[] {
  const isObject = definition.kind === Kind.OBJECT_TYPE_DEFINITION || definition.kind === Kind.OBJECT_TYPE_EXTENSION;
  if (!isObject || !ROOTS.has(definition.name.value)) return [];
  return (definition.fields ?? []).map((field) =>
    ({ root: definition.name.value, name: field.name.value, description: field.description?.value ?? '' }));
}

/** Fields of Query, Mutation and Subscription with the file that declares them. */
export function rootFields(tree: Tree): Field[] {
  return paths(tree, /^functions\/[^/]+\/schema\/[^/]+\.graphql$/).flatMap((path) => {
    const [, context, , file] = path.split('/') as [string, string, string, string];
    return parse(text(tree, path)).definitions.flatMap(fieldsOf).map((field) => ({ ...field, context, file }));
  });
}

/** A schema file belongs to exactly one resolver of its context, and a field is declared once. */
export function fieldsHaveOneResolver(tree: Tree): string[] {
  const unowned = contexts(tree).flatMap((context) => {
    const owners = Object.entries(manifest(tree, context).lambdas);
    const files = paths(tree, new RegExp(`^functions/${context}/schema/[^/]+\\.graphql$`)).map((path) => path.replace(/^.*\//, ''));
    const listed = owners.flatMap(([, spec]) => spec.schema ?? []);
    return [
      ...files.map((file) => ({ file, count: listed.filter((name) => name === file).length }))
        .filter(({ count }) => count !== 1)
        .map(({ file, count }) => `functions/${context}/schema/${file}: answered by ${count} resolvers`),
      ...listed.filter((file) => !files.includes(file))
        .map((file) => `functions/${context}/manifest.json: schema ${file} does not exist`),
    ];
  });
  const seen = new Map<string, Field>();
  const twice = rootFields(tree).flatMap((field) => {
    const key = `${field.root}.${field.name}`;
    const first = seen.get(key);
    seen.set(key, field);
    return first === undefined ? [] : [`functions/${field.context}/schema/${field.file}: ${key} is declared in ${first.file} too`];
  });
  return [...unowned, ...twice];
}

/** The handlers of a context name every field that its schema declares. */
export function fieldsAreHandled(tree: Tree): string[] {
  return rootFields(tree)
    .filter(({ context, name }) =>
      !shipped(tree, new RegExp(`^functions/${context}/src/.*\\.rs$`)).some(({ source }) =>
        scan(source).literals.some((literal) => literal.value === name)))
    .map(({ context, file, root, name }) => `functions/${context}/schema/${file}: no code of ${context} answers ${root}.${name}`);
}

/** Error codes that a field's description promises are in the table of codes. */
export function promisedErrorsAreDocumented(tree: Tree): string[] {
  const table = text(tree, 'docs/ERRORS.md');
  return rootFields(tree).flatMap(({ context, file, root, name, description }) => {
    const promised = (/\bErrors?:([^]*)$/.exec(description)?.[1] ?? '').match(/\b[A-Z]{2,}(?:_[A-Z0-9]+)+\b/g) ?? [];
    return promised.filter((code) => !table.includes(`| \`${code}\` |`))
      .map((code) => `functions/${context}/schema/${file}: ${root}.${name} promises ${code}, which docs/ERRORS.md does not know`);
  });
}

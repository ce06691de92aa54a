// docs/api.md: every operation of the GraphQL API by context, from the SDL files beside the contexts.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type ConstDirectiveNode,
  type DefinitionNode,
  type DocumentNode,
  type FieldDefinitionNode,
  Kind,
  parse,
  print,
  visit,
} from 'graphql';
import { lambdasOf, type Tree } from '../../../infra-cdk/lib/manifest.ts';
import { mergeSdl, OPERATION_TYPES, type SdlField } from '../../../infra-cdk/lib/sdl.ts';
import { banner, code, fence, page, table } from './markdown.ts';

export function apiPage(tree: Tree): string {
  const sdl = mergeSdl(tree.root, { apiKey: true });
  const definitions = operationFields(parse(sdl.text));
  const contexts = [...new Set(sdl.fields.map((field) => field.context))].sort();
  const blocks = [
    banner('`functions/*/schema/*.graphql` and `shared/schema/common.graphql`'),
    '# GraphQL API',
    'Operations by context. An argument or field that ends in `!` is never null; amounts are integer cents, times ' +
      '`AWSDateTime` in UTC. An error carries its public code as `errorType` and `{code, hint, retryable, corrId, ' +
      'details}` as `errorInfo`; codes are explained in [ERRORS.md](ERRORS.md). Subscriptions use AppSync’s ' +
      'real-time protocol.',
    table(
      ['operation', 'kind', 'context', 'callers'],
      sdl.fields.map((field) => [
        `[${code(field.name)}](#${field.name.toLowerCase()})`,
        field.type.toLowerCase(),
        field.context,
        callers(definition(definitions, field)),
      ]),
    ),
  ];
  for (const context of contexts) {
    blocks.push(`## ${context}`);
    for (const field of sdl.fields.filter((candidate) => candidate.context === context)) {
      blocks.push(...operation(tree, field, definition(definitions, field)));
    }
    blocks.push(`### Types of ${context}`, fence('graphql', types(tree.root, context, sdl.fields)));
  }
  blocks.push('## Shared types', fence('graphql', readable(definitionsOf(join(tree.root, 'shared/schema/common.graphql')))));
  return page(blocks);
}

function operationFields(document: DocumentNode): Map<string, FieldDefinitionNode> {
  const fields = new Map<string, FieldDefinitionNode>();
  for (const node of document.definitions) {
    if (node.kind !== Kind.OBJECT_TYPE_DEFINITION) continue;
    if (!OPERATION_TYPES.some((type) => type === node.name.value)) continue;
    for (const field of node.fields ?? []) fields.set(`${node.name.value}.${field.name.value}`, field);
  }
  return fields;
}

function definition(definitions: ReadonlyMap<string, FieldDefinitionNode>, field: SdlField): FieldDefinitionNode {
  const node = definitions.get(`${field.type}.${field.name}`);
  if (node === undefined) throw new Error(`${field.type}.${field.name} is lost in the merged schema`);
  return node;
}

function operation(tree: Tree, field: SdlField, node: FieldDefinitionNode): string[] {
  const resolver = lambdasOf(tree).find((lambda) => lambda.context === field.context && lambda.schema.includes(field.file));
  const facts = [
    `${field.type} · answered by ${code(resolver?.name ?? '—')} · callers: ${callers(node)}`,
    field.subscribesTo.length === 0 ? '' : ` · fed by ${field.subscribesTo.map(code).join(', ')}`,
  ];
  const parameters = node.arguments ?? [];
  return [
    `### ${field.name}`,
    facts.join(''),
    node.description?.value ?? '',
    parameters.length === 0
      ? ''
      : table(
          ['argument', 'type', 'default', 'meaning'],
          parameters.map((argument) => [
            code(argument.name.value),
            code(print(argument.type)),
            argument.defaultValue === undefined ? '' : code(print(argument.defaultValue)),
            argument.description?.value ?? '',
          ]),
        ),
    `Returns ${code(print(node.type))}.`,
  ];
}

/** Whom the auth directives of a field let in; without one AppSync's default mode holds: a signed-in user. */
function callers(node: FieldDefinitionNode): string {
  const allowed = (node.directives ?? []).flatMap((directive) => {
    const caller = callerOf(directive);
    return caller === undefined ? [] : [caller];
  });
  return allowed.length === 0 ? 'signed-in users' : allowed.join(', ');
}

function callerOf(directive: ConstDirectiveNode): string | undefined {
  switch (directive.name.value) {
    case 'aws_cognito_user_pools': {
      const groups = directive.arguments?.find((argument) => argument.name.value === 'cognito_groups')?.value;
      if (groups?.kind !== Kind.LIST) return 'signed-in users';
      return groups.values.flatMap((value) => (value.kind === Kind.STRING ? [`group ${code(value.value)}`] : [])).join(', ');
    }
    case 'aws_iam':
      return 'the backend (IAM)';
    case 'aws_oidc':
      return 'staff (OIDC)';
    case 'aws_api_key':
      return 'anyone (API key, not in prod)';
    default:
      return undefined;
  }
}

/** The types that a context's SDL files define, without its operations. */
function types(root: string, context: string, fields: readonly SdlField[]): string {
  const files = [...new Set(fields.filter((field) => field.context === context).map((field) => field.file))];
  const all = files.flatMap((file) => definitionsOf(join(root, 'functions', context, 'schema', file)));
  return readable(all.filter((node) => node.kind !== Kind.OBJECT_TYPE_EXTENSION));
}

function definitionsOf(path: string): readonly DefinitionNode[] {
  return parse(readFileSync(path, 'utf8'), { noLocation: true }).definitions;
}

/** SDL as a client reads it: who may see a type was said at the operations that return it. */
function readable(definitions: readonly DefinitionNode[]): string {
  const shown = definitions.filter(
    (node) =>
      node.kind !== Kind.SCHEMA_DEFINITION &&
      !(node.kind === Kind.OBJECT_TYPE_DEFINITION && OPERATION_TYPES.some((type) => type === node.name.value)),
  );
  const document = visit({ kind: Kind.DOCUMENT, definitions: shown } as DocumentNode, { Directive: () => null });
  return print(document);
}

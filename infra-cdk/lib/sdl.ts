// Merges the SDL files of all contexts into the one schema AppSync accepts, and says which file owns which field.
// AppSync knows no `extend type`, so fields of extensions are gathered into Query, Mutation and Subscription.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import {
  buildASTSchema,
  Kind,
  parse,
  print,
  type DefinitionNode,
  type ConstDirectiveNode,
  type DocumentNode,
  type FieldDefinitionNode,
  type ObjectTypeDefinitionNode,
} from 'graphql';

export const OPERATION_TYPES = ['Query', 'Mutation', 'Subscription'] as const;
export type OperationType = (typeof OPERATION_TYPES)[number];

export interface SdlField {
  readonly type: OperationType;
  readonly name: string;
  /** Context and SDL file, such as `booking` and `checkout.graphql`. */
  readonly context: string;
  readonly file: string;
  /** Names of the field's auth directives, such as `aws_iam`. */
  readonly auth: readonly string[];
  /** Mutations a subscription listens to. */
  readonly subscribesTo: readonly string[];
}

export interface Sdl {
  /** The merged schema as AppSync gets it. */
  readonly text: string;
  readonly fields: readonly SdlField[];
}

/** What AppSync defines by itself; needed only to check the merged schema. */
const PRELUDE = `
scalar AWSDate scalar AWSTime scalar AWSDateTime scalar AWSTimestamp scalar AWSEmail scalar AWSJSON
scalar AWSURL scalar AWSPhone scalar AWSIPAddress
directive @aws_cognito_user_pools(cognito_groups: [String!]) on OBJECT | FIELD_DEFINITION
directive @aws_iam on OBJECT | FIELD_DEFINITION
directive @aws_oidc on OBJECT | FIELD_DEFINITION
directive @aws_api_key on OBJECT | FIELD_DEFINITION
directive @aws_lambda on OBJECT | FIELD_DEFINITION
directive @aws_auth(cognito_groups: [String!]) on FIELD_DEFINITION
directive @aws_subscribe(mutations: [String!]!) on FIELD_DEFINITION
`;

const AUTH_DIRECTIVES = ['aws_cognito_user_pools', 'aws_iam', 'aws_oidc', 'aws_api_key', 'aws_lambda', 'aws_auth'];

/** Merges `shared/schema/common.graphql` and `functions/<context>/schema/*.graphql`. */
export function mergeSdl(root: string, options: { readonly apiKey: boolean }): Sdl {
  const definitions: DefinitionNode[] = [];
  const fields: SdlField[] = [];
  const gathered = new Map<OperationType, FieldDefinitionNode[]>(OPERATION_TYPES.map((type) => [type, []]));

  for (const source of sources(root)) {
    for (const definition of parseFile(root, source.path).definitions) {
      if (definition.kind !== Kind.OBJECT_TYPE_EXTENSION) {
        definitions.push(definition);
        continue;
      }
      const type = OPERATION_TYPES.find((name) => name === definition.name.value);
      if (type === undefined || source.context === undefined) {
        throw new Error(
          `${relative(root, source.path)}: only a context extends, and only ${OPERATION_TYPES.join(', ')}`,
        );
      }
      for (const field of definition.fields ?? []) {
        if (fields.some((known) => known.type === type && known.name === field.name.value)) {
          throw new Error(`${relative(root, source.path)}: ${type}.${field.name.value} is defined twice`);
        }
        gathered.get(type)?.push(field);
        fields.push(describe(type, source.context, source.file, field));
      }
    }
  }

  const merged: DefinitionNode[] = definitions
    .map((definition) => withOperations(definition, gathered))
    .filter((definition) => definition.kind !== Kind.OBJECT_TYPE_DEFINITION || (definition.fields ?? []).length > 0)
    .map((definition) => (options.apiKey ? definition : withoutApiKey(definition)));
  const document: DocumentNode = { kind: Kind.DOCUMENT, definitions: merged };
  const text = `${print(document)}\n`;
  buildASTSchema(parse(PRELUDE + text));
  return { text, fields };
}

interface Source {
  readonly path: string;
  readonly file: string;
  readonly context?: string;
}

function sources(root: string): Source[] {
  const functions = join(root, 'functions');
  const ofContexts = readdirSync(functions)
    .sort()
    .flatMap((context) => {
      const directory = join(functions, context, 'schema');
      if (!existsSync(directory)) return [];
      return readdirSync(directory)
        .filter((file) => file.endsWith('.graphql'))
        .sort()
        .map((file) => ({ path: join(directory, file), file, context }));
    });
  return [{ path: join(root, 'shared/schema/common.graphql'), file: 'common.graphql' }, ...ofContexts];
}

function parseFile(root: string, path: string): DocumentNode {
  try {
    return parse(readFileSync(path, 'utf8'), { noLocation: true });
  } catch (cause) {
    throw new Error(`${relative(root, path)}: ${String(cause)}`);
  }
}

function describe(type: OperationType, context: string, file: string, field: FieldDefinitionNode): SdlField {
  const directives = field.directives ?? [];
  const subscribe = directives.find((directive) => directive.name.value === 'aws_subscribe');
  const mutations = subscribe?.arguments?.find((argument) => argument.name.value === 'mutations')?.value;
  return {
    type,
    name: field.name.value,
    context,
    file,
    auth: directives.map((directive) => directive.name.value).filter((name) => AUTH_DIRECTIVES.includes(name)),
    subscribesTo:
      mutations?.kind === Kind.LIST
        ? mutations.values.flatMap((value) => (value.kind === Kind.STRING ? [value.value] : []))
        : [],
  };
}

function withOperations(
  definition: DefinitionNode,
  gathered: ReadonlyMap<OperationType, readonly FieldDefinitionNode[]>,
): DefinitionNode {
  if (definition.kind !== Kind.OBJECT_TYPE_DEFINITION) return definition;
  const type = OPERATION_TYPES.find((name) => name === definition.name.value);
  if (type === undefined) return definition;
  return { ...definition, fields: [...(definition.fields ?? []), ...(gathered.get(type) ?? [])] };
}

/** A stage without an API key must not name that mode; what was only readable by key would become unreadable. */
function withoutApiKey(definition: DefinitionNode): DefinitionNode {
  if (definition.kind !== Kind.OBJECT_TYPE_DEFINITION) return definition;
  const strip = (owner: string, directives: readonly ConstDirectiveNode[] | undefined): ConstDirectiveNode[] => {
    const kept = (directives ?? []).filter((directive) => directive.name.value !== 'aws_api_key');
    const hadAuth = (directives ?? []).some((directive) => AUTH_DIRECTIVES.includes(directive.name.value));
    if (hadAuth && !kept.some((directive) => AUTH_DIRECTIVES.includes(directive.name.value))) {
      throw new Error(`${owner} is open to the API key only, which prod does not have`);
    }
    return kept;
  };
  const name = definition.name.value;
  const stripped: ObjectTypeDefinitionNode = {
    ...definition,
    directives: strip(name, definition.directives),
    fields: (definition.fields ?? []).map((field) => ({
      ...field,
      directives: strip(`${name}.${field.name.value}`, field.directives),
    })),
  };
  return stripped;
}

// From SDL as deployed to an executable schema: adds AppSync's scalars and directives, and reads the rules the directives state.

import {
  buildASTSchema,
  isObjectType,
  parse,
  type ConstDirectiveNode,
  type GraphQLObjectType,
  type GraphQLSchema,
} from "graphql";
import type { AuthMode, Wiring } from "../model.js";
import { APPSYNC_SCALARS } from "./scalars.js";

const PRELUDE = `
directive @aws_api_key on FIELD_DEFINITION | OBJECT
directive @aws_iam on FIELD_DEFINITION | OBJECT
directive @aws_oidc on FIELD_DEFINITION | OBJECT
directive @aws_cognito_user_pools(cognito_groups: [String]) on FIELD_DEFINITION | OBJECT
directive @aws_auth(cognito_groups: [String]) on FIELD_DEFINITION
directive @aws_subscribe(mutations: [String!]!) on FIELD_DEFINITION
`;

const MODE_OF_DIRECTIVE: Record<string, AuthMode> = {
  aws_api_key: "API_KEY",
  aws_iam: "AWS_IAM",
  aws_oidc: "OPENID_CONNECT",
  aws_cognito_user_pools: "AMAZON_COGNITO_USER_POOLS",
  aws_auth: "AMAZON_COGNITO_USER_POOLS",
};

/** Who may read a field: one mode, and for Cognito optionally one of some groups. */
export interface AccessRule {
  mode: AuthMode;
  groups?: string[];
}

export interface AppSyncSchema {
  schema: GraphQLSchema;
  /** Rules of `Type.field`; the empty list admits nobody. */
  accessRules(typeName: string, fieldName: string): readonly AccessRule[];
  /** Subscription fields that a mutation field feeds. */
  subscriptionsOf(mutationField: string): readonly string[];
}

export function buildAppSyncSchema(wiring: Pick<Wiring, "sdl" | "defaultProvider">): AppSyncSchema {
  const scalars = APPSYNC_SCALARS.map(({ name }) => `scalar ${name}`).join("\n");
  const schema = buildASTSchema(parse(`${PRELUDE}\n${scalars}\n${wiring.sdl}`));
  for (const scalar of APPSYNC_SCALARS) {
    const built = schema.getType(scalar.name);
    // The built type is a shell with the same name; AppSync's checks are its behaviour.
    if (built) Object.assign(built, pick(scalar));
  }
  const rules = new Map<string, readonly AccessRule[]>();
  const fedBy = new Map<string, string[]>();
  for (const type of Object.values(schema.getTypeMap())) {
    if (!isObjectType(type) || type.name.startsWith("__")) continue;
    const ofType = typeDirectives(type);
    for (const field of Object.values(type.getFields())) {
      const ofField = field.astNode?.directives ?? [];
      rules.set(`${type.name}.${field.name}`, accessRulesOf(ofField, ofType, wiring.defaultProvider));
      if (type !== schema.getSubscriptionType()) continue;
      for (const mutation of stringList(ofField, "aws_subscribe", "mutations") ?? []) {
        fedBy.set(mutation, [...(fedBy.get(mutation) ?? []), field.name]);
      }
    }
  }
  const openToDefault = accessRulesOf([], [], wiring.defaultProvider);
  return {
    schema,
    accessRules: (typeName, fieldName) => rules.get(`${typeName}.${fieldName}`) ?? openToDefault,
    subscriptionsOf: (mutationField) => fedBy.get(mutationField) ?? [],
  };
}

function pick({ parseValue, parseLiteral, serialize }: (typeof APPSYNC_SCALARS)[number]): object {
  return { parseValue, parseLiteral, serialize };
}

function typeDirectives(type: GraphQLObjectType): ConstDirectiveNode[] {
  const nodes = type.astNode ? [type.astNode, ...type.extensionASTNodes] : type.extensionASTNodes;
  return nodes.flatMap((node) => [...(node.directives ?? [])]);
}

/** A field's directives replace its type's; with neither, the default mode holds. */
function accessRulesOf(
  ofField: readonly ConstDirectiveNode[],
  ofType: readonly ConstDirectiveNode[],
  defaultProvider: Wiring["defaultProvider"],
): readonly AccessRule[] {
  const own = rulesIn(ofField);
  if (own.length > 0) return own;
  const inherited = rulesIn(ofType);
  if (inherited.length > 0) return inherited;
  const closed = defaultProvider.mode === "AMAZON_COGNITO_USER_POOLS" && defaultProvider.defaultAction === "DENY";
  return closed ? [] : [{ mode: defaultProvider.mode }];
}

function rulesIn(directives: readonly ConstDirectiveNode[]): AccessRule[] {
  return directives.flatMap((directive) => {
    const mode = MODE_OF_DIRECTIVE[directive.name.value];
    if (!mode) return [];
    const groups = stringList([directive], directive.name.value, "cognito_groups");
    return [groups ? { mode, groups } : { mode }];
  });
}

function stringList(directives: readonly ConstDirectiveNode[], name: string, argument: string): string[] | undefined {
  const directive = directives.find((candidate) => candidate.name.value === name);
  const value = directive?.arguments?.find((candidate) => candidate.name.value === argument)?.value;
  if (!value) return undefined;
  if (value.kind === "StringValue") return [value.value];
  if (value.kind !== "ListValue") return undefined;
  return value.values.flatMap((item) => (item.kind === "StringValue" ? [item.value] : []));
}

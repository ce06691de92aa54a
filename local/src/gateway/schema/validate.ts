// Validation of a document against the schema, in AppSync's words ("Validation error of type X: … @ 'field'").

import {
  GraphQLError,
  specifiedRules,
  validate,
  ValuesOfCorrectTypeRule,
  visit,
  type ASTNode,
  type DocumentNode,
  type GraphQLSchema,
  type ValidationRule,
} from "graphql";
import type { AppSyncError } from "../model.js";
import { argumentsOfCorrectType, WrongLiteralError } from "./arguments.js";

const RULES: readonly ValidationRule[] = [
  ...specifiedRules.filter((rule) => rule !== ValuesOfCorrectTypeRule),
  argumentsOfCorrectType,
];

const INTROSPECTION = new Set(["__schema", "__type"]);

/** Words of a rule's message → AppSync's type and words. */
const WORDING: ReadonlyArray<[RegExp, (match: RegExpExecArray) => string]> = [
  [/^Cannot query field "(\w+)" on type "(\w+)"/, (m) => `FieldUndefined: Field '${m[1]}' in type '${m[2]}' is undefined`],
  [/^Unknown argument "(\w+)" on field/, (m) => `UnknownArgument: Unknown field argument ${m[1]}`],
  [/^Field "\w+" argument "(\w+)" of type .* is required/, (m) => `MissingFieldArgument: Missing field argument ${m[1]}`],
  [
    /^Field "(\w+)" of type "(.+)" must have a selection/,
    (m) => `SubSelectionRequired: Sub selection required for type ${m[2]?.replace(/[[\]!]/g, "")} of field ${m[1]}`,
  ],
  [
    /^Field "(\w+)" must not have a selection since type "(.+)" has/,
    (m) => `SubSelectionNotAllowed: Sub selection not allowed on leaf type ${m[2]?.replace(/[[\]!]/g, "")} of field ${m[1]}`,
  ],
  [/^Variable "\$(\w+)" is not defined/, (m) => `UndefinedVariable: Undefined variable ${m[1]}`],
  [/^Variable "\$(\w+)" is never used/, (m) => `UnusedVariable: Unused variable ${m[1]}`],
  [
    /^Variable "\$\w+" of type "(.+)" used in position expecting type "(.+)"/,
    (m) => `VariableTypeMismatch: Variable type '${m[1]}' doesn't match expected type '${m[2]}'`,
  ],
  [/^Variable "\$(\w+)" cannot be non-input type "(.+)"/, (m) => `NonInputTypeOnVariable: Variable ${m[1]} of type ${m[2]} is not an input`],
  [/^Unknown type "(\w+)"/, (m) => `UnknownType: Unknown type ${m[1]}`],
  [/^Unknown fragment "(\w+)"/, (m) => `UndefinedFragment: Undefined fragment ${m[1]}`],
  [/^Fragment "(\w+)" is never used/, (m) => `UnusedFragment: Unused fragment ${m[1]}`],
  [/^Cannot spread fragment "(\w+)" within itself/, () => "FragmentCycle: Fragment cycles not allowed"],
  [/^Unknown directive "@(\w+)"/, (m) => `UnknownDirective: Unknown directive ${m[1]}`],
  [/^Fields "(\w+)" conflict because (.*)/s, (m) => `FieldsConflict: ${m[1]}: ${m[2]}`],
  [/^This anonymous operation must be the only/, () => "LoneAnonymousOperationViolation: Anonymous operation with other operations."],
];

/** Errors of a document; none means that it may run. */
export function validationErrors(
  schema: GraphQLSchema,
  document: DocumentNode,
  introspection: boolean,
): AppSyncError[] {
  const rules = introspection ? RULES : [...RULES, introspectionDisabled];
  return validate(schema, document, rules).map((error) => ({
    path: null,
    locations: error.locations?.slice(0, 1).map(({ line, column }) => ({ line, column, sourceName: null })) ?? null,
    message: worded(error, document),
  }));
}

function worded(error: GraphQLError, document: DocumentNode): string {
  const where = error.nodes?.map((node) => fieldPath(document, node)).find((path) => path !== "") ?? "";
  const suffix = where === "" ? "" : ` @ '${where}'`;
  if (error instanceof WrongLiteralError) return `Validation error of type ${error.message}${suffix}`;
  for (const [pattern, words] of WORDING) {
    const match = pattern.exec(error.message);
    if (match) return `Validation error of type ${words(match)}${suffix}`;
  }
  return `Validation error of type InvalidSyntax: ${error.message}${suffix}`;
}

/** Names of the fields around a node, the node's own included: `studio/rates`. */
function fieldPath(document: DocumentNode, wanted: ASTNode): string {
  const path: string[] = [];
  let found = "";
  visit(document, {
    enter(node) {
      if (node.kind === "Field") path.push(node.name.value);
      if (node === wanted) found = path.join("/");
    },
    leave(node) {
      if (node.kind === "Field") path.pop();
    },
  });
  return found;
}

/** A closed schema answers as if it had no introspection fields. */
const introspectionDisabled: ValidationRule = (context) => ({
  Field(node) {
    if (!INTROSPECTION.has(node.name.value)) return;
    context.reportError(
      new GraphQLError(`Cannot query field "${node.name.value}" on type "Query"`, { nodes: node }),
    );
  },
});

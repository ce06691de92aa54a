// Literal arguments and variables checked against their input types, in AppSync's words. Directive arguments included.

import {
  coerceInputValue,
  getNullableType,
  GraphQLError,
  isEnumType,
  isInputObjectType,
  isListType,
  isNonNullType,
  isRequiredInputField,
  isScalarType,
  Kind,
  typeFromAST,
  valueFromAST,
  type GraphQLInputType,
  type GraphQLSchema,
  type OperationDefinitionNode,
  type ValidationRule,
  type ValueNode,
  type VariableDefinitionNode,
} from "graphql";
import type { AppSyncError } from "../model.js";

/** A literal that does not fit its argument; the message starts with AppSync's type of validation error. */
export class WrongLiteralError extends GraphQLError {}

export const argumentsOfCorrectType: ValidationRule = (context) => ({
  Argument(node) {
    const argument = context.getArgument();
    if (!argument) return;
    const problem = literalProblem(node.value, argument.type, node.name.value);
    if (problem) context.reportError(new WrongLiteralError(`WrongType: ${problem}`, { nodes: node }));
  },
  VariableDefinition(node) {
    const type = context.getInputType();
    if (!node.defaultValue || !type || !literalProblem(node.defaultValue, type, node.variable.name.value)) return;
    const problem = `BadValueForDefaultArg: Bad default value ${printedLiteral(node.defaultValue)} for type ${type.toString()}`;
    context.reportError(new WrongLiteralError(problem, { nodes: node }));
  },
});

function literalProblem(value: ValueNode, type: GraphQLInputType, path: string): string | undefined {
  if (value.kind === "Variable") return undefined;
  if (value.kind === "NullValue") {
    return isNonNullType(type) ? `argument '${path}' with value 'NullValue{}' must not be null` : undefined;
  }
  const nullable = getNullableType(type);
  const notValid = `argument '${path}' with value '${printedLiteral(value)}' is not a valid '${nullable.toString()}'`;
  if (isListType(nullable)) {
    if (value.kind !== "ListValue") return literalProblem(value, nullable.ofType as GraphQLInputType, path);
    return firstProblem(value.values, (item, index) =>
      literalProblem(item, nullable.ofType as GraphQLInputType, `${path}[${index}]`),
    );
  }
  if (isInputObjectType(nullable)) {
    if (value.kind !== "ObjectValue") {
      return `argument '${path}' with value '${printedLiteral(value)}' must be an object type`;
    }
    const fields = nullable.getFields();
    const given = new Set(value.fields.map(({ name }) => name.value));
    const unknown = [...given].find((name) => !(name in fields));
    if (unknown !== undefined) {
      return `argument '${path}' with value '${printedLiteral(value)}' contains a field not in '${nullable.name}': '${unknown}'`;
    }
    const missing = Object.values(fields).filter((field) => isRequiredInputField(field) && !given.has(field.name));
    if (missing.length > 0) {
      const names = missing.map(({ name }) => name).join(", ");
      return `argument '${path}' with value '${printedLiteral(value)}' is missing required fields '[${names}]'`;
    }
    return firstProblem(value.fields, (field) => {
      const definition = fields[field.name.value];
      return definition && literalProblem(field.value, definition.type, `${path}.${field.name.value}`);
    });
  }
  if (isEnumType(nullable)) {
    return value.kind === "EnumValue" && nullable.getValue(value.value) ? undefined : notValid;
  }
  if (isScalarType(nullable)) {
    try {
      return nullable.parseLiteral(value) === undefined ? notValid : undefined;
    } catch {
      return notValid;
    }
  }
  return undefined;
}

function firstProblem<T>(items: readonly T[], check: (item: T, index: number) => string | undefined): string | undefined {
  for (const [index, item] of items.entries()) {
    const problem = check(item, index);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

/** A literal the way AppSync's own engine prints one. */
function printedLiteral(value: ValueNode): string {
  switch (value.kind) {
    case Kind.STRING:
      return `StringValue{value='${value.value}'}`;
    case Kind.INT:
    case Kind.FLOAT:
    case Kind.BOOLEAN:
      return `${value.kind}{value=${String(value.value)}}`;
    case Kind.ENUM:
      return `EnumValue{name='${value.value}'}`;
    case Kind.NULL:
      return "NullValue{}";
    case Kind.LIST:
      return `ArrayValue{values=[${value.values.map(printedLiteral).join(", ")}]}`;
    case Kind.OBJECT: {
      const fields = value.fields.map((field) => `ObjectField{name='${field.name.value}', value=${printedLiteral(field.value)}}`);
      return `ObjectValue{objectFields=[${fields.join(", ")}]}`;
    }
    case Kind.VARIABLE:
      return `VariableReference{name='${value.name.value}'}`;
  }
}

/** Errors of the variables of a request, by their definitions. Names the innermost field at fault, as AppSync does. */
export function variableErrors(
  schema: GraphQLSchema,
  operation: OperationDefinitionNode,
  variables: Readonly<Record<string, unknown>>,
): AppSyncError[] {
  return (operation.variableDefinitions ?? []).flatMap((definition) => {
    const type = typeFromAST(schema, definition.type) as GraphQLInputType | undefined;
    if (!type) return [];
    const problem = variableProblem(definition, type, variables);
    if (problem === undefined) return [];
    const token = definition.loc?.startToken;
    const locations = token ? [{ line: token.line, column: token.column, sourceName: null }] : null;
    return [{ path: null, locations, message: problem }];
  });
}

function variableProblem(
  definition: VariableDefinitionNode,
  type: GraphQLInputType,
  variables: Readonly<Record<string, unknown>>,
): string | undefined {
  const name = definition.variable.name.value;
  const value = variables[name];
  if (value === undefined && (definition.defaultValue || !isNonNullType(type))) return undefined;
  if (value === undefined || value === null) {
    return isNonNullType(type) ? coercedNull(name, type.toString()) : undefined;
  }
  let problem: string | undefined;
  coerceInputValue(value, type, (path, invalid, error) => {
    problem ??= coercionProblem(name, path, invalid, error.message);
  });
  return problem;
}

function coercedNull(name: string, type: string): string {
  return `Variable '${name}' has coerced Null value for NonNull type '${type}'`;
}

function coercionProblem(variable: string, path: ReadonlyArray<string | number>, invalid: unknown, message: string): string {
  const name = [...path].reverse().find((part): part is string => typeof part === "string") ?? variable;
  const missing = /^Field "(\w+)" of required type "(.+)" was not provided/.exec(message);
  if (missing) return coercedNull(missing[1] ?? name, missing[2] ?? "");
  const notNull = /^Expected non-nullable type "(.+)" not to be null/.exec(message);
  if (notNull) return coercedNull(name, notNull[1] ?? "");
  const unknown = /^Field "(\w+)" is not defined by type "(\w+)"/.exec(message);
  if (unknown) {
    return `The variables input contains a field name '${unknown[1]}' that is not defined for input object type '${unknown[2]}' `;
  }
  const ofEnum = /^(?:Value "(.*)" does not exist in|Enum) "(\w+)"/s.exec(message);
  if (ofEnum) {
    return `Variable '${name}' has an invalid value. Invalid input for Enum '${ofEnum[2]}'. No value found for name '${String(invalid)}'`;
  }
  const ofScalar = /Unable to parse `.*$/s.exec(message);
  if (ofScalar) return `Variable '${name}' has an invalid value. ${ofScalar[0].replace(/;? ?$/, "")}`;
  const expected = /^(Int|Float|String|Boolean|ID) cannot represent/.exec(message);
  if (expected) return `Variable '${name}' has an invalid value. Expected type '${expected[1]}' but was '${javaType(invalid)}'.`;
  return `Variable '${name}' has an invalid value.`;
}

function javaType(value: unknown): string {
  if (typeof value === "string") return "String";
  if (typeof value === "boolean") return "Boolean";
  if (typeof value === "number") return Number.isInteger(value) ? "Long" : "BigDecimal";
  return Array.isArray(value) ? "ArrayList" : "LinkedHashMap";
}

/** Variables after defaults, for measuring a query before it runs. */
export function withDefaults(
  schema: GraphQLSchema,
  operation: OperationDefinitionNode,
  variables: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const filled: Record<string, unknown> = { ...variables };
  for (const { variable, type, defaultValue } of operation.variableDefinitions ?? []) {
    const inputType = typeFromAST(schema, type) as GraphQLInputType | undefined;
    if (filled[variable.name.value] === undefined && defaultValue && inputType) {
      filled[variable.name.value] = valueFromAST(defaultValue, inputType);
    }
  }
  return filled;
}

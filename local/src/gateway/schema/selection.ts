// What a client selected, in the forms the direct-resolver event and subscriptions need.

import {
  getDirectiveValues,
  GraphQLIncludeDirective,
  GraphQLSkipDirective,
  print,
  type FieldNode,
  type FragmentDefinitionNode,
  type SelectionSetNode,
} from "graphql";

export type Fragments = Readonly<Record<string, FragmentDefinitionNode | undefined>>;
export type Variables = Readonly<Record<string, unknown>>;

/** Fields directly in a selection set, fragments spread out, `@skip` and `@include` applied. */
export function selectedFields(set: SelectionSetNode, fragments: Fragments, variables: Variables): FieldNode[] {
  return set.selections.flatMap((node) => {
    if (getDirectiveValues(GraphQLSkipDirective, node, variables)?.["if"] === true) return [];
    if (getDirectiveValues(GraphQLIncludeDirective, node, variables)?.["if"] === false) return [];
    if (node.kind === "Field") return [node];
    const inner = node.kind === "InlineFragment" ? node.selectionSet : fragments[node.name.value]?.selectionSet;
    return inner ? selectedFields(inner, fragments, variables) : [];
  });
}

/** `info.selectionSetList`: response names, parents before children, joined by `/`. */
export function selectionSetList(
  nodes: readonly FieldNode[],
  fragments: Fragments,
  variables: Variables,
): string[] {
  const paths = new Set<string>();
  const visit = (node: FieldNode, prefix: string): void => {
    for (const child of node.selectionSet ? selectedFields(node.selectionSet, fragments, variables) : []) {
      const path = `${prefix}${child.alias?.value ?? child.name.value}`;
      paths.add(path);
      visit(child, `${path}/`);
    }
  };
  for (const node of nodes) visit(node, "");
  return [...paths];
}

/** `info.selectionSetGraphQL`: the selection as text, braces included; empty for a leaf. */
export function selectionSetGraphql(nodes: readonly FieldNode[]): string {
  const selections = nodes.flatMap((node) => [...(node.selectionSet?.selections ?? [])]);
  return selections.length === 0 ? "" : print({ kind: "SelectionSet", selections } as SelectionSetNode);
}

/**
 * An answer keyed by field names instead of aliases: what subscribers of a mutation are given.
 * Only what the mutation selected is in it.
 */
export function byFieldName(
  value: unknown,
  set: SelectionSetNode | undefined,
  fragments: Fragments,
  variables: Variables,
): unknown {
  if (Array.isArray(value)) return value.map((item) => byFieldName(item, set, fragments, variables));
  if (value === null || typeof value !== "object" || !set) return value;
  const answer = value as Record<string, unknown>;
  const named: Record<string, unknown> = {};
  for (const field of selectedFields(set, fragments, variables)) {
    const responseName = field.alias?.value ?? field.name.value;
    if (!(responseName in answer)) continue;
    const inner = byFieldName(answer[responseName], field.selectionSet, fragments, variables);
    const known = named[field.name.value];
    named[field.name.value] = isRecord(known) && isRecord(inner) ? { ...known, ...inner } : inner;
  }
  return named;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

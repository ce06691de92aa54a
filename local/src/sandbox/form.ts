/** Decodes `application/x-www-form-urlencoded` bodies with bracket nesting (`a[b][0]=c`, `a[]=c`), as Stripe and Dropbox Sign read them. */
export type Param = string | Param[] | { [key: string]: Param };
export type Params = { [key: string]: Param };

interface Branch {
  [key: string]: string | Branch;
}

function segments(key: string): string[] {
  const head = key.indexOf("[");
  if (head <= 0 || !key.endsWith("]")) return [key];
  return [key.slice(0, head), ...key.slice(head + 1, -1).split("][")];
}

function insert(tree: Branch, path: string[], value: string): void {
  const [first = "", ...rest] = path;
  const key = first === "" ? String(Object.keys(tree).length) : first;
  if (rest.length === 0) {
    tree[key] = value;
    return;
  }
  const existing = tree[key];
  const branch: Branch = typeof existing === "object" ? existing : (Object.create(null) as Branch);
  tree[key] = branch;
  insert(branch, rest, value);
}

/** A branch whose keys are exactly 0..n-1 is a list. */
function settle(node: string | Branch): Param {
  if (typeof node === "string") return node;
  const keys = Object.keys(node);
  if (keys.length > 0 && keys.every((key, index) => key === String(index))) {
    return keys.map((key) => settle(node[key] ?? ""));
  }
  const settled: Params = {};
  for (const key of keys) settled[key] = settle(node[key] ?? "");
  return settled;
}

export function fromPairs(pairs: Iterable<[string, string]>): Params {
  const tree = Object.create(null) as Branch;
  for (const [key, value] of pairs) insert(tree, segments(key), value);
  const params: Params = {};
  for (const key of Object.keys(tree)) params[key] = settle(tree[key] ?? "");
  return params;
}

export function parseForm(body: string): Params {
  return fromPairs(new URLSearchParams(body));
}

/** The nested map under a key, or an empty one. */
export function mapOf(value: Param | undefined): Params {
  return value !== undefined && typeof value === "object" && !Array.isArray(value) ? value : {};
}

export function textOf(value: Param | undefined): string | undefined {
  return typeof value === "string" ? value : undefined;
}

// The repository as a map from path to text: what the rules of the tidy test look at. Rules get it whole, so that a
// small tree made by hand can stand in for it.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Tree {
  /** Text of every file under its path from the root, with forward slashes. */
  readonly files: ReadonlyMap<string, string>;
}

/** Contexts whose Lambdas make up the backend, from the lowest to the highest; equal numbers may not use each other. */
export const LEVELS: Readonly<Record<string, number>> = {
  platform: 0, media: 1, profiles: 2, studios: 2, portfolio: 3, documents: 3, finance: 4, booking: 5, search: 6,
};

const TEXT = /\.(rs|sql|graphql|ts|js|mjs|py|sh|typ|ya?ml|json|toml|md)$/;

/** The files of the working tree that git knows or would know. */
export function readTree(root: string): Tree {
  const listed = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], { cwd: root, encoding: 'utf8', maxBuffer: 64 << 20 });
  const paths = listed.split('\n').filter((path) => TEXT.test(path) && existsSync(join(root, path)));
  return { files: new Map(paths.map((path) => [path, readFileSync(join(root, path), 'utf8')])) };
}

/** A tree made by hand. */
export function treeOf(files: Record<string, string>): Tree {
  return { files: new Map(Object.entries(files)) };
}

/** Paths that match, in order. */
export function paths(tree: Tree, pattern: RegExp): string[] {
  return [...tree.files.keys()].filter((path) => pattern.test(path)).sort();
}

export function text(tree: Tree, path: string): string {
  return tree.files.get(path) ?? '';
}

export function lineOf(source: string, index: number): number {
  return source.slice(0, index).split('\n').length;
}

/** Names of the contexts that have a crate. */
export function contexts(tree: Tree): string[] {
  return paths(tree, /^functions\/[^/]+\/Cargo\.toml$/).map((path) => path.split('/')[1] as string);
}

export interface LambdaSpec {
  readonly schema?: readonly string[];
  readonly events?: readonly string[];
  readonly http?: string;
  readonly schedule?: string;
  readonly machines?: readonly string[];
  readonly deployer?: boolean;
  readonly grants?: readonly string[];
}

export interface Manifest {
  readonly context: string;
  readonly lambdas: Readonly<Record<string, LambdaSpec>>;
}

export function manifest(tree: Tree, context: string): Manifest {
  const source = tree.files.get(`functions/${context}/manifest.json`);
  return source === undefined ? { context, lambdas: {} } : (JSON.parse(source) as Manifest);
}

/** Every Lambda of every context. */
export function lambdas(tree: Tree): { context: string; name: string; spec: LambdaSpec }[] {
  return contexts(tree).flatMap((context) =>
    Object.entries(manifest(tree, context).lambdas).map(([name, spec]) => ({ context, name, spec })));
}

// Reads a synthesised CDK assembly (`cdk.out`) from disk: its stacks, templates and file assets. Understands no resource.

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";

export interface CfnResource {
  Type: string;
  Properties?: Record<string, unknown>;
}

export interface Stack {
  name: string;
  resources: Record<string, CfnResource>;
  parameters: Record<string, { Default?: unknown }>;
  /** Value of each output by its name, and the name it is exported by; both may hold intrinsics. */
  outputs: Record<string, { value: unknown; exportName: unknown }>;
}

export interface Assembly {
  stacks: Stack[];
  /** Text of the file asset at an `s3://bucket/key` location. */
  assetText(s3Location: string): string;
}

interface TemplateFile {
  Resources?: Record<string, CfnResource>;
  Parameters?: Record<string, { Default?: unknown }>;
  Outputs?: Record<string, { Value?: unknown; Export?: { Name?: unknown } }>;
}

/** Throws when the directory holds no template. */
export function readAssembly(directory: string): Assembly {
  const files = listFiles(directory);
  const stackNames = new Map<string, string>();
  for (const file of files.filter((name) => basename(name) === "manifest.json")) {
    const { artifacts = {} } = readJson<{ artifacts?: Record<string, Artifact> }>(file);
    for (const [id, { type, properties, displayName }] of Object.entries(artifacts)) {
      if (type !== "aws:cloudformation:stack" || !properties?.templateFile) continue;
      stackNames.set(join(dirname(file), properties.templateFile), properties.stackName ?? displayName ?? id);
    }
  }
  const stacks = files
    .filter((file) => file.endsWith(".template.json"))
    .map((file): Stack => {
      const template = readJson<TemplateFile>(file);
      return {
        name: stackNames.get(file) ?? basename(file, ".template.json"),
        resources: template.Resources ?? {},
        parameters: template.Parameters ?? {},
        outputs: Object.fromEntries(
          Object.entries(template.Outputs ?? {}).map(([name, { Value, Export }]) => [name, { value: Value, exportName: Export?.Name }]),
        ),
      };
    });
  if (stacks.length === 0) throw new Error(`no *.template.json in ${directory}: synthesise the CDK app first`);
  return { stacks, assetText: (location) => readFileSync(assetPath(files, location), "utf8") };
}

interface Artifact {
  type?: string;
  displayName?: string;
  properties?: { templateFile?: string; stackName?: string };
}

function assetPath(files: readonly string[], s3Location: string): string {
  const hash = basename(s3Location).split(".")[0] ?? "";
  for (const file of files.filter((name) => name.endsWith(".assets.json"))) {
    const { files: assets = {} } = readJson<{ files?: Record<string, { source?: { path?: string } }> }>(file);
    const path = assets[hash]?.source?.path;
    if (path && existsSync(join(dirname(file), path))) return join(dirname(file), path);
  }
  const staged = files.find((file) => basename(file).startsWith(`asset.${hash}`));
  if (!staged) throw new Error(`asset ${hash} is not in the assembly`);
  return staged;
}

/** Templates, manifests and staged single files; the contents of staged directories are of no interest. */
function listFiles(directory: string): string[] {
  if (!existsSync(directory)) throw new Error(`${directory} does not exist: synthesise the CDK app first`);
  return readdirSync(directory, { withFileTypes: true }).flatMap((entry) => {
    const path = join(directory, entry.name);
    if (!entry.isDirectory()) return [path];
    return entry.name.startsWith("assembly-") ? listFiles(path) : [];
  });
}

function readJson<T>(file: string): T {
  return JSON.parse(readFileSync(file, "utf8")) as T;
}

// Reads what the tree says about itself: the contexts' manifests, the state machines and their manifest.
// Refuses anything unclear with the name of the file; holds no knowledge of a particular Lambda.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';

/** Kind of a Lambda, by the last part of its name. */
export const KINDS = ['resolver', 'webhook', 'page', 'step', 'worker', 'job'] as const;
export type Kind = (typeof KINDS)[number];

export const SECRETS = ['stripe', 'stripe-webhook', 'esign'] as const;
export type SecretName = (typeof SECRETS)[number];

const PLAIN_GRANTS = [
  'database',
  'bus',
  'rate-limits',
  'documents:read',
  'documents:write',
  'receipts:read',
  'receipts:write',
  'appsync:publish',
  'http:address',
] as const;
export type Grant = (typeof PLAIN_GRANTS)[number] | `secret:${SecretName}` | `machine:${string}`;

export interface LambdaSpec {
  readonly name: string;
  readonly context: string;
  readonly kind: Kind;
  readonly memoryMb: number;
  readonly timeoutSeconds: number;
  readonly reservedConcurrency?: number;
  readonly grants: readonly Grant[];
  /** SDL files it answers, relative to the context's `schema/`. */
  readonly schema: readonly string[];
  /** Domain events it consumes through its queue. */
  readonly events: readonly string[];
  readonly http?: { readonly method: string; readonly path: string };
  /** EventBridge Scheduler expression. */
  readonly schedule?: string;
  /** State machines it is a step of. */
  readonly machines: readonly string[];
  /** Invoked by whoever deploys, after a deployment. */
  readonly deployer: boolean;
}

export interface ContextSpec {
  readonly name: string;
  readonly lambdas: readonly LambdaSpec[];
}

export interface MachineSpec {
  readonly name: string;
  readonly description: string;
  readonly definition: string;
  /** Binaries named by `${…}` in the definition. */
  readonly steps: readonly string[];
  /** Domain event that starts it; otherwise a Lambda with the grant `machine:<name>` does. */
  readonly startedBy?: string;
  /** Execution input: JSON paths into the event, for a machine that an event starts. */
  readonly input: Readonly<Record<string, string>>;
}

export interface Tree {
  readonly root: string;
  readonly contexts: readonly ContextSpec[];
  readonly machines: readonly MachineSpec[];
}

const LAMBDA_KEYS = [
  'schema',
  'events',
  'http',
  'schedule',
  'machines',
  'deployer',
  'memoryMb',
  'timeoutSeconds',
  'reservedConcurrency',
  'grants',
];
const DEFAULT_TIMEOUT_SECONDS = { resolver: 10, webhook: 10, page: 10, step: 15, worker: 30, job: 50 } as const;

/** Reads `functions/<context>/manifest.json` and `statemachines/` below `root`. */
export function readTree(root: string): Tree {
  const machines = readMachines(root);
  const functions = join(root, 'functions');
  const contexts = readdirSync(functions, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && existsSync(join(functions, entry.name, 'manifest.json')))
    .map((entry) => readContext(root, entry.name))
    .sort((a, b) => a.name.localeCompare(b.name));
  const tree = { root, contexts, machines };
  checkWhole(tree);
  return tree;
}

export function lambdasOf(tree: Tree): LambdaSpec[] {
  return tree.contexts.flatMap((context) => [...context.lambdas]);
}

class ManifestError extends Error {
  constructor(file: string, problem: string) {
    super(`${file}: ${problem}`);
  }
}

type JsonObject = Record<string, unknown>;

function readObject(root: string, path: string): JsonObject {
  const file = relative(root, path);
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(path, 'utf8'));
  } catch (cause) {
    throw new ManifestError(file, `is not readable JSON (${String(cause)})`);
  }
  return asObject(file, 'the file', value);
}

function asObject(file: string, what: string, value: unknown): JsonObject {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new ManifestError(file, `${what} must be an object`);
  }
  return value as JsonObject;
}

function strings(file: string, what: string, value: unknown): string[] {
  if (value === undefined) return [];
  if (!Array.isArray(value) || value.length === 0 || !value.every((item) => typeof item === 'string')) {
    throw new ManifestError(file, `${what} must be a list of strings, left out when empty`);
  }
  if (new Set(value).size !== value.length) throw new ManifestError(file, `${what} names something twice`);
  return value;
}

function wholeNumber(file: string, what: string, value: unknown, low: number, high: number): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < low || value > high) {
    throw new ManifestError(file, `${what} must be a whole number from ${low} to ${high}`);
  }
  return value;
}

function readContext(root: string, name: string): ContextSpec {
  const path = join(root, 'functions', name, 'manifest.json');
  const file = relative(root, path);
  const manifest = readObject(root, path);
  if (manifest['context'] !== name) throw new ManifestError(file, `"context" must be "${name}"`);
  const lambdas = Object.entries(asObject(file, '"lambdas"', manifest['lambdas'])).map(([binary, value]) =>
    readLambda(root, file, name, binary, asObject(file, binary, value)),
  );
  if (lambdas.length === 0) throw new ManifestError(file, 'declares no Lambda');
  return { name, lambdas };
}

function readLambda(root: string, file: string, context: string, name: string, value: JsonObject): LambdaSpec {
  if (!/^[a-z][a-z0-9_]{2,40}$/.test(name)) throw new ManifestError(file, `"${name}" is not a binary name`);
  const unknown = Object.keys(value).filter((key) => !LAMBDA_KEYS.includes(key));
  if (unknown.length > 0) throw new ManifestError(file, `${name}: unknown ${unknown.join(', ')}`);
  const kind = KINDS.find((candidate) => name.endsWith(`_${candidate}`));
  if (kind === undefined) throw new ManifestError(file, `${name}: must end in _${KINDS.join(', _')}`);

  const schema = strings(file, `${name}.schema`, value['schema']);
  for (const sdl of schema) {
    if (!existsSync(join(root, 'functions', context, 'schema', sdl))) {
      throw new ManifestError(file, `${name}: schema/${sdl} does not exist`);
    }
  }
  const spec: LambdaSpec = {
    name,
    context,
    kind,
    memoryMb: wholeNumber(file, `${name}.memoryMb`, value['memoryMb'] ?? 256, 128, 10240),
    timeoutSeconds: wholeNumber(
      file,
      `${name}.timeoutSeconds`,
      value['timeoutSeconds'] ?? DEFAULT_TIMEOUT_SECONDS[kind],
      1,
      900,
    ),
    reservedConcurrency:
      value['reservedConcurrency'] === undefined
        ? undefined
        : wholeNumber(file, `${name}.reservedConcurrency`, value['reservedConcurrency'], 1, 1000),
    grants: readGrants(file, name, value['grants']),
    schema,
    events: strings(file, `${name}.events`, value['events']),
    http: readRoute(file, name, value['http']),
    schedule: readSchedule(file, name, value['schedule']),
    machines: strings(file, `${name}.machines`, value['machines']),
    deployer: value['deployer'] === true,
  };
  checkTrigger(file, spec);
  return spec;
}

function readGrants(file: string, name: string, value: unknown): Grant[] {
  return strings(file, `${name}.grants`, value).map((grant) => {
    const plain = PLAIN_GRANTS.find((known) => known === grant);
    if (plain !== undefined) return plain;
    const secret = SECRETS.find((known) => grant === `secret:${known}`);
    if (secret !== undefined) return `secret:${secret}` as const;
    const machine = /^machine:([a-z][a-z0-9_]*)$/.exec(grant)?.[1];
    if (machine !== undefined) return `machine:${machine}` as const;
    throw new ManifestError(file, `${name}: unknown grant "${grant}"`);
  });
}

function readRoute(file: string, name: string, value: unknown): LambdaSpec['http'] {
  if (value === undefined) return undefined;
  const match = typeof value === 'string' ? /^(GET|POST) (\/[a-z0-9/-]+(?:\{[a-z]+\})?)$/.exec(value) : null;
  const [, method, path] = match ?? [];
  if (method === undefined || path === undefined) {
    throw new ManifestError(file, `${name}.http must look like "POST /webhooks/stripe"`);
  }
  return { method, path };
}

function readSchedule(file: string, name: string, value: unknown): string | undefined {
  if (value === undefined) return undefined;
  if (typeof value !== 'string' || !/^(rate|cron)\(.+\)$/.test(value)) {
    throw new ManifestError(file, `${name}.schedule must be rate(…) or cron(…)`);
  }
  return value;
}

/** A Lambda has exactly the trigger that its kind promises. */
function checkTrigger(file: string, spec: LambdaSpec): void {
  const triggers: Record<Kind, boolean> = {
    resolver: spec.schema.length > 0,
    worker: spec.events.length > 0,
    webhook: spec.http?.method === 'POST',
    page: spec.http?.method === 'GET',
    step: spec.machines.length > 0,
    job: spec.schedule !== undefined || spec.deployer,
  };
  const wanted: Record<Kind, string> = {
    resolver: '"schema"',
    worker: '"events"',
    webhook: '"http" with POST',
    page: '"http" with GET',
    step: '"machines"',
    job: '"schedule" or "deployer"',
  };
  for (const kind of KINDS) {
    if (triggers[kind] !== (kind === spec.kind)) {
      const problem = triggers[kind] ? `must not have ${wanted[kind]}` : `must have ${wanted[kind]}`;
      throw new ManifestError(file, `${spec.name}: a ${spec.kind} ${problem}`);
    }
  }
}

function readMachines(root: string): MachineSpec[] {
  const directory = join(root, 'statemachines');
  const path = join(directory, 'manifest.json');
  const file = relative(root, path);
  const manifest = readObject(root, path);
  const machines = Object.entries(manifest).map(([name, raw]) => {
    const value = asObject(file, name, raw);
    const definitionPath = join(directory, `${name}.asl.json`);
    if (!existsSync(definitionPath)) throw new ManifestError(file, `${name}.asl.json does not exist`);
    const definition = readFileSync(definitionPath, 'utf8');
    const steps = [...new Set([...definition.matchAll(/\$\{([^}]+)\}/g)].map((match) => match[1] ?? ''))].sort();
    const description = value['description'];
    if (typeof description !== 'string') throw new ManifestError(file, `${name} lacks a description`);
    const startedBy = value['startedBy'];
    if (startedBy === undefined) return { name, description, definition, steps, input: {} };
    if (typeof startedBy !== 'string') throw new ManifestError(file, `${name}.startedBy must name an event`);
    return { name, description, definition, steps, startedBy, input: readInput(file, name, value['input']) };
  });
  for (const entry of readdirSync(directory)) {
    const name = /^(.+)\.asl\.json$/.exec(entry)?.[1];
    if (name !== undefined && manifest[name] === undefined) throw new ManifestError(file, `${entry} is not listed`);
  }
  return machines;
}

function readInput(file: string, name: string, value: unknown): Record<string, string> {
  const input = asObject(file, `${name}.input`, value);
  const result: Record<string, string> = {};
  for (const [key, path] of Object.entries(input)) {
    if (typeof path !== 'string' || !/^\$\.detail(\.[a-z_]+)+$/.test(path)) {
      throw new ManifestError(file, `${name}.input.${key} must be a path such as $.detail.ids.lbg_id`);
    }
    result[key] = path;
  }
  return result;
}

/** Rules that span manifests. */
function checkWhole(tree: Tree): void {
  const machineFile = 'statemachines/manifest.json';
  const byName = new Map<string, LambdaSpec>();
  for (const lambda of lambdasOf(tree)) {
    const file = `functions/${lambda.context}/manifest.json`;
    const twin = byName.get(lambda.name);
    if (twin !== undefined) throw new ManifestError(file, `${lambda.name} is also in functions/${twin.context}`);
    byName.set(lambda.name, lambda);
    const granted = lambda.grants.flatMap((grant) => (grant.startsWith('machine:') ? [grant.slice(8)] : []));
    for (const machine of [...lambda.machines, ...granted]) {
      if (!tree.machines.some((known) => known.name === machine)) {
        throw new ManifestError(file, `${lambda.name}: there is no state machine ${machine}`);
      }
    }
  }
  for (const machine of tree.machines) {
    for (const step of machine.steps) {
      if (!(byName.get(step)?.machines.includes(machine.name) ?? false)) {
        throw new ManifestError(machineFile, `${machine.name} uses ${step}, which no manifest lists as its step`);
      }
    }
    for (const lambda of byName.values()) {
      if (lambda.machines.includes(machine.name) && !machine.steps.includes(lambda.name)) {
        throw new ManifestError(machineFile, `${machine.name} does not use its declared step ${lambda.name}`);
      }
    }
  }
}

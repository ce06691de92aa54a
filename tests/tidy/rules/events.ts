// Rules about events: what is published has a schema and a sample, what has a schema is published and heard.
import { Ajv2020 } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import { lambdas, lineOf, paths, text, type Tree } from '../tree.ts';
import { firstArguments, scan, shipped, type Literal, type Scanned } from '../rust.ts';

const EVENT_NAME = /^[a-z_]+(\.[a-z_]+)+$/;
const SCHEMA = /^events\/([a-z_.]+)\.v(\d+)\.json$/;

interface EventSchema {
  readonly path: string;
  readonly name: string;
  readonly body: Record<string, unknown>;
}

function schemas(tree: Tree): EventSchema[] {
  return paths(tree, SCHEMA).map((path) => ({
    path,
    name: (SCHEMA.exec(path) as RegExpExecArray)[1] as string,
    body: JSON.parse(text(tree, path)) as Record<string, unknown>,
  }));
}

interface Source {
  readonly path: string;
  readonly context: string;
  readonly source: string;
  readonly scanned: Scanned;
}

function sources(tree: Tree): Source[] {
  return shipped(tree, /^functions\/[^/]+\/src\/.*\.rs$/)
    .map(({ path, source }) => ({ path, context: path.split('/')[1] as string, source, scanned: scan(source) }));
}

/** String literals inside the parentheses of a call. */
function argumentsOf({ code, literals }: Scanned, call: number): Literal[] {
  const from = code.indexOf('(', call);
  let depth = 0;
  let to = from;
  for (; to < code.length; to += 1) {
    if (code[to] === '(') depth += 1;
    if (code[to] === ')' && (depth -= 1) === 0) break;
  }
  return literals.filter((literal) => literal.index > from && literal.index < to);
}

export interface Published {
  readonly context: string;
  readonly name: string;
  readonly place: string;
}

/** Events that Rust publishes: named in `NewEvent::new`, or in calls of the function or closure around it. */
export function published(tree: Tree): Published[] {
  const all = sources(tree);
  return all.flatMap((file) => [...file.scanned.code.matchAll(/NewEvent::new\(/g)].flatMap((call) => {
    const [context, name] = argumentsOf(file.scanned, call.index);
    const at = (source: Source, index: number, value: string): Published =>
      ({ context: context?.value ?? file.context, name: value, place: `${source.path}:${lineOf(source.source, index)}` });
    if (name !== undefined) return [at(file, call.index, name.value)];
    const around = [...file.scanned.code.slice(0, call.index).matchAll(/\bfn\s+(\w+)|\blet\s+(\w+)\s*=\s*(?:move\s*)?\|/g)].at(-1);
    const helper = around?.[1] ?? around?.[2];
    if (helper === undefined) return [];
    const reach = around?.[1] === undefined ? [file] : all.filter((other) => other.context === file.context);
    return reach.flatMap((other) => [...other.scanned.code.matchAll(new RegExp(`(?<!fn\\s+|\\w)${helper}\\(`, 'g'))]
      .flatMap((use) => argumentsOf(other.scanned, use.index).map((literal) => literal.value)
        .filter((value) => EVENT_NAME.test(value)).map((value) => at(other, use.index, value))));
  }));
}

/** True when the code of a context holds the event's name, for names that are chosen before they are passed on. */
function isNamedBy(all: readonly Source[], context: string, name: string): boolean {
  return all.some((file) => file.context === context && file.scanned.literals.some((literal) => literal.value === name));
}

/** Every published event has a schema, and its context is the schema's producer. */
export function publishedEventsHaveSchemas(tree: Tree): string[] {
  const known = new Map(schemas(tree).map((schema) => [schema.name, schema]));
  return published(tree).flatMap(({ context, name, place }) => {
    const schema = known.get(name);
    if (schema === undefined) return [`${place}: event ${name} has no schema events/${name}.v1.json`];
    const producer = schema.body['x-producer'];
    const crate = place.split('/')[1];
    return [
      ...(producer === context ? [] : [`${place}: ${context} publishes ${name}, its schema says ${String(producer)}`]),
      ...(crate === context ? [] : [`${place}: ${crate} publishes in the name of ${context}`]),
    ];
  });
}

/** Every schema describes itself, has a producer, and a consumer unless it is for analytics only. */
export function schemasHaveProducerAndConsumer(tree: Tree): string[] {
  const all = sources(tree);
  const heard = new Set([...lambdas(tree).flatMap(({ spec }) => spec.events ?? []), ...startedBy(tree)]);
  const findings = schemas(tree).flatMap(({ path, name, body }) => {
    const analyticsOnly = body['x-analytics-only'] === true;
    return [
      ...(typeof body['$id'] === 'string' && body['$id'].endsWith(path.replace('events/', '')) ? [] : [`${path}: $id does not end with its file name`]),
      ...(typeof body['title'] === 'string' && typeof body['description'] === 'string' ? [] : [`${path}: title or description is missing`]),
      ...(body['additionalProperties'] === false ? [] : [`${path}: additionalProperties is not false`]),
      ...(isNamedBy(all, String(body['x-producer']), name) ? [] : [`${path}: ${String(body['x-producer'])} does not publish ${name}`]),
      ...(heard.has(name) || analyticsOnly ? [] : [`${path}: nothing listens to ${name}, and it is not x-analytics-only`]),
      ...(heard.has(name) && analyticsOnly ? [`${path}: x-analytics-only, but something listens to ${name}`] : []),
    ];
  });
  const names = new Set(schemas(tree).map((schema) => schema.name));
  const unknown = [...heard].filter((name) => !names.has(name)).map((name) => `${name}: listened to, but has no schema`);
  return [...findings, ...unknown];
}

function startedBy(tree: Tree): string[] {
  const machines = JSON.parse(text(tree, 'statemachines/manifest.json') || '{}') as Record<string, { startedBy?: string }>;
  return Object.values(machines).flatMap((machine) => machine.startedBy ?? []);
}

/** Every schema has a sample: the EventBridge event that a rule's target receives, which matches the schema. */
export function samplesMatchSchemas(tree: Tree): string[] {
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  formats.default(ajv);
  const all = schemas(tree);
  const findings = all.flatMap(({ path, name, body }) => {
    const samplePath = `events/samples/${name}.json`;
    if (!tree.files.has(samplePath)) return [`${path}: no sample ${samplePath}`];
    const sample = JSON.parse(text(tree, samplePath)) as Record<string, unknown>;
    const validate = ajv.compile(body);
    validate(sample['detail']);
    return [
      ...(sample['detail-type'] === name ? [] : [`${samplePath}: detail-type is not ${name}`]),
      ...(sample['source'] === `rastup.${String(body['x-producer'])}` ? [] : [`${samplePath}: source is not rastup.${String(body['x-producer'])}`]),
      ...(validate.errors ?? []).map((error) => `${samplePath}: detail${error.instancePath} ${error.message}`),
    ];
  });
  const names = new Set(all.map((schema) => schema.name));
  const stray = paths(tree, /^events\/samples\/[^/]+\.json$/)
    .filter((path) => !names.has(path.replace(/^.*\/|\.json$/g, '')))
    .map((path) => `${path}: no event of that name has a schema`);
  return [...findings, ...stray];
}

/** The context of an event is a literal, so that it can be read without running the code. */
export function publishersNameTheirContext(tree: Tree): string[] {
  return sources(tree).flatMap(({ path, source }) =>
    firstArguments(source, /NewEvent::new\(/)
      .filter(({ value }) => value === undefined)
      .map(({ index }) => `${path}:${lineOf(source, index)}: the context of an event is a literal`));
}

// docs/events.md: every domain event with its producer, consumers and fields, from events/*.json and the manifests.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { lambdasOf, type Tree } from '../../../infra-cdk/lib/manifest.ts';
import { banner, code, codes, page, table } from './markdown.ts';

interface Schema {
  readonly $ref?: string;
  readonly $defs?: Readonly<Record<string, Schema>>;
  readonly title?: string;
  readonly description?: string;
  readonly type?: string | readonly string[];
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly format?: string;
  readonly pattern?: string;
  readonly items?: Schema;
  readonly oneOf?: readonly Schema[];
  readonly anyOf?: readonly Schema[];
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly 'x-producer'?: string;
  readonly 'x-analytics-only'?: boolean;
}

interface EventSpec {
  readonly name: string;
  readonly version: string;
  readonly file: string;
  readonly schema: Schema;
  readonly producer: string;
  readonly consumers: readonly string[];
}

/** Parts of the envelope that differ between events. */
const OWN_PARTS = ['user_id', 'ids', 'money', 'payload'] as const;

export function eventsPage(tree: Tree): string {
  const events = readEvents(tree);
  const producers = [...new Set(events.map((event) => event.producer))].sort();
  const blocks = [
    banner('`events/*.json`, `functions/*/manifest.json` and `statemachines/manifest.json`'),
    '# Events',
    'Domain events on the bus `rastup-<stage>-events`: source `rastup.<context>`, detail-type the event’s name, detail ' +
      'the envelope. Every event is committed to the outbox with the change it tells of and published at least once; a ' +
      'consumer must therefore be idempotent (`event_id` identifies an event). Events hold ids, amounts and states, no ' +
      'personal data. A complete EventBridge event of each kind is in `events/samples/`.',
    'Every envelope has `event_id`, `event`, `v`, `occurred_at`, `corr_id`, `ids` and `payload`; `user_id`, `city`, ' +
      '`context` and `money` where they apply.',
    table(
      ['event', 'producer', 'consumers'],
      events.map((event) => [
        `[${code(event.name)}](#${event.name.replaceAll('.', '')})`,
        event.producer,
        event.consumers.length === 0 ? 'analytics only' : codes(event.consumers),
      ]),
    ),
  ];
  for (const producer of producers) {
    blocks.push(`## Produced by ${producer}`);
    for (const event of events.filter((candidate) => candidate.producer === producer)) blocks.push(...section(event));
  }
  return page(blocks);
}

function readEvents(tree: Tree): EventSpec[] {
  const directory = join(tree.root, 'events');
  const events: EventSpec[] = [];
  for (const file of readdirSync(directory).sort()) {
    const match = /^(.+)\.v(\d+)\.json$/.exec(file);
    const [, name, version] = match ?? [];
    if (name === undefined || version === undefined) continue;
    const schema = JSON.parse(readFileSync(join(directory, file), 'utf8')) as Schema;
    const producer = schema['x-producer'];
    if (producer === undefined) throw new Error(`events/${file}: "x-producer" is missing`);
    const consumers = consumersOf(tree, name);
    if (consumers.length === 0 && schema['x-analytics-only'] !== true) {
      throw new Error(`events/${file}: nobody consumes it, and it is not marked "x-analytics-only"`);
    }
    events.push({ name, version, file, schema, producer, consumers });
  }
  return events;
}

function consumersOf(tree: Tree, event: string): string[] {
  const workers = lambdasOf(tree).filter((lambda) => lambda.events.includes(event));
  const machines = tree.machines.filter((machine) => machine.startedBy === event);
  return [...workers.map((worker) => worker.name), ...machines.map((machine) => `${machine.name} (state machine)`)];
}

function section(event: EventSpec): string[] {
  const { schema } = event;
  const own = Object.entries(schema.properties ?? {}).filter(([name]) => OWN_PARTS.some((part) => part === name));
  const rows = fields(schema, '', { properties: Object.fromEntries(own), required: schema.required }, true);
  return [
    `### ${event.name}`,
    [schema.description ?? schema.title ?? '', `Version ${event.version}, schema \`events/${event.file}\`.`].join(' ').trim(),
    rows.length === 0 ? '' : table(['field', 'type', 'always', 'meaning'], rows),
  ];
}

function isRequired(schema: Schema, name: string): boolean {
  return schema.required?.includes(name) ?? false;
}

/** Rows of an object's fields; an object in it is told by its own fields, each with its path. */
function fields(root: Schema, path: string, schema: Schema, always: boolean): string[][] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, unresolved]) => {
    const field = resolve(root, unresolved);
    const inner = path === '' ? name : `${path}.${name}`;
    const required = always && isRequired(schema, name);
    const description = unresolved.description ?? field.description ?? '';
    if (field.properties !== undefined) return fields(root, inner, field, required);
    const items = field.items === undefined ? undefined : resolve(root, field.items);
    return [
      [code(inner), typeOf(root, field), required ? 'yes' : 'no', description],
      ...(items?.properties === undefined ? [] : fields(root, `${inner}[]`, items, required)),
    ];
  });
}

/** Follows a reference inside the same file. */
function resolve(root: Schema, schema: Schema): Schema {
  if (schema.$ref === undefined) return schema;
  const name = /^#\/\$defs\/([^/]+)$/.exec(schema.$ref)?.[1];
  const target = name === undefined ? undefined : root.$defs?.[name];
  if (target === undefined) throw new Error(`cannot follow ${schema.$ref}`);
  return resolve(root, target);
}

function typeOf(root: Schema, schema: Schema): string {
  if (schema.const !== undefined) return code(JSON.stringify(schema.const));
  if (schema.enum !== undefined) return schema.enum.map((value) => code(JSON.stringify(value))).join(', ');
  const alternatives = schema.oneOf ?? schema.anyOf;
  if (alternatives !== undefined) return alternatives.map((one) => typeOf(root, resolve(root, one))).join(' or ');
  if (schema.items !== undefined) return `list of ${typeOf(root, resolve(root, schema.items))}`;
  const prefix = /^\^([a-z]+_)/.exec(schema.pattern ?? '')?.[1];
  if (prefix !== undefined) return `id ${code(`${prefix}…`)}`;
  const types = typeof schema.type === 'string' ? [schema.type] : [...(schema.type ?? [])];
  return [types.join(' or '), schema.format ?? ''].filter((part) => part !== '').join(', ');
}

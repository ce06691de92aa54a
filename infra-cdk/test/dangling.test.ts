// Nothing dangles: in the synthesised templates every rule, queue, schedule, machine, route, resolver and event has
// both ends, and both ends exist.
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { lambdasOf } from '../lib/manifest.ts';
import { OPERATION_TYPES, mergeSdl } from '../lib/sdl.ts';
import { flatten, ROOT, synthesise, type Resource } from './support.ts';

const built = synthesise('prod');
const lambdas = lambdasOf(built.tree);

/** The resource a property refers to in the same stack, or by its fixed name in any. */
function referred(from: Resource, value: unknown): Resource | undefined {
  const text = flatten(value);
  const local = [...text.matchAll(/"(?:Ref|Fn::GetAtt)":(?:\["([A-Za-z0-9]+)"|"([A-Za-z0-9]+)")/g)]
    .map((match) => match[1] ?? match[2])
    .flatMap((id) => built.resources.filter((resource) => resource.stack === from.stack && resource.id === id));
  if (local[0] !== undefined) return local[0];
  const name = /rastup-prod-[a-z0-9_-]+/.exec(text)?.[0];
  if (name === undefined) return undefined;
  return built.resources.find((resource) =>
    ['FunctionName', 'StateMachineName', 'QueueName'].some((key) => resource.properties[key] === name),
  );
}

function detailTypes(rule: Resource): string[] {
  return (rule.properties['EventPattern'] as { 'detail-type'?: string[] })['detail-type'] ?? [];
}

interface EventSchema {
  readonly $id: string;
  readonly 'x-producer'?: string;
  readonly 'x-analytics-only'?: boolean;
}

/** Event name → schema, from `events/<name>.v<n>.json`. */
function eventSchemas(): Map<string, EventSchema> {
  const directory = join(ROOT, 'events');
  const schemas = new Map<string, EventSchema>();
  for (const file of readdirSync(directory)) {
    const name = /^(.+)\.v\d+\.json$/.exec(file)?.[1];
    if (name !== undefined) schemas.set(name, JSON.parse(readFileSync(join(directory, file), 'utf8')) as EventSchema);
  }
  return schemas;
}

const consumed = new Set([
  ...lambdas.flatMap((lambda) => [...lambda.events]),
  ...built.tree.machines.flatMap((machine) => (machine.startedBy === undefined ? [] : [machine.startedBy])),
]);

describe('nothing dangles:', () => {
  test('every rule hears something and has a target that exists', () => {
    const rules = built.ofType('AWS::Events::Rule');
    assert.ok(rules.length > 0);
    for (const rule of rules) {
      const targets = (rule.properties['Targets'] ?? []) as { Arn: unknown; DeadLetterConfig?: { Arn: unknown } }[];
      assert.ok(detailTypes(rule).length > 0 && targets.length > 0, rule.id);
      for (const target of targets) {
        const found = referred(rule, target.Arn);
        assert.ok(found !== undefined && /Queue|StateMachine/.test(found.type), `${rule.id} → ${flatten(target.Arn)}`);
        assert.equal(
          referred(rule, target.DeadLetterConfig?.Arn)?.type,
          'AWS::SQS::Queue',
          `${rule.id} may lose events`,
        );
      }
    }
  });

  test('every queue has a consumer and a producer', () => {
    const sources = built.ofType('AWS::Lambda::EventSourceMapping');
    const rules = built.ofType('AWS::Events::Rule');
    for (const queue of built.ofType('AWS::SQS::Queue')) {
      const name = String(queue.properties['QueueName']);
      const dead = name.endsWith('-dlq');
      const feeders = rules.filter(
        (rule) => rule.stack === queue.stack && flatten(rule.properties['Targets']).includes(`"${queue.id}"`),
      );
      const redrives = built
        .ofType('AWS::SQS::Queue')
        .filter(
          (other) =>
            other.stack === queue.stack && flatten(other.properties['RedrivePolicy']).includes(`"${queue.id}"`),
        );
      assert.ok(feeders.length + redrives.length > 0, `nobody puts anything into ${name}`);
      const consumer = sources.find(
        (source) =>
          referred(source, source.properties['EventSourceArn'])?.id === queue.id && source.stack === queue.stack,
      );
      if (dead) {
        const alarm = built
          .ofType('AWS::CloudWatch::Alarm')
          .find((item) => item.properties['AlarmName'] === `${name}-not-empty`);
        assert.ok(alarm !== undefined, `nobody is called for ${name}`);
      } else {
        assert.equal(
          referred(consumer as Resource, consumer?.properties['FunctionName'])?.type,
          'AWS::Lambda::Function',
          name,
        );
      }
    }
  });

  test('every schedule has a target that exists', () => {
    const schedules = built.ofType('AWS::Scheduler::Schedule');
    assert.equal(schedules.length, lambdas.filter((lambda) => lambda.schedule !== undefined).length);
    for (const schedule of schedules) {
      const { Arn } = schedule.properties['Target'] as { Arn: unknown };
      assert.equal(referred(schedule, Arn)?.type, 'AWS::Lambda::Function', schedule.id);
    }
  });

  test('every machine is started by someone and every step of it exists', () => {
    const rules = built.ofType('AWS::Events::Rule');
    for (const machine of built.tree.machines) {
      const starters = lambdas.filter((lambda) => lambda.grants.includes(`machine:${machine.name}`));
      const rule = rules.find((item) => item.properties['Name'] === `rastup-prod-start-${machine.name}`);
      assert.ok(starters.length > 0 || rule !== undefined, `nobody starts ${machine.name}`);
      if (machine.startedBy !== undefined) assert.deepEqual(detailTypes(rule as Resource), [machine.startedBy]);
      const [deployed] = built
        .ofType('AWS::StepFunctions::StateMachine')
        .filter((item) => item.properties['StateMachineName'] === `rastup-prod-${machine.name}`);
      const substitutions = (deployed?.properties['DefinitionSubstitutions'] ?? {}) as Record<string, unknown>;
      assert.deepEqual(Object.keys(substitutions).sort(), [...machine.steps]);
      for (const arn of Object.values(substitutions)) {
        assert.equal(referred(deployed as Resource, arn)?.type, 'AWS::Lambda::Function', flatten(arn));
      }
    }
  });

  test('every field of the API has one resolver whose Lambda exists', () => {
    const resolvers = built.ofType('AWS::AppSync::Resolver');
    const resolved = resolvers.map(
      (item) => `${String(item.properties['TypeName'])}.${String(item.properties['FieldName'])}`,
    );
    const fields = mergeSdl(ROOT, { apiKey: false }).fields.map((field) => `${field.type}.${field.name}`);
    assert.deepEqual(resolved.sort(), fields.sort());
    const sources = built.ofType('AWS::AppSync::DataSource');
    for (const resolver of resolvers) {
      const source = sources.find((item) => item.properties['Name'] === resolver.properties['DataSourceName']);
      assert.ok(source !== undefined, resolver.id);
      const { LambdaFunctionArn } = source.properties['LambdaConfig'] as { LambdaFunctionArn: unknown };
      assert.equal(referred(source, LambdaFunctionArn)?.type, 'AWS::Lambda::Function');
    }
    assert.deepEqual(
      [...OPERATION_TYPES].filter((type) => !resolved.some((name) => name.startsWith(`${type}.`))),
      [],
    );
  });

  test('every webhook and page has a route that may invoke it', () => {
    const routes = built.ofType('AWS::ApiGatewayV2::Route').map((route) => route.properties['RouteKey']);
    const wanted = lambdas.flatMap((lambda) =>
      lambda.http === undefined ? [] : [`${lambda.http.method} ${lambda.http.path}`],
    );
    assert.deepEqual(routes.sort(), wanted.sort());
    assert.equal(built.ofType('AWS::Lambda::Permission').length, wanted.length);
  });

  test('every subscription listens to mutations that the backend may publish', () => {
    const { fields } = mergeSdl(ROOT, { apiKey: false });
    for (const field of fields.filter((item) => item.type === 'Subscription')) {
      assert.ok(field.subscribesTo.length > 0, `${field.name} listens to nothing`);
      for (const mutation of field.subscribesTo) {
        const publisher = fields.find((item) => item.type === 'Mutation' && item.name === mutation);
        assert.ok(publisher?.auth.includes('aws_iam'), `${field.name} listens to ${mutation}`);
      }
    }
    const publishers = lambdas.filter((lambda) => lambda.grants.includes('appsync:publish'));
    assert.ok(publishers.length > 0, 'nobody publishes to subscribers');
  });

  test('every event that is heard has a schema and a producer that reaches the bus', () => {
    const schemas = eventSchemas();
    const contexts = new Map(built.tree.contexts.map((context) => [context.name, context]));
    for (const event of consumed) {
      const schema = schemas.get(event);
      assert.ok(schema !== undefined, `events/${event}.v1.json is missing`);
      const producer = contexts.get(schema['x-producer'] ?? '');
      assert.ok(producer !== undefined, `${event}: x-producer "${schema['x-producer']}" is no context`);
      assert.ok(
        producer.lambdas.some((lambda) => lambda.grants.includes('bus')),
        `${producer.name} reaches no bus`,
      );
    }
  });

  test('every event that has a schema is heard, or is for analytics only, and has a sample', () => {
    for (const [event, schema] of eventSchemas()) {
      assert.ok(consumed.has(event) || schema['x-analytics-only'] === true, `nobody hears ${event}`);
      assert.ok(existsSync(join(ROOT, 'events/samples', `${event}.json`)), `${event} has no sample`);
    }
  });
});

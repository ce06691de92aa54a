// The tree is the only wiring: a manifest's mistake names its file, and a new Lambda needs no TypeScript.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { buildApp } from '../lib/app.ts';
import { loadConfig } from '../lib/config.ts';
import { lambdasOf, readTree } from '../lib/manifest.ts';
import { mergeSdl } from '../lib/sdl.ts';
import { describeApp, LOCAL_ENVIRONMENT, newApp, ROOT, stubLambdas, writeTree } from './support.ts';

const MACHINE = {
  QueryLanguage: 'JSONata',
  StartAt: 'Greet',
  States: {
    Greet: {
      Type: 'Task',
      Resource: 'arn:aws:states:::lambda:invoke',
      Arguments: { FunctionName: '${greet_step}', Payload: {} },
      End: true,
    },
  },
};

/** The smallest tree with every kind of Lambda. */
const SMALL = {
  'shared/schema/common.graphql':
    'schema { query: Query mutation: Mutation subscription: Subscription }\ntype Query\ntype Mutation\ntype Subscription\n',
  'functions/hello/schema/hello.graphql':
    'extend type Query { hello: String! @aws_cognito_user_pools @aws_api_key }\n' +
    'extend type Mutation { shout(text: String!): String @aws_iam }\n' +
    'extend type Subscription { heard: String @aws_subscribe(mutations: ["shout"]) @aws_cognito_user_pools }\n',
  'functions/hello/manifest.json': {
    context: 'hello',
    lambdas: {
      hello_resolver: { schema: ['hello.graphql'], grants: ['database'] },
      hello_worker: { events: ['hello.said'], grants: ['appsync:publish'] },
      hello_webhook: { http: 'POST /webhooks/hello', grants: ['secret:stripe-webhook'] },
      hello_job: { schedule: 'rate(1 hour)', grants: ['machine:greet'] },
      greet_step: { machines: ['greet'] },
    },
  },
  'statemachines/manifest.json': { greet: { description: 'Greets.' } },
  'statemachines/greet.asl.json': MACHINE,
};

function smallTreeWith(lambda: Record<string, unknown>): () => unknown {
  const manifest = SMALL['functions/hello/manifest.json'];
  const lambdas = { ...manifest.lambdas, ...lambda };
  const root = writeTree({ ...SMALL, 'functions/hello/manifest.json': { ...manifest, lambdas } });
  return () => readTree(root);
}

describe('a manifest', () => {
  const refused: Record<string, [Record<string, unknown>, RegExp]> = {
    'an unknown grant': [{ x_step: { machines: ['greet'], grants: ['everything'] } }, /unknown grant "everything"/],
    'an unknown key': [{ x_job: { schedule: 'rate(1 hour)', shedule: 'x' } }, /unknown shedule/],
    'a name without a kind': [{ x_thing: {} }, /must end in/],
    'a kind without its trigger': [{ x_worker: {} }, /a worker must have "events"/],
    'a trigger of another kind': [
      { x_job: { schedule: 'rate(1 hour)', events: ['a'] } },
      /a job must not have "events"/,
    ],
    'an SDL file that does not exist': [
      { x_resolver: { schema: ['no.graphql'] } },
      /schema\/no.graphql does not exist/,
    ],
    'a machine that does not exist': [
      { x_job: { schedule: 'rate(1 hour)', grants: ['machine:no'] } },
      /no state machine no/,
    ],
    'a route in another form': [{ x_webhook: { http: '/webhooks' } }, /must look like/],
    'a page that is posted to': [{ x_page: { http: 'POST /x' } }, /a webhook|must/],
    'a timeout beyond Lambda': [{ x_job: { schedule: 'rate(1 hour)', timeoutSeconds: 901 } }, /from 1 to 900/],
    'a step its machine does not use': [{ x_step: { machines: ['greet'] } }, /does not use its declared step x_step/],
  };
  for (const [name, [lambda, problem]] of Object.entries(refused)) {
    test(`is refused with ${name}`, () => assert.throws(smallTreeWith(lambda), problem));
  }
  test('is named when it is wrong', () => {
    assert.throws(smallTreeWith({ x_thing: {} }), /^Error: functions\/hello\/manifest.json: /);
  });
  test('that another context repeats a Lambda of is refused', () => {
    const root = writeTree({
      ...SMALL,
      'functions/other/manifest.json': { context: 'other', lambdas: { hello_job: { schedule: 'rate(1 hour)' } } },
    });
    assert.throws(() => readTree(root), /hello_job is also in functions\/hello/);
  });
});

test('a new Lambda is deployed with everything it needs by its manifest alone', () => {
  const root = writeTree(SMALL);
  const tree = readTree(root);
  const app = newApp();
  buildApp(app, { config: loadConfig('local', LOCAL_ENVIRONMENT), root, lambdaDirectory: stubLambdas(tree) });
  const built = describeApp('local', tree, app);
  const named = (type: string) =>
    built.ofType(type).map((resource) => resource.properties['FunctionName'] ?? resource.id);
  assert.deepEqual(
    named('AWS::Lambda::Function').sort(),
    lambdasOf(tree)
      .map((l) => `rastup-local-${l.name}`)
      .sort(),
  );
  assert.equal(built.ofType('AWS::AppSync::Resolver').length, 3);
  assert.equal(built.ofType('AWS::SQS::Queue').length, 2);
  assert.equal(built.ofType('AWS::Scheduler::Schedule').length, 1);
  assert.equal(built.ofType('AWS::ApiGatewayV2::Route').length, 1);
  assert.equal(built.ofType('AWS::StepFunctions::StateMachine').length, 1);
});

describe('the merged schema', () => {
  test('has no extensions left and every field once', () => {
    const sdl = mergeSdl(ROOT, { apiKey: true });
    assert.ok(!sdl.text.includes('extend type'));
    const names = sdl.fields.map((field) => `${field.type}.${field.name}`);
    assert.equal(new Set(names).size, names.length);
    for (const field of sdl.fields) assert.ok(field.auth.length > 0, `${field.name} says not who may call it`);
  });
  test('names the API key only where there is one', () => {
    assert.ok(mergeSdl(ROOT, { apiKey: true }).text.includes('@aws_api_key'));
    assert.ok(!mergeSdl(ROOT, { apiKey: false }).text.includes('@aws_api_key'));
  });
  test('is refused in prod when something is open to the API key only', () => {
    const root = writeTree({
      ...SMALL,
      'functions/hello/schema/hello.graphql': 'extend type Query { hello: String! @aws_api_key }',
    });
    assert.throws(() => mergeSdl(root, { apiKey: false }), /Query.hello is open to the API key only/);
  });
  test('is refused with two definitions of a field', () => {
    const root = writeTree({
      ...SMALL,
      'functions/other/schema/twin.graphql': 'extend type Query { hello: String! @aws_iam }',
    });
    assert.throws(() => mergeSdl(root, { apiKey: true }), /Query.hello is defined twice/);
  });
});

test('the local stage says which addresses are missing', () => {
  assert.throws(() => loadConfig('local', { ...LOCAL_ENVIRONMENT, FAULT_DIR: '' }), /needs FAULT_DIR/);
  assert.throws(() => loadConfig('staging', {}), /unknown stage "staging"/);
});

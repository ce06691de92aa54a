// What must hold in every stage's templates: least privilege, encryption, privacy of the database, alarms, limits.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Stack, Validations } from 'aws-cdk-lib';
import { PolicyStatement, User } from 'aws-cdk-lib/aws-iam';
import { buildApp } from '../lib/app.ts';
import { loadConfig, STAGES } from '../lib/config.ts';
import { lambdasOf, readTree, SECRETS } from '../lib/manifest.ts';
import { machineOutputKey, OUTPUTS } from '../lib/outputs.ts';
import { GROUPS } from '../lib/stacks/security.ts';
import { silenceOf } from '../lib/constructs/triggers.ts';
import { QUERY_DEPTH_LIMIT } from '../lib/stacks/api.ts';
import {
  findings,
  flatten,
  newApp,
  realApp,
  ROOT,
  stubLambdas,
  synthesise,
  type Resource,
  type Synthesised,
} from './support.ts';

const CLOUD = ['dev', 'stage', 'prod'] as const;
/** CloudFormation's own limit. */
const MAX_RESOURCES = 500;

interface Statement {
  readonly Effect: string;
  readonly Action: string | string[];
  readonly Resource?: unknown;
}

const list = <T>(value: T | T[] | undefined): T[] =>
  value === undefined ? [] : Array.isArray(value) ? value : [value];

function statementsOf(role: Resource): Statement[] {
  const inline = list(role.properties['Policies'] as { PolicyDocument: { Statement: Statement[] } }[]);
  return inline.flatMap((policy) => policy.PolicyDocument.Statement);
}

function functionOf(built: Synthesised, binary: string): Resource {
  const name = `rastup-${built.stage}-${binary}`;
  const found = built.ofType('AWS::Lambda::Function').find((item) => item.properties['FunctionName'] === name);
  assert.ok(found !== undefined, `${name} is not deployed`);
  return found;
}

function alarmOf(built: Synthesised, name: string): Record<string, unknown> {
  const alarms = built.ofType('AWS::CloudWatch::Alarm');
  const found = alarms.find((item) => item.properties['AlarmName'] === `rastup-${built.stage}-${name}`);
  assert.ok(found !== undefined, `there is no alarm ${name}`);
  return found.properties;
}

function roleOf(built: Synthesised, target: Resource): Resource {
  const id = (target.properties['Role'] as { 'Fn::GetAtt': [string, string] })['Fn::GetAtt'][0];
  const role = built.ofType('AWS::IAM::Role').find((item) => item.id === id && item.stack === target.stack);
  assert.ok(role !== undefined, `${target.id} has no role of its own`);
  return role;
}

for (const stage of STAGES) {
  describe(stage, () => {
    const built = synthesise(stage);
    const lambdas = lambdasOf(built.tree);
    const config = (binary: string) => functionOf(built, binary).properties;
    const environment = (binary: string) =>
      (config(binary)['Environment'] as { Variables: Record<string, unknown> }).Variables;

    test('every stack is below the limit of resources', () => {
      for (const stack of built.stacks) {
        const count = built.resources.filter((resource) => resource.stack === stack).length;
        assert.ok(count > 0 && count < MAX_RESOURCES, `${stack} has ${count} resources`);
      }
    });

    test('every Lambda of a manifest is deployed, with its own role and log group', () => {
      const roles = new Set<string>();
      for (const lambda of lambdas) {
        const target = functionOf(built, lambda.name);
        const role = roleOf(built, target);
        roles.add(`${role.stack}/${role.id}`);
        assert.equal(target.properties['Runtime'], 'provided.al2023');
        assert.deepEqual(target.properties['Architectures'], [stage === 'local' ? 'x86_64' : 'arm64']);
        assert.ok((target.properties['LoggingConfig'] as { LogGroup?: unknown }).LogGroup !== undefined);
      }
      assert.equal(roles.size, lambdas.length);
      assert.equal(built.ofType('AWS::Lambda::Function').length, lambdas.length, 'a Lambda that no manifest names');
    });

    test('no policy allows a wildcard action', () => {
      for (const type of ['AWS::IAM::Role', 'AWS::IAM::Policy', 'AWS::IAM::ManagedPolicy']) {
        for (const resource of built.ofType(type)) {
          for (const action of flatten(resource.properties).matchAll(/"Action":(\[[^\]]*\]|"[^"]*")/g)) {
            assert.ok(!action[1]?.includes('*'), `${resource.stack}/${resource.id} allows ${action[1]}`);
          }
          assert.equal(resource.properties['ManagedPolicyArns'], undefined, `${resource.id} uses a managed policy`);
        }
      }
    });

    test('any resource is allowed only for actions that know no resource', () => {
      const unbound =
        /^(xray:Put|ec2:(Create|Delete|Describe)Network|ec2:DescribeSubnets|ec2:(Una|A)ssignPrivate|logs:)/;
      for (const role of built.ofType('AWS::IAM::Role')) {
        for (const statement of statementsOf(role).filter((item) => list(item.Resource).includes('*'))) {
          for (const action of list(statement.Action)) assert.match(action, unbound, `${role.id}: ${action} on *`);
        }
      }
    });

    test('only a Lambda that declares a secret may read it or know where it is', () => {
      const variable = {
        stripe: 'STRIPE_SECRET_ARN',
        'stripe-webhook': 'STRIPE_WEBHOOK_SECRET_ARN',
        esign: 'ESIGN_SECRET_ARN',
      };
      for (const lambda of lambdas) {
        const reads = statementsOf(roleOf(built, functionOf(built, lambda.name))).filter((statement) =>
          list(statement.Action).includes('secretsmanager:GetSecretValue'),
        );
        const declared = lambda.grants.filter((grant) => grant.startsWith('secret:') || grant === 'database').length;
        const readable = new Set(reads.flatMap((statement) => list(statement.Resource).map(flatten)));
        assert.equal(readable.size, declared, `${lambda.name} reads ${[...readable].join()}`);
        for (const secret of SECRETS) {
          const knows = environment(lambda.name)[variable[secret]] !== undefined;
          assert.equal(knows, lambda.grants.includes(`secret:${secret}`), `${lambda.name}: ${secret}`);
        }
      }
    });

    test('no environment variable holds a secret', () => {
      for (const lambda of lambdas) {
        assert.doesNotMatch(
          flatten(environment(lambda.name)),
          /sk_|whsec_|password|resolve:secretsmanager/i,
          lambda.name,
        );
      }
    });

    test('every Lambda, dead-letter queue and state machine has an alarm that calls someone', () => {
      const alarms = built.ofType('AWS::CloudWatch::Alarm');
      const named = new Set(alarms.map((alarm) => alarm.properties['AlarmName']));
      for (const lambda of lambdas) assert.ok(named.has(`rastup-${stage}-${lambda.name}-errors`), lambda.name);
      for (const machine of built.tree.machines) assert.ok(named.has(`rastup-${stage}-${machine.name}-failed`));
      for (const queue of built
        .ofType('AWS::SQS::Queue')
        .filter((item) => flatten(item.properties['QueueName']).includes('-dlq'))) {
        assert.ok(named.has(`${String(queue.properties['QueueName'])}-not-empty`), queue.id);
      }
      for (const alarm of alarms) assert.equal(list(alarm.properties['AlarmActions']).length, 1, alarm.id);
    });

    test('a scheduled job that is silent for too long calls someone', () => {
      const scheduled = lambdas.filter((lambda) => lambda.schedule !== undefined);
      assert.ok(scheduled.length > 0);
      for (const { name, schedule } of scheduled) {
        const alarm = alarmOf(built, `${name}-silent`);
        assert.equal(alarm['MetricName'], 'Invocations');
        assert.deepEqual(alarm['Dimensions'], [{ Name: 'FunctionName', Value: { Ref: functionOf(built, name).id } }]);
        assert.equal(alarm['Statistic'], 'Sum');
        assert.equal(alarm['ComparisonOperator'], 'LessThanThreshold');
        assert.equal(alarm['Threshold'], 1);
        assert.equal(alarm['TreatMissingData'], 'breaching', `${name}: silence is what it is for`);
        // A job of each minute may miss five; one of each hour may miss one.
        const silent = schedule === 'rate(1 hour)' ? 2 * 3600 : 300;
        assert.equal(Number(alarm['Period']) * Number(alarm['EvaluationPeriods']), silent, `${name}: ${schedule}`);
      }
    });

    test('a message that waits a quarter of an hour for its worker calls someone', () => {
      for (const { name } of lambdas.filter((lambda) => lambda.kind === 'worker')) {
        const alarm = alarmOf(built, `${name}-late`);
        assert.equal(alarm['MetricName'], 'ApproximateAgeOfOldestMessage');
        const [dimension] = alarm['Dimensions'] as { Value: { 'Fn::GetAtt': [string, string] } }[];
        const queue = built
          .ofType('AWS::SQS::Queue')
          .find((item) => item.properties['QueueName'] === `rastup-${stage}-${name}`);
        assert.deepEqual(dimension?.Value, { 'Fn::GetAtt': [queue?.id, 'QueueName'] });
        assert.equal(alarm['Statistic'], 'Maximum');
        assert.equal(alarm['ComparisonOperator'], 'GreaterThanOrEqualToThreshold');
        assert.equal(alarm['Threshold'], 900);
      }
    });

    test('every queue is encrypted and either has a dead-letter queue or is one', () => {
      for (const queue of built.ofType('AWS::SQS::Queue')) {
        assert.equal(queue.properties['SqsManagedSseEnabled'], true, queue.id);
        const isDead = String(queue.properties['QueueName']).endsWith('-dlq');
        assert.equal(queue.properties['RedrivePolicy'] !== undefined, !isDead, queue.id);
      }
      for (const source of built.ofType('AWS::Lambda::EventSourceMapping')) {
        assert.deepEqual(source.properties['FunctionResponseTypes'], ['ReportBatchItemFailures']);
      }
    });

    test('a message is invisible for six times its worker’s timeout', () => {
      for (const lambda of lambdas.filter((item) => item.kind === 'worker')) {
        const queue = built
          .ofType('AWS::SQS::Queue')
          .find((item) => item.properties['QueueName'] === `rastup-${stage}-${lambda.name}`);
        assert.equal(queue?.properties['VisibilityTimeout'], lambda.timeoutSeconds * 6);
      }
    });

    test('every bucket is private, encrypted, TLS-only; documents are locked', () => {
      const policies = flatten(built.ofType('AWS::S3::BucketPolicy').map((policy) => policy.properties));
      for (const bucket of built.ofType('AWS::S3::Bucket')) {
        assert.deepEqual(bucket.properties['PublicAccessBlockConfiguration'], {
          BlockPublicAcls: true,
          BlockPublicPolicy: true,
          IgnorePublicAcls: true,
          RestrictPublicBuckets: true,
        });
        assert.ok(bucket.properties['BucketEncryption'] !== undefined, bucket.id);
        assert.ok(policies.includes(bucket.id) && policies.includes('aws:SecureTransport'), bucket.id);
      }
      const documents = built.ofType('AWS::S3::Bucket').find((bucket) => bucket.id.startsWith('Documents'));
      assert.equal(documents?.properties['ObjectLockEnabled'], true);
      assert.match(flatten(documents?.properties['BucketEncryption']), /aws:kms/);
    });

    test('keys rotate, and everyone’s roles exist as groups', () => {
      for (const key of built.ofType('AWS::KMS::Key')) assert.equal(key.properties['EnableKeyRotation'], true);
      const groups = built.ofType('AWS::Cognito::UserPoolGroup').map((group) => group.properties['GroupName']);
      assert.deepEqual(groups.sort(), [...GROUPS].sort());
      const pool = built.ofType('AWS::Cognito::UserPool')[0];
      assert.deepEqual(pool?.properties['AliasAttributes'], ['email']);
    });

    test('queries are limited in depth, and rate limits expire', () => {
      const api = built.ofType('AWS::AppSync::GraphQLApi')[0];
      assert.equal(api?.properties['QueryDepthLimit'], QUERY_DEPTH_LIMIT);
      assert.equal(api?.properties['AuthenticationType'], 'AMAZON_COGNITO_USER_POOLS');
      const table = built.ofType('AWS::DynamoDB::Table')[0];
      assert.deepEqual(table?.properties['TimeToLiveSpecification'], { AttributeName: 'expires_at', Enabled: true });
    });

    test('the documented outputs are there', () => {
      for (const key of Object.keys(OUTPUTS)) {
        const expected = key !== 'GraphqlApiKey' || stage !== 'prod';
        assert.equal(built.outputs[key] !== undefined, expected, key);
      }
      for (const machine of built.tree.machines) assert.ok(built.outputs[machineOutputKey(machine.name)] !== undefined);
    });
  });
}

for (const stage of CLOUD) {
  describe(`${stage} in the cloud`, () => {
    const built = synthesise(stage);

    test('the database is encrypted and nobody outside reaches it', () => {
      const [cluster] = built.ofType('AWS::RDS::DBCluster');
      assert.equal(cluster?.properties['StorageEncrypted'], true);
      assert.ok(cluster?.properties['KmsKeyId'] !== undefined);
      for (const instance of built.ofType('AWS::RDS::DBInstance')) {
        assert.equal(instance.properties['PubliclyAccessible'], false);
      }
      const [proxy] = built.ofType('AWS::RDS::DBProxy');
      assert.equal(proxy?.properties['RequireTLS'], true);
      for (const ingress of built.ofType('AWS::EC2::SecurityGroupIngress')) {
        assert.equal(ingress.properties['CidrIp'], undefined, `${ingress.id} is open to addresses`);
      }
      for (const group of built.ofType('AWS::EC2::SecurityGroup')) {
        assert.equal(group.properties['SecurityGroupIngress'], undefined, `${group.id} is open to addresses`);
      }
    });

    test('a Lambda that calls no provider has no way out', () => {
      const [inside] = built.ofType('AWS::EC2::SecurityGroup').filter((group) => group.id.startsWith('NetworkInside'));
      assert.ok(inside !== undefined);
      const isolated = built
        .ofType('AWS::EC2::Route')
        .filter((route) => route.id.includes('inside') || route.id.includes('data'));
      assert.deepEqual(isolated, []);
      for (const lambda of lambdasOf(built.tree).filter((item) => item.grants.includes('database'))) {
        const network = flatten(functionOf(built, lambda.name).properties['VpcConfig']);
        const outbound = lambda.grants.some((grant) =>
          ['secret:stripe', 'secret:esign', 'appsync:publish'].includes(grant),
        );
        assert.equal(network.includes('outboundSubnet'), outbound, lambda.name);
        assert.equal(network.includes('insideSubnet'), !outbound, lambda.name);
      }
    });

    test('the API key exists only outside prod, and introspection too', () => {
      assert.equal(built.ofType('AWS::AppSync::ApiKey').length, stage === 'prod' ? 0 : 1);
      const [api] = built.ofType('AWS::AppSync::GraphQLApi');
      assert.equal(api?.properties['IntrospectionConfig'], stage === 'prod' ? 'DISABLED' : 'ENABLED');
      const modes = flatten(api?.properties['AdditionalAuthenticationProviders']);
      assert.ok(modes.includes('AWS_IAM') && modes.includes('OPENID_CONNECT'));
      assert.equal(modes.includes('API_KEY'), stage !== 'prod');
    });

    test('every alarm reaches the operator of the stage', () => {
      const topics = built.ofType('AWS::SNS::Topic');
      assert.equal(topics.length, 1);
      for (const topic of topics) {
        const subscriptions = built
          .ofType('AWS::SNS::Subscription')
          .filter((item) => item.stack === topic.stack && flatten(item.properties['TopicArn']).includes(topic.id));
        assert.deepEqual(
          subscriptions.map((item) => [item.properties['Protocol'], item.properties['Endpoint']]),
          [['email', loadConfig(stage, {}).cloud?.operatorEmail]],
        );
      }
    });

    test('a firewall with managed rules and a rate stands before the API', () => {
      const [acl] = built.ofType('AWS::WAFv2::WebACL');
      assert.match(flatten(acl?.properties['Rules']), /RateBasedStatement.*AWSManagedRulesCommonRuleSet/);
      assert.equal(built.ofType('AWS::WAFv2::WebACLAssociation').length, 1);
    });

    test('no password leaves a client in the clear', () => {
      const [client] = built.ofType('AWS::Cognito::UserPoolClient');
      assert.doesNotMatch(flatten(client?.properties['ExplicitAuthFlows']), /USER_PASSWORD/);
    });

    test('Lambdas and machines are traced', () => {
      for (const target of built.ofType('AWS::Lambda::Function')) {
        assert.deepEqual(target.properties['TracingConfig'], { Mode: 'Active' }, target.id);
      }
      for (const machine of built.ofType('AWS::StepFunctions::StateMachine')) {
        assert.deepEqual(machine.properties['TracingConfiguration'], { Enabled: true });
      }
    });

    test('cdk-nag finds nothing that is not acknowledged with a reason', () => {
      assert.deepEqual(findings(realApp(stage)), []);
    });
  });
}

test('each cloud stage has an operator of its own', () => {
  const addresses = CLOUD.map((stage) => loadConfig(stage, {}).cloud?.operatorEmail ?? '');
  for (const address of addresses) assert.match(address, /^operations@([a-z]+\.)?rastup\.com$/);
  assert.equal(new Set(addresses).size, CLOUD.length);
});

test('dev leaves nothing behind that a second deployment would collide with', () => {
  const kept = synthesise('dev').resources.filter((item) => /^(Retain|Snapshot)/.test(item.deletionPolicy ?? ''));
  assert.deepEqual(
    kept.map((resource) => `${resource.stack}/${resource.id}`),
    [],
  );
});

test('a job may be silent for two of its runs, and never less than five minutes', () => {
  const minutes = (schedule: string) => {
    const { period, evaluationPeriods } = silenceOf(schedule);
    return [period.toMinutes(), evaluationPeriods];
  };
  assert.deepEqual(minutes('rate(1 minute)'), [5, 1]);
  assert.deepEqual(minutes('rate(5 minutes)'), [5, 2]);
  assert.deepEqual(minutes('rate(1 hour)'), [60, 2]);
  assert.deepEqual(minutes('rate(1 day)'), [1440, 2]);
});

test('a schedule whose gaps are unknown is refused until someone says how long is too long', () => {
  assert.throws(() => silenceOf('cron(0 3 * * ? *)'), /how long such a job may be silent/);
});

test('a pinned account changes nothing that cdk-nag sees', () => {
  const app = newApp();
  const config = loadConfig('prod', { RASTUP_ACCOUNT: '123456789012' });
  buildApp(app, { config, root: ROOT, lambdaDirectory: stubLambdas(readTree(ROOT)) });
  assert.deepEqual(findings(app), []);
});

test('cdk-nag would find a wildcard', () => {
  const app = newApp();
  const user = new User(new Stack(app, 'Careless'), 'User');
  user.addToPolicy(new PolicyStatement({ actions: ['s3:*'], resources: ['*'] }));
  Validations.of(user).acknowledge({ id: 'AwsSolutions-IAM5[Resource::*]', reason: 'only half of it is acknowledged' });
  assert.ok(findings(app).some((finding) => finding.includes('IAM5[Action::s3:*]')));
});

test('locally nothing is deployed that the emulator refuses', () => {
  const refused = /^AWS::(EC2|RDS|WAFv2|Events::Archive|SES|CloudWatch::CompositeAlarm)/;
  const types = synthesise('local').resources.map((resource) => resource.type);
  assert.deepEqual(
    types.filter((type) => refused.test(type)),
    [],
  );
});

// Turns the words of a manifest's "grants" into exact IAM statements and the environment that goes with them.
// No statement names a wildcard action; a Lambda without the word has neither the right nor the address.
import type { Stack } from 'aws-cdk-lib';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { Grant, LambdaSpec, SecretName } from './manifest.ts';
import { machineArn } from './names.ts';
import type { KeyedBucket, KeyedSecret, Shared } from './shared.ts';

export interface Granted {
  readonly statements: PolicyStatement[];
  readonly environment: Record<string, string>;
}

/** Providers on the internet are reached by exactly these grants. */
export function needsInternet(spec: LambdaSpec): boolean {
  return spec.grants.some((grant) => ['secret:stripe', 'secret:esign', 'appsync:publish'].includes(grant));
}

export function needsDatabase(spec: LambdaSpec): boolean {
  return spec.grants.includes('database');
}

/** All statements and variables that follow from a Lambda's grants. */
export function grantsOf(stack: Stack, shared: Shared, spec: LambdaSpec): Granted {
  const granted = spec.grants.map((grant) => one(stack, shared, grant));
  return {
    statements: granted.flatMap((part) => part.statements),
    environment: Object.assign({}, ...granted.map((part) => part.environment)) as Record<string, string>,
  };
}

function one(stack: Stack, shared: Shared, grant: Grant): Granted {
  switch (grant) {
    case 'database':
      return {
        statements: readSecret(stack, shared.database),
        environment: { DATABASE_SECRET_ARN: shared.database.secret.secretArn },
      };
    case 'bus':
      return {
        statements: [new PolicyStatement({ actions: ['events:PutEvents'], resources: [shared.bus.eventBusArn] })],
        environment: { EVENT_BUS_NAME: shared.bus.eventBusName },
      };
    case 'rate-limits':
      return {
        statements: [
          new PolicyStatement({
            actions: ['dynamodb:UpdateItem'],
            resources: [shared.rateLimits.tableArn],
          }),
        ],
        environment: { RATE_LIMIT_TABLE: shared.rateLimits.tableName },
      };
    case 'documents:read':
      return { statements: readObjects(stack, shared.documents), environment: documents(shared) };
    case 'documents:write':
      return { statements: writeObjects(stack, shared.documents), environment: documents(shared) };
    case 'receipts:read':
      return { statements: readObjects(stack, shared.receipts), environment: receipts(shared) };
    case 'receipts:write':
      return { statements: writeObjects(stack, shared.receipts), environment: receipts(shared) };
    case 'appsync:publish':
      return {
        statements: [new PolicyStatement({ actions: ['appsync:GraphQL'], resources: publishFields(shared) })],
        environment: { APPSYNC_URL: shared.api.url },
      };
    case 'http:address':
      return { statements: [], environment: { HTTP_API_URL: shared.api.httpApiUrl } };
    case 'secret:stripe':
    case 'secret:stripe-webhook':
    case 'secret:esign':
      return providerSecret(stack, shared, grant.slice('secret:'.length) as SecretName);
    default:
      return startMachine(stack, shared, grant.slice('machine:'.length));
  }
}

function documents(shared: Shared): Record<string, string> {
  return { DOCUMENTS_BUCKET: shared.documents.bucket.bucketName };
}

function receipts(shared: Shared): Record<string, string> {
  return { RECEIPTS_BUCKET: shared.receipts.bucket.bucketName };
}

function providerSecret(stack: Stack, shared: Shared, name: SecretName): Granted {
  const keyed = shared.secrets[name];
  const arn = keyed.secret.secretArn;
  const environment: Record<SecretName, Record<string, string>> = {
    stripe: { STRIPE_SECRET_ARN: arn, STRIPE_API_URL: shared.config.stripeApiUrl },
    'stripe-webhook': { STRIPE_WEBHOOK_SECRET_ARN: arn },
    esign: { ESIGN_SECRET_ARN: arn, ESIGN_API_URL: shared.config.esignApiUrl },
  };
  return { statements: readSecret(stack, keyed), environment: environment[name] };
}

function startMachine(stack: Stack, shared: Shared, machine: string): Granted {
  const arn = machineArn(stack, shared.config.stage, machine);
  return {
    statements: [new PolicyStatement({ actions: ['states:StartExecution'], resources: [arn] })],
    environment: { [`MACHINE_${machine.toUpperCase()}_ARN`]: arn },
  };
}

/** The mutations that subscriptions listen to and that only the backend may call. */
function publishFields(shared: Shared): string[] {
  const heard = new Set(shared.api.sdl.fields.flatMap((field) => [...field.subscribesTo]));
  return shared.api.sdl.fields
    .filter((field) => field.type === 'Mutation' && heard.has(field.name) && field.auth.includes('aws_iam'))
    .map((field) => `${shared.api.apiArn}/types/Mutation/fields/${field.name}`);
}

function readSecret(stack: Stack, keyed: KeyedSecret): PolicyStatement[] {
  return [
    new PolicyStatement({ actions: ['secretsmanager:GetSecretValue'], resources: [keyed.secret.secretArn] }),
    useKey(stack, keyed.key.keyArn, 'secretsmanager', ['kms:Decrypt']),
  ];
}

function readObjects(stack: Stack, keyed: KeyedBucket): PolicyStatement[] {
  return [
    new PolicyStatement({ actions: ['s3:GetObject'], resources: [keyed.objectsArn] }),
    useKey(stack, keyed.key.keyArn, 's3', ['kms:Decrypt']),
  ];
}

function writeObjects(stack: Stack, keyed: KeyedBucket): PolicyStatement[] {
  return [
    new PolicyStatement({ actions: ['s3:PutObject'], resources: [keyed.objectsArn] }),
    useKey(stack, keyed.key.keyArn, 's3', ['kms:GenerateDataKey']),
  ];
}

/** A key is used through the service that holds the data, never directly. */
function useKey(stack: Stack, keyArn: string, service: string, actions: string[]): PolicyStatement {
  return new PolicyStatement({
    actions,
    resources: [keyArn],
    conditions: { StringEquals: { 'kms:ViaService': `${service}.${stack.region}.amazonaws.com` } },
  });
}

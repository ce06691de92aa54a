// The one list of stack outputs that tooling outside CDK may read; keys are unique over all stacks.
import { CfnOutput, type Stack } from 'aws-cdk-lib';
import { pascalCase } from './names.ts';

/** Output key → what it holds. Machines add `Machine<Name>Arn`, one each. */
export const OUTPUTS = {
  UserPoolId: 'Cognito user pool',
  UserPoolClientId: 'Client of web and mobile apps',
  StripeSecretArn: 'Secret {secretKey, publishableKey}',
  StripeWebhookSecretArn: 'Secret {secrets: [current, previous…]}',
  EsignSecretArn: 'Secret {apiKey, clientId}',
  DatabaseSecretArn: 'Secret {host, port, username, password, dbname, sslmode}',
  RateLimitTableName: 'DynamoDB table of rate limits',
  DocumentsBucketName: 'Rendered and signed documents',
  ReceiptsBucketName: 'Receipts',
  EventBusName: 'Bus of domain events',
  AlarmTopicArn: 'Where alarms are sent',
  GraphqlApiId: 'AppSync API',
  GraphqlApiUrl: 'AppSync endpoint',
  GraphqlApiKey: 'API key of anonymous reads; absent in prod',
  HttpApiId: 'HTTP API of webhooks',
  HttpApiUrl: 'Base address of webhooks',
  MigrateFunctionName: 'Lambda that migrates the database; invoked by the deployer',
} as const;

export type OutputKey = keyof typeof OUTPUTS;

export function output(stack: Stack, key: OutputKey, value: string): void {
  new CfnOutput(stack, key, { value, description: OUTPUTS[key] });
}

/** Key of a state machine's ARN: `confirm_lbg` → `MachineConfirmLbgArn`. */
export function machineOutputKey(machine: string): string {
  return `Machine${pascalCase(machine)}Arn`;
}

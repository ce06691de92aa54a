// The simple triggers: a schedule for a `_job`, a route for a `_webhook`, fields of the API for a `_resolver`.
import { Stack } from 'aws-cdk-lib';
import { CfnDataSource, CfnResolver } from 'aws-cdk-lib/aws-appsync';
import { CfnIntegration, CfnRoute } from 'aws-cdk-lib/aws-apigatewayv2';
import { PolicyDocument, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { CfnPermission } from 'aws-cdk-lib/aws-lambda';
import { CfnSchedule } from 'aws-cdk-lib/aws-scheduler';
import type { Construct } from 'constructs';
import { acknowledge } from '../acknowledge.ts';
import { pascalCase, physicalName } from '../names.ts';
import type { Shared } from '../shared.ts';
import type { RustFunction } from './rust-function.ts';

/** Role with which `service` may invoke `functions` and do nothing else. */
function invokerRole(scope: Construct, id: string, service: string, functions: readonly RustFunction[]): Role {
  return new Role(scope, id, {
    assumedBy: new ServicePrincipal(`${service}.amazonaws.com`),
    inlinePolicies: {
      invoke: new PolicyDocument({
        statements: [
          new PolicyStatement({
            actions: ['lambda:InvokeFunction'],
            resources: functions.map((target) => target.function.functionArn),
          }),
        ],
      }),
    },
  });
}

/** Schedules of a context's jobs. The next run repeats a failed one, so nothing is retried or kept. */
export function scheduleJobs(stack: Stack, shared: Shared, jobs: readonly RustFunction[]): void {
  const scheduled = jobs.filter((job) => job.spec.schedule !== undefined);
  if (scheduled.length === 0) return;
  const role = invokerRole(stack, 'SchedulerRole', 'scheduler', scheduled);
  for (const job of scheduled) {
    new CfnSchedule(job, 'Schedule', {
      name: physicalName(shared.config.stage, job.spec.name),
      description: `Runs ${job.spec.name}`,
      scheduleExpression: job.spec.schedule ?? '',
      scheduleExpressionTimezone: 'UTC',
      flexibleTimeWindow: { mode: 'OFF' },
      target: {
        arn: job.function.functionArn,
        roleArn: role.roleArn,
        retryPolicy: { maximumRetryAttempts: 0 },
      },
    });
  }
}

/** Route of a webhook on the HTTP API. */
export function routeWebhook(shared: Shared, webhook: RustFunction): void {
  const { http } = webhook.spec;
  if (http === undefined) return;
  const stack = Stack.of(webhook);
  const integration = new CfnIntegration(webhook, 'Integration', {
    apiId: shared.api.httpApiId,
    integrationType: 'AWS_PROXY',
    integrationUri: webhook.function.functionArn,
    integrationMethod: 'POST',
    payloadFormatVersion: '2.0',
    timeoutInMillis: webhook.spec.timeoutSeconds * 1000,
  });
  const route = new CfnRoute(webhook, 'Route', {
    apiId: shared.api.httpApiId,
    routeKey: `${http.method} ${http.path}`,
    target: `integrations/${integration.ref}`,
    authorizationType: 'NONE',
  });
  acknowledge(route, {
    'AwsSolutions-APIG4': 'Providers cannot sign in: the Lambda verifies their signature over the raw body first.',
  });
  new CfnPermission(webhook, 'HttpApiMayInvoke', {
    action: 'lambda:InvokeFunction',
    functionName: webhook.function.functionName,
    principal: 'apigateway.amazonaws.com',
    sourceArn: stack.formatArn({
      service: 'execute-api',
      resource: shared.api.httpApiId,
      resourceName: `*/${http.method}${http.path}`,
    }),
  });
}

/** Data sources and resolvers of every field in the SDL files that the context's resolvers answer. */
export function resolveFields(stack: Stack, shared: Shared, resolvers: readonly RustFunction[]): void {
  if (resolvers.length === 0) return;
  const role = invokerRole(stack, 'AppSyncRole', 'appsync', resolvers);
  for (const resolver of resolvers) {
    const { spec } = resolver;
    const source = new CfnDataSource(resolver, 'DataSource', {
      apiId: shared.api.apiId,
      name: spec.name,
      type: 'AWS_LAMBDA',
      lambdaConfig: { lambdaFunctionArn: resolver.function.functionArn },
      serviceRoleArn: role.roleArn,
    });
    const fields = shared.api.sdl.fields.filter(
      (field) => field.context === spec.context && spec.schema.includes(field.file),
    );
    for (const field of fields) {
      const unit = new CfnResolver(resolver, `${field.type}${pascalCase(field.name)}`, {
        apiId: shared.api.apiId,
        typeName: field.type,
        fieldName: field.name,
        kind: 'UNIT',
        dataSourceName: source.name,
        runtime: { name: 'APPSYNC_JS', runtimeVersion: '1.0.0' },
        code: shared.api.resolverCode,
      });
      unit.addResourceDependency(source);
    }
  }
}

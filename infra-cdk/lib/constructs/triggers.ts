// The simple triggers: a schedule for a `_job` (with an alarm for its silence), a route for a `_webhook` or `_page`, fields of the
// API for a `_resolver`.
import { Duration, Stack } from 'aws-cdk-lib';
import { CfnDataSource, CfnResolver } from 'aws-cdk-lib/aws-appsync';
import { CfnIntegration, CfnRoute } from 'aws-cdk-lib/aws-apigatewayv2';
import { Alarm, ComparisonOperator, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
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

const SHORTEST_SILENCE_MINUTES = 5;
const MINUTES_OF = { minute: 1, hour: 60, day: 24 * 60 } as const;

/**
 * How long a job with this schedule may be silent before someone is called: five minutes, or two runs of a slower one.
 * Refuses a `cron(…)`, whose gaps nobody can read off it: the job that first needs one decides how long is too long.
 */
export function silenceOf(schedule: string): { readonly period: Duration; readonly evaluationPeriods: number } {
  const [, count, unit] = /^rate\(([1-9]\d*) (minute|hour|day)s?\)$/.exec(schedule) ?? [];
  if (count === undefined || unit === undefined) {
    throw new Error(`${schedule}: say in infra-cdk/lib/constructs/triggers.ts how long such a job may be silent`);
  }
  const interval = Number(count) * MINUTES_OF[unit as keyof typeof MINUTES_OF];
  return {
    period: Duration.minutes(Math.max(SHORTEST_SILENCE_MINUTES, interval)),
    evaluationPeriods: 2 * interval <= SHORTEST_SILENCE_MINUTES ? 1 : 2,
  };
}

/** Calls someone when `job` no longer runs: its schedule is off, or every start of it is throttled. */
function alarmOfSilence(shared: Shared, job: RustFunction, schedule: string): void {
  const { period, evaluationPeriods } = silenceOf(schedule);
  const alarm = new Alarm(job, 'SilenceAlarm', {
    alarmName: `${physicalName(shared.config.stage, job.spec.name)}-silent`,
    alarmDescription: `${job.spec.name} does not run although ${schedule} says so`,
    metric: job.function.metricInvocations({ period, statistic: 'Sum' }),
    threshold: 1,
    evaluationPeriods,
    comparisonOperator: ComparisonOperator.LESS_THAN_THRESHOLD,
    // A function that is never invoked reports nothing at all.
    treatMissingData: TreatMissingData.BREACHING,
  });
  alarm.addAlarmAction(new SnsAction(shared.alarmTopic));
}

/** Schedules of a context's jobs. The next run repeats a failed one, so nothing is retried or kept. */
export function scheduleJobs(stack: Stack, shared: Shared, jobs: readonly RustFunction[]): void {
  const scheduled = jobs.flatMap((job) =>
    job.spec.schedule === undefined ? [] : [{ job, schedule: job.spec.schedule }],
  );
  if (scheduled.length === 0) return;
  const role = invokerRole(
    stack,
    'SchedulerRole',
    'scheduler',
    scheduled.map(({ job }) => job),
  );
  for (const { job, schedule } of scheduled) {
    new CfnSchedule(job, 'Schedule', {
      name: physicalName(shared.config.stage, job.spec.name),
      description: `Runs ${job.spec.name}`,
      scheduleExpression: schedule,
      scheduleExpressionTimezone: 'UTC',
      flexibleTimeWindow: { mode: 'OFF' },
      target: {
        arn: job.function.functionArn,
        roleArn: role.roleArn,
        retryPolicy: { maximumRetryAttempts: 0 },
      },
    });
    alarmOfSilence(shared, job, schedule);
  }
}

/** Route of a webhook or page on the HTTP API. */
export function routeHttp(shared: Shared, target: RustFunction): void {
  const { http } = target.spec;
  if (http === undefined) return;
  const stack = Stack.of(target);
  const integration = new CfnIntegration(target, 'Integration', {
    apiId: shared.api.httpApiId,
    integrationType: 'AWS_PROXY',
    integrationUri: target.function.functionArn,
    integrationMethod: 'POST',
    payloadFormatVersion: '2.0',
    timeoutInMillis: target.spec.timeoutSeconds * 1000,
  });
  const route = new CfnRoute(target, 'Route', {
    apiId: shared.api.httpApiId,
    routeKey: `${http.method} ${http.path}`,
    target: `integrations/${integration.ref}`,
    authorizationType: 'NONE',
  });
  acknowledge(route, {
    'AwsSolutions-APIG4':
      http.method === 'GET'
        ? 'Calendar programs cannot sign in: the address holds a secret that its owner can replace at any time.'
        : 'Providers cannot sign in: the Lambda verifies their signature over the raw body first.',
  });
  new CfnPermission(target, 'HttpApiMayInvoke', {
    action: 'lambda:InvokeFunction',
    functionName: target.function.functionName,
    principal: 'apigateway.amazonaws.com',
    sourceArn: stack.formatArn({
      service: 'execute-api',
      resource: shared.api.httpApiId,
      // IAM knows no path variables.
      resourceName: `*/${http.method}${http.path.replace(/\{.*$/, '*')}`,
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

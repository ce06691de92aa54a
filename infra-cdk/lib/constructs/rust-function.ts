// A Rust Lambda with everything each of them has: its own role, log group, alarm, environment and defaults.
// What triggers it is added by the construct of its kind.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Duration, Stack } from 'aws-cdk-lib';
import { Alarm, ComparisonOperator, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { PolicyDocument, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Code, Function as LambdaFunction, LoggingFormat, Runtime, Tracing } from 'aws-cdk-lib/aws-lambda';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { acknowledge, findingText } from '../acknowledge.ts';
import { grantsOf, needsDatabase, needsInternet } from '../grants.ts';
import type { LambdaSpec } from '../manifest.ts';
import { pascalCase, physicalName } from '../names.ts';
import type { Shared } from '../shared.ts';

export interface RustFunctionProps {
  readonly shared: Shared;
  readonly spec: LambdaSpec;
  /** Rights that come with the trigger, such as reading the Lambda's own queue. */
  readonly triggerStatements?: readonly PolicyStatement[];
}

export class RustFunction extends Construct {
  readonly spec: LambdaSpec;
  readonly function: LambdaFunction;

  constructor(scope: Construct, props: RustFunctionProps) {
    super(scope, pascalCase(props.spec.name));
    const { shared, spec } = props;
    const { config } = shared;
    const stack = Stack.of(this);
    this.spec = spec;
    const name = physicalName(config.stage, spec.name);
    const granted = grantsOf(stack, shared, spec);
    const network = needsDatabase(spec) ? shared.network : undefined;

    const logGroup = new LogGroup(this, 'Logs', {
      logGroupName: `/aws/lambda/${name}`,
      retention: config.logRetention,
      removalPolicy: config.removalPolicy,
    });
    const statements = [
      new PolicyStatement({
        actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
        resources: [logGroup.logGroupArn],
      }),
      ...(config.cloud === undefined ? [] : [tracingStatement()]),
      ...(network === undefined ? [] : [networkStatement()]),
      ...granted.statements,
      ...(props.triggerStatements ?? []),
    ];
    const role = new Role(this, 'Role', {
      description: `What ${name} may do, and nothing else`,
      assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
      inlinePolicies: { grants: new PolicyDocument({ statements, minimize: true }) },
    });
    acknowledgeRole(role, stack, shared, spec);

    const place = network === undefined ? undefined : needsInternet(spec) ? network.outbound : network.inside;
    this.function = new LambdaFunction(this, 'Function', {
      functionName: name,
      description: `${spec.context}: ${spec.name}`,
      runtime: Runtime.PROVIDED_AL2023,
      architecture: config.architecture,
      handler: 'bootstrap',
      code: Code.fromAsset(codeDirectory(shared, spec)),
      memorySize: spec.memoryMb,
      timeout: Duration.seconds(spec.timeoutSeconds),
      // Everything it may do was said above; later additions by other constructs would go unseen.
      role: role.withoutPolicyUpdates(),
      environment: {
        RASTUP_STAGE: config.stage,
        RASTUP_FUNCTION: spec.name,
        LOG_LEVEL: config.logLevel,
        ...granted.environment,
        ...(config.local === undefined ? {} : { CLOCK_FILE: config.local.clockFile, FAULT_DIR: config.local.faultDir }),
      },
      logGroup,
      loggingFormat: LoggingFormat.JSON,
      tracing: config.cloud === undefined ? Tracing.DISABLED : Tracing.ACTIVE,
      ...(spec.reservedConcurrency === undefined ? {} : { reservedConcurrentExecutions: spec.reservedConcurrency }),
      ...(network === undefined || place === undefined
        ? {}
        : { vpc: network.vpc, vpcSubnets: place.subnets, securityGroups: [place.securityGroup] }),
    });

    const alarm = new Alarm(this, 'ErrorAlarm', {
      alarmName: `${name}-errors`,
      alarmDescription: `${name} failed; see its log group and docs of the ${spec.context} context`,
      metric: this.function.metricErrors({ period: Duration.minutes(5), statistic: 'Sum' }),
      threshold: 1,
      evaluationPeriods: 1,
      comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      treatMissingData: TreatMissingData.NOT_BREACHING,
    });
    alarm.addAlarmAction(new SnsAction(shared.alarmTopic));
  }
}

function codeDirectory(shared: Shared, spec: LambdaSpec): string {
  const directory = join(shared.lambdaDirectory, spec.name);
  if (!existsSync(join(directory, 'bootstrap'))) {
    throw new Error(`${spec.name}: no bootstrap in ${directory}; build the Lambdas first (see infra-cdk/README.md)`);
  }
  return directory;
}

function tracingStatement(): PolicyStatement {
  return new PolicyStatement({ actions: ['xray:PutTelemetryRecords', 'xray:PutTraceSegments'], resources: ['*'] });
}

function networkStatement(): PolicyStatement {
  return new PolicyStatement({
    actions: [
      'ec2:AssignPrivateIpAddresses',
      'ec2:CreateNetworkInterface',
      'ec2:DeleteNetworkInterface',
      'ec2:DescribeNetworkInterfaces',
      'ec2:DescribeSubnets',
      'ec2:UnassignPrivateIpAddresses',
    ],
    resources: ['*'],
  });
}

function acknowledgeRole(role: Role, stack: Stack, shared: Shared, spec: LambdaSpec): void {
  const reasons: Record<string, string> = {};
  if (shared.config.cloud !== undefined) {
    reasons['AwsSolutions-IAM5[Resource::*]'] =
      'X-Ray and the network interfaces of a Lambda in a VPC know no resource-level permission; the actions are named one by one.';
  }
  const buckets = [
    { word: 'documents:', keyed: shared.documents },
    { word: 'receipts:', keyed: shared.receipts },
  ];
  for (const { word, keyed } of buckets) {
    if (!spec.grants.some((grant) => grant.startsWith(word))) continue;
    reasons[`AwsSolutions-IAM5[Resource::${findingText(stack, keyed.objectsArn)}]`] =
      'Objects are named by ids that exist only at run time; the right ends at this one bucket.';
  }
  acknowledge(role, reasons);
}

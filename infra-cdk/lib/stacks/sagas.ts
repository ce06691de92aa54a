// State machines and what starts them. Their steps are Lambdas of the contexts' stacks, known by name.
import { CfnOutput, Duration, Stack, type StackProps } from 'aws-cdk-lib';
import { Alarm, ComparisonOperator, TreatMissingData, type Metric } from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { EventField, Match, Rule, RuleTargetInput } from 'aws-cdk-lib/aws-events';
import { SfnStateMachine } from 'aws-cdk-lib/aws-events-targets';
import { PolicyDocument, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import { DefinitionBody, LogLevel, StateMachine, StateMachineType } from 'aws-cdk-lib/aws-stepfunctions';
import type { Construct } from 'constructs';
import { acknowledge } from '../acknowledge.ts';
import { deadLetterQueue } from '../constructs/queue-worker.ts';
import type { MachineSpec } from '../manifest.ts';
import { functionArn, pascalCase, physicalName } from '../names.ts';
import { machineOutputKey } from '../outputs.ts';
import type { Shared } from '../shared.ts';

export class SagasStack extends Stack {
  readonly machines: readonly StateMachine[];

  constructor(
    scope: Construct,
    id: string,
    private readonly shared: Shared,
    specs: readonly MachineSpec[],
    props: StackProps,
  ) {
    super(scope, id, props);
    this.machines = specs.map((spec) => {
      const machine = this.machine(spec);
      if (spec.startedBy !== undefined) this.startBy(spec, spec.startedBy, machine);
      new CfnOutput(this, machineOutputKey(spec.name), {
        value: machine.stateMachineArn,
        description: spec.description,
      });
      return machine;
    });
  }

  private machine(spec: MachineSpec): StateMachine {
    const { config } = this.shared;
    const name = physicalName(config.stage, spec.name);
    const id = pascalCase(spec.name);
    const arns = Object.fromEntries(spec.steps.map((step) => [step, functionArn(this, config.stage, step)]));
    const logs = new LogGroup(this, `${id}Logs`, {
      // Step Functions writes to groups with this prefix without widening the account's log resource policy.
      logGroupName: `/aws/vendedlogs/states/${name}`,
      retention: config.logRetention,
      removalPolicy: config.removalPolicy,
    });
    const role = new Role(this, `${id}Role`, {
      description: `What ${name} may do, and nothing else`,
      assumedBy: new ServicePrincipal('states.amazonaws.com'),
      inlinePolicies: {
        steps: new PolicyDocument({
          statements: [
            new PolicyStatement({ actions: ['lambda:InvokeFunction'], resources: Object.values(arns) }),
            new PolicyStatement({
              actions: [
                'logs:CreateLogDelivery',
                'logs:DeleteLogDelivery',
                'logs:DescribeLogGroups',
                'logs:DescribeResourcePolicies',
                'logs:GetLogDelivery',
                'logs:ListLogDeliveries',
                'logs:PutResourcePolicy',
                'logs:UpdateLogDelivery',
                ...(config.cloud === undefined ? [] : ['xray:PutTelemetryRecords', 'xray:PutTraceSegments']),
              ],
              resources: ['*'],
            }),
          ],
        }),
      },
    });
    acknowledge(role, {
      'AwsSolutions-IAM5[Resource::*]':
        'Log delivery and X-Ray know no resource-level permission; the actions are named one by one.',
    });
    const machine = new StateMachine(this, id, {
      stateMachineName: name,
      stateMachineType: StateMachineType.STANDARD,
      comment: spec.description,
      definitionBody: DefinitionBody.fromString(spec.definition),
      definitionSubstitutions: arns,
      role: role.withoutPolicyUpdates(),
      // Ids and codes only: input and output of states are left out of the log.
      logs: { destination: logs, level: LogLevel.ALL, includeExecutionData: false },
      tracingEnabled: config.cloud !== undefined,
      removalPolicy: config.removalPolicy,
    });
    machine.node.addDependency(role);
    this.alarm(`${id}Failed`, `${name}-failed`, machine.metricFailed());
    this.alarm(`${id}TimedOut`, `${name}-timed-out`, machine.metricTimedOut());
    return machine;
  }

  private alarm(id: string, name: string, metric: Metric): void {
    const alarm = new Alarm(this, id, {
      alarmName: name,
      alarmDescription: `${name}: open the execution; redrive it when the cause is gone (statemachines/)`,
      metric: metric.with({ period: Duration.minutes(5), statistic: 'Sum' }),
      threshold: 1,
      evaluationPeriods: 1,
      comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      treatMissingData: TreatMissingData.NOT_BREACHING,
    });
    alarm.addAlarmAction(new SnsAction(this.shared.alarmTopic));
  }

  private startBy(spec: MachineSpec, event: string, machine: StateMachine): void {
    const id = pascalCase(spec.name);
    const role = new Role(this, `${id}Starter`, {
      description: `Lets the bus start ${spec.name}`,
      assumedBy: new ServicePrincipal('events.amazonaws.com'),
      inlinePolicies: {
        start: new PolicyDocument({
          statements: [
            new PolicyStatement({ actions: ['states:StartExecution'], resources: [machine.stateMachineArn] }),
          ],
        }),
      },
    });
    const input = Object.fromEntries(Object.entries(spec.input).map(([key, path]) => [key, EventField.fromPath(path)]));
    new Rule(this, `${id}Rule`, {
      ruleName: physicalName(this.shared.config.stage, `start-${spec.name}`),
      description: `${event} starts ${spec.name}`,
      eventBus: this.shared.bus,
      eventPattern: { source: Match.prefix('rastup.'), detailType: [event] },
      targets: [
        new SfnStateMachine(machine, {
          role: role.withoutPolicyUpdates(),
          input: RuleTargetInput.fromObject(input),
          deadLetterQueue: deadLetterQueue(this, `${id}DeadLetters`, this.shared, `start-${spec.name}`),
        }),
      ],
    });
  }
}

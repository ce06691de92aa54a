// A worker that cannot lose work: rule → queue → Lambda with partial batch failure, an alarm for messages that wait
// too long, and a dead-letter queue with an alarm for what fails five times or could not be delivered at all.
import { Duration, Stack } from 'aws-cdk-lib';
import { Alarm, ComparisonOperator, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { Match, Rule } from 'aws-cdk-lib/aws-events';
import { SqsQueue } from 'aws-cdk-lib/aws-events-targets';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { CfnEventSourceMapping } from 'aws-cdk-lib/aws-lambda';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { acknowledge } from '../acknowledge.ts';
import type { StageConfig } from '../config.ts';
import type { LambdaSpec } from '../manifest.ts';
import { pascalCase, physicalName } from '../names.ts';
import type { Shared } from '../shared.ts';
import { RustFunction } from './rust-function.ts';

/** Deliveries of a message before it goes to the dead-letter queue. */
const MAX_RECEIVE_COUNT = 5;
/** Messages of one invocation: few, so that a slow one delays little. */
const BATCH_SIZE = 10;
/** A message that waits longer than this means that the worker takes none, or too few. */
const OLDEST_MESSAGE = Duration.minutes(15);

/** A dead-letter queue with its alarm; its consumer is the operator whom the alarm calls. */
export function deadLetterQueue(scope: Construct, id: string, shared: Shared, owner: string): Queue {
  const name = `${physicalName(shared.config.stage, owner)}-dlq`;
  const queue = new Queue(scope, id, { queueName: name, retentionPeriod: Duration.days(14), ...common(shared.config) });
  acknowledge(queue, {
    'AwsSolutions-SQS3': 'This is the dead-letter queue itself; its alarm calls an operator.',
  });
  const alarm = new Alarm(queue, 'Alarm', {
    alarmName: `${name}-not-empty`,
    alarmDescription: `Work of ${owner} was given up; look at the messages, repair, and redrive the queue`,
    metric: queue.metricApproximateNumberOfMessagesVisible({ period: Duration.minutes(1), statistic: 'Maximum' }),
    threshold: 1,
    evaluationPeriods: 1,
    comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
    treatMissingData: TreatMissingData.NOT_BREACHING,
  });
  alarm.addAlarmAction(new SnsAction(shared.alarmTopic));
  return queue;
}

function common(config: StageConfig) {
  return { encryption: QueueEncryption.SQS_MANAGED, enforceSSL: true, removalPolicy: config.removalPolicy };
}

/** A `_worker`: consumes the domain events its manifest names. */
export class QueueWorker extends Construct {
  readonly worker: RustFunction;

  constructor(scope: Construct, shared: Shared, spec: LambdaSpec) {
    super(scope, `${pascalCase(spec.name)}Queue`);
    const name = physicalName(shared.config.stage, spec.name);
    const dead = deadLetterQueue(this, 'DeadLetters', shared, spec.name);
    const queue = new Queue(this, 'Queue', {
      queueName: name,
      // AWS advises six times the function's timeout, so that a throttled batch is not delivered twice.
      visibilityTimeout: Duration.seconds(spec.timeoutSeconds * 6),
      deadLetterQueue: { queue: dead, maxReceiveCount: MAX_RECEIVE_COUNT },
      ...common(shared.config),
    });
    const late = new Alarm(this, 'LateAlarm', {
      alarmName: `${name}-late`,
      alarmDescription: `Messages wait for ${spec.name}: it is stopped, throttled or too slow`,
      metric: queue.metricApproximateAgeOfOldestMessage({ period: Duration.minutes(5), statistic: 'Maximum' }),
      threshold: OLDEST_MESSAGE.toSeconds(),
      evaluationPeriods: 1,
      comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      // An idle queue reports nothing.
      treatMissingData: TreatMissingData.NOT_BREACHING,
    });
    late.addAlarmAction(new SnsAction(shared.alarmTopic));
    new Rule(this, 'Rule', {
      ruleName: name,
      description: `Events for ${spec.name}`,
      eventBus: shared.bus,
      eventPattern: { source: Match.prefix('rastup.'), detailType: [...spec.events] },
      targets: [new SqsQueue(queue, { deadLetterQueue: dead })],
    });
    this.worker = new RustFunction(scope, {
      shared,
      spec,
      triggerStatements: [
        new PolicyStatement({
          actions: ['sqs:ChangeMessageVisibility', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes', 'sqs:ReceiveMessage'],
          resources: [Stack.of(this).formatArn({ service: 'sqs', resource: name })],
        }),
      ],
    });
    new CfnEventSourceMapping(this, 'Source', {
      eventSourceArn: queue.queueArn,
      functionName: this.worker.function.functionName,
      batchSize: BATCH_SIZE,
      functionResponseTypes: ['ReportBatchItemFailures'],
      // Below two is not possible; above the reserved concurrency messages would bounce.
      ...(spec.reservedConcurrency === undefined
        ? {}
        : { scalingConfig: { maximumConcurrency: Math.max(2, spec.reservedConcurrency) } }),
    });
  }
}

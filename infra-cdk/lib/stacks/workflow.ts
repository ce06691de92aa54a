// The bus of domain events and the topic of alarms, below everything that publishes to them.
import { Duration, Stack, type StackProps } from 'aws-cdk-lib';
import { Archive, EventBus } from 'aws-cdk-lib/aws-events';
import { ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import type { Construct } from 'constructs';
import type { StageConfig } from '../config.ts';
import { physicalName } from '../names.ts';
import { output } from '../outputs.ts';
import type { SecurityStack } from './security.ts';

/** Events can be replayed this far back. */
const ARCHIVE_DAYS = 30;

export class WorkflowStack extends Stack {
  readonly bus: EventBus;
  readonly alarmTopic: Topic;

  constructor(scope: Construct, id: string, config: StageConfig, security: SecurityStack, props: StackProps) {
    super(scope, id, props);
    this.bus = new EventBus(this, 'Bus', {
      eventBusName: physicalName(config.stage, 'events'),
      description: 'Domain events: source rastup.<context>, detail-type the event name (see events/)',
    });
    // The emulator refuses a template with an archive.
    if (config.cloud !== undefined) {
      new Archive(this, 'Archive', {
        archiveName: physicalName(config.stage, 'events'),
        description: 'For replays after a repair',
        sourceEventBus: this.bus,
        eventPattern: { account: [this.account] },
        retention: Duration.days(ARCHIVE_DAYS),
      });
    }
    this.alarmTopic = new Topic(this, 'Alarms', {
      topicName: physicalName(config.stage, 'alarms'),
      displayName: 'Alarms of RastUp',
      masterKey: security.keys.operations,
      enforceSSL: true,
    });
    this.alarmTopic.grantPublish(new ServicePrincipal('cloudwatch.amazonaws.com'));
    // Nobody is on call for a local cloud.
    if (config.cloud !== undefined) this.alarmTopic.addSubscription(new EmailSubscription(config.cloud.operatorEmail));

    output(this, 'EventBusName', this.bus.eventBusName);
    output(this, 'AlarmTopicArn', this.alarmTopic.topicArn);
  }
}

// What a person on call looks at: one dashboard of the path, and alarms that belong to no single Lambda.
import { Duration, Stack, type StackProps } from 'aws-cdk-lib';
import {
  Alarm,
  ComparisonOperator,
  Dashboard,
  GraphWidget,
  Metric,
  TextWidget,
  TreatMissingData,
  type IMetric,
} from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import type { DatabaseCluster } from 'aws-cdk-lib/aws-rds';
import type { Construct } from 'constructs';
import { lambdasOf, type Tree } from '../manifest.ts';
import { machineArn, physicalName } from '../names.ts';
import type { Shared } from '../shared.ts';

const PERIOD = Duration.minutes(5);
/** Answers with an error of ours, in each of three successive periods, that call someone. */
const API_ERROR_COUNT = 20;

export class ObservabilityStack extends Stack {
  constructor(
    scope: Construct,
    id: string,
    private readonly shared: Shared,
    tree: Tree,
    cluster: DatabaseCluster | undefined,
    props: StackProps,
  ) {
    super(scope, id, props);
    const { stage } = shared.config;
    const apiErrors = this.metric('AWS/AppSync', '5XXError', { GraphQLAPIId: shared.api.apiId }, 'Sum');
    this.alarm('ApiErrors', 'api-5xx', apiErrors, API_ERROR_COUNT, 'The API answers with errors of ours');
    if (cluster !== undefined && shared.config.cloud !== undefined) {
      this.alarm(
        'DatabaseCapacity',
        'database-capacity',
        cluster.metricServerlessDatabaseCapacity({ period: PERIOD, statistic: 'Maximum' }),
        shared.config.cloud.databaseMaxAcu,
        'Aurora runs at its largest allowed size',
      );
    }

    const dashboard = new Dashboard(this, 'Dashboard', { dashboardName: physicalName(stage, 'path') });
    dashboard.addWidgets(new TextWidget({ markdown: `# RastUp ${stage}: from quote to payout`, width: 24, height: 1 }));
    dashboard.addWidgets(
      this.graph('API', [
        this.metric('AWS/AppSync', 'Requests', { GraphQLAPIId: shared.api.apiId }, 'Sum'),
        this.metric('AWS/AppSync', '4XXError', { GraphQLAPIId: shared.api.apiId }, 'Sum'),
        apiErrors,
      ]),
      this.graph(
        'Sagas: failed',
        tree.machines.map((machine) =>
          this.metric(
            'AWS/States',
            'ExecutionsFailed',
            { StateMachineArn: machineArn(this, stage, machine.name) },
            'Sum',
          ),
        ),
      ),
      this.graph(
        'Queues: oldest message (s)',
        lambdasOf(tree)
          .filter((lambda) => lambda.kind === 'worker')
          .map((lambda) =>
            this.metric(
              'AWS/SQS',
              'ApproximateAgeOfOldestMessage',
              { QueueName: physicalName(stage, lambda.name) },
              'Maximum',
            ),
          ),
      ),
    );
    for (const context of tree.contexts) {
      const ofLambdas = (metric: string, statistic: string) =>
        context.lambdas.map((lambda) =>
          this.metric('AWS/Lambda', metric, { FunctionName: physicalName(stage, lambda.name) }, statistic),
        );
      dashboard.addWidgets(
        this.graph(`${context.name}: errors`, ofLambdas('Errors', 'Sum')),
        this.graph(`${context.name}: duration p95 (ms)`, ofLambdas('Duration', 'p95')),
        this.graph(`${context.name}: concurrency`, ofLambdas('ConcurrentExecutions', 'Maximum')),
      );
    }
  }

  private metric(
    namespace: string,
    metricName: string,
    dimensionsMap: Record<string, string>,
    statistic: string,
  ): Metric {
    return new Metric({ namespace, metricName, dimensionsMap, statistic, period: PERIOD });
  }

  private graph(title: string, left: IMetric[]): GraphWidget {
    return new GraphWidget({ title, left, width: 8, height: 6 });
  }

  private alarm(id: string, name: string, metric: IMetric, threshold: number, alarmDescription: string): void {
    const alarm = new Alarm(this, id, {
      alarmName: physicalName(this.shared.config.stage, name),
      alarmDescription,
      metric,
      threshold,
      evaluationPeriods: 3,
      comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      treatMissingData: TreatMissingData.NOT_BREACHING,
    });
    alarm.addAlarmAction(new SnsAction(this.shared.alarmTopic));
  }
}

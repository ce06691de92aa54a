// The firewall in front of AppSync (§1.18.F): AWS's managed rules and a rate per address. Cloud stages only.
// An HTTP API cannot have one; webhooks are guarded by their signature and by throttling.
import { ArnFormat, type RemovalPolicy, type Stack } from 'aws-cdk-lib';
import { CfnLoggingConfiguration, CfnWebACL, CfnWebACLAssociation } from 'aws-cdk-lib/aws-wafv2';
import { LogGroup, type RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { CloudSettings, StageName } from '../config.ts';
import { physicalName } from '../names.ts';

interface ManagedGroup {
  readonly name: string;
  /** Rules that only count. */
  readonly countOnly?: readonly string[];
}

const MANAGED_GROUPS: readonly ManagedGroup[] = [
  // A GraphQL document is often longer than the eight kilobytes this rule allows; depth and size are limited behind it.
  { name: 'AWSManagedRulesCommonRuleSet', countOnly: ['SizeRestrictions_BODY'] },
  { name: 'AWSManagedRulesKnownBadInputsRuleSet' },
  { name: 'AWSManagedRulesSQLiRuleSet' },
  { name: 'AWSManagedRulesAmazonIpReputationList' },
];

export function protectApi(
  stack: Stack,
  stage: StageName,
  settings: CloudSettings,
  apiArn: string,
  logs: { readonly retention: RetentionDays; readonly removalPolicy: RemovalPolicy },
): void {
  const visibility = (metric: string): CfnWebACL.VisibilityConfigProperty => ({
    metricName: `${physicalName(stage, 'waf')}-${metric}`,
    cloudWatchMetricsEnabled: true,
    sampledRequestsEnabled: true,
  });
  const managed = MANAGED_GROUPS.map((group, index): CfnWebACL.RuleProperty => ({
    name: group.name,
    priority: index + 1,
    overrideAction: { none: {} },
    statement: {
      managedRuleGroupStatement: {
        vendorName: 'AWS',
        name: group.name,
        ruleActionOverrides: (group.countOnly ?? []).map((name) => ({ name, actionToUse: { count: {} } })),
      },
    },
    visibilityConfig: visibility(group.name),
  }));
  const acl = new CfnWebACL(stack, 'Firewall', {
    name: physicalName(stage, 'api'),
    scope: 'REGIONAL',
    defaultAction: { allow: {} },
    visibilityConfig: visibility('all'),
    rules: [
      {
        name: 'RatePerAddress',
        priority: 0,
        action: { block: {} },
        statement: {
          rateBasedStatement: {
            aggregateKeyType: 'IP',
            evaluationWindowSec: 300,
            limit: settings.wafRequestsPerFiveMinutes,
          },
        },
        visibilityConfig: visibility('rate'),
      },
      ...managed,
    ],
  });
  new CfnWebACLAssociation(stack, 'FirewallOfApi', { resourceArn: apiArn, webAclArn: acl.attrArn });
  const logGroup = new LogGroup(stack, 'FirewallLogs', {
    // WAF demands this prefix.
    logGroupName: `aws-waf-logs-${physicalName(stage, 'api')}`,
    ...logs,
  });
  new CfnLoggingConfiguration(stack, 'FirewallLogging', {
    resourceArn: acl.attrArn,
    logDestinationConfigs: [
      stack.formatArn({
        service: 'logs',
        resource: 'log-group',
        resourceName: logGroup.logGroupName,
        arnFormat: ArnFormat.COLON_RESOURCE_NAME,
      }),
    ],
    redactedFields: [{ singleHeader: { Name: 'authorization' } }, { singleHeader: { Name: 'x-api-key' } }],
  });
}

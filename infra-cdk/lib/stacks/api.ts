// The two doors: AppSync for clients, an HTTP API for providers' webhooks. Fields and routes come from the contexts.
import { readFileSync } from 'node:fs';
import { ArnFormat, Stack, type StackProps } from 'aws-cdk-lib';
import { CfnApi, CfnStage } from 'aws-cdk-lib/aws-apigatewayv2';
import { CfnApiKey, CfnGraphQLApi, CfnGraphQLSchema } from 'aws-cdk-lib/aws-appsync';
import { PolicyDocument, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import { acknowledge, findingText } from '../acknowledge.ts';
import type { StageConfig } from '../config.ts';
import { physicalName } from '../names.ts';
import { output } from '../outputs.ts';
import { mergeSdl } from '../sdl.ts';
import type { Api } from '../shared.ts';
import type { SecurityStack } from './security.ts';
import { protectApi } from './firewall.ts';

/** §1.18.C of the security addendum. */
export const QUERY_DEPTH_LIMIT = 8;
/** Resolvers one request may run: every field of ours is one, so this bounds aliases. */
const RESOLVER_COUNT_LIMIT = 50;
/** Requests a second that webhooks may bring before the HTTP API refuses them; providers retry. */
const WEBHOOK_RATE_LIMIT = 200;
const WEBHOOK_BURST_LIMIT = 400;

export class ApiStack extends Stack {
  readonly api: Api;

  constructor(
    scope: Construct,
    id: string,
    private readonly config: StageConfig,
    security: SecurityStack,
    root: string,
    props: StackProps,
  ) {
    super(scope, id, props);
    const sdl = mergeSdl(root, { apiKey: config.apiKeyEnabled });
    const graphql = this.graphqlApi(security);
    new CfnGraphQLSchema(this, 'Schema', { apiId: graphql.attrApiId, definition: sdl.text });
    const http = this.httpApi();
    this.api = {
      apiId: graphql.attrApiId,
      apiArn: graphql.attrArn,
      // Locally the gateway speaks AppSync's protocol in the emulator's place.
      url: config.local === undefined ? graphql.attrGraphQlUrl : `${config.local.gatewayUrl}/graphql`,
      httpApiId: http.ref,
      // The emulator serves HTTP APIs below its own address.
      httpApiUrl:
        config.local === undefined
          ? http.attrApiEndpoint
          : `${config.local.emulatorUrl}/_aws/execute-api/${http.ref}/$default`,
      sdl,
      resolverCode: readFileSync(new URL('../../resolvers/invoke.js', import.meta.url), 'utf8'),
    };
    if (config.cloud !== undefined) {
      const logs = { retention: config.logRetention, removalPolicy: config.removalPolicy };
      protectApi(this, config.stage, config.cloud, graphql.attrArn, logs);
    }

    output(this, 'GraphqlApiId', this.api.apiId);
    output(this, 'GraphqlApiUrl', this.api.url);
    if (config.apiKeyEnabled) {
      const key = new CfnApiKey(this, 'ApiKey', {
        apiId: graphql.attrApiId,
        description: 'Anonymous reads; not in prod',
        expires: apiKeyExpiry(new Date()),
      });
      output(this, 'GraphqlApiKey', key.attrApiKey);
    }
    output(this, 'HttpApiId', http.ref);
    output(this, 'HttpApiUrl', http.attrApiEndpoint);
  }

  private graphqlApi(security: SecurityStack): CfnGraphQLApi {
    const { cloud, stage } = this.config;
    const api = new CfnGraphQLApi(this, 'GraphqlApi', {
      name: physicalName(stage, 'api'),
      authenticationType: 'AMAZON_COGNITO_USER_POOLS',
      userPoolConfig: {
        userPoolId: security.userPool.userPoolId,
        awsRegion: this.region,
        defaultAction: 'ALLOW',
        // Tokens of another client of the pool, a future back office's for one, are not for this API.
        appIdClientRegex: security.userPoolClient.userPoolClientId,
      },
      additionalAuthenticationProviders: [
        { authenticationType: 'AWS_IAM' },
        ...(cloud === undefined
          ? []
          : [
              {
                authenticationType: 'OPENID_CONNECT',
                openIdConnectConfig: { issuer: cloud.staffOidcIssuer, clientId: cloud.staffOidcClientId },
              },
            ]),
        ...(this.config.apiKeyEnabled ? [{ authenticationType: 'API_KEY' }] : []),
      ],
      introspectionConfig: this.config.introspectionEnabled ? 'ENABLED' : 'DISABLED',
      queryDepthLimit: QUERY_DEPTH_LIMIT,
      resolverCountLimit: RESOLVER_COUNT_LIMIT,
      ...(cloud === undefined ? {} : { xrayEnabled: true, logConfig: this.graphqlLogs() }),
    });
    acknowledge(api, {
      'AwsSolutions-ASC3':
        'Errors are logged; content is left out on purpose, for variables and answers may hold personal data (§1.18.H).',
    });
    return api;
  }

  /** Errors only and without content: variables and answers may hold personal data. */
  private graphqlLogs(): CfnGraphQLApi.LogConfigProperty {
    const groups = this.formatArn({
      service: 'logs',
      resource: 'log-group',
      resourceName: '/aws/appsync/apis/*',
      arnFormat: ArnFormat.COLON_RESOURCE_NAME,
    });
    const role = new Role(this, 'GraphqlLogRole', {
      assumedBy: new ServicePrincipal('appsync.amazonaws.com'),
      inlinePolicies: {
        logs: new PolicyDocument({
          statements: [
            new PolicyStatement({
              actions: ['logs:CreateLogGroup', 'logs:CreateLogStream', 'logs:PutLogEvents'],
              resources: [groups],
            }),
          ],
        }),
      },
    });
    acknowledge(role, {
      [`AwsSolutions-IAM5[Resource::${findingText(this, groups)}]`]:
        'AppSync names its log group after the id of the API, which needs this role to exist first.',
    });
    return { cloudWatchLogsRoleArn: role.roleArn, fieldLogLevel: 'ERROR', excludeVerboseContent: true };
  }

  private httpApi(): CfnApi {
    const api = new CfnApi(this, 'WebhookApi', {
      name: physicalName(this.config.stage, 'webhooks'),
      description: 'Webhooks of providers; each Lambda verifies the signature over the raw body',
      protocolType: 'HTTP',
    });
    const logs = new LogGroup(this, 'WebhookAccessLogs', {
      logGroupName: `/aws/apigateway/${physicalName(this.config.stage, 'webhooks')}`,
      retention: this.config.logRetention,
      removalPolicy: this.config.removalPolicy,
    });
    new CfnStage(this, 'WebhookStage', {
      apiId: api.ref,
      stageName: '$default',
      autoDeploy: true,
      defaultRouteSettings: { throttlingRateLimit: WEBHOOK_RATE_LIMIT, throttlingBurstLimit: WEBHOOK_BURST_LIMIT },
      accessLogSettings: {
        destinationArn: logs.logGroupArn,
        format: JSON.stringify({
          requestId: '$context.requestId',
          time: '$context.requestTime',
          route: '$context.routeKey',
          status: '$context.status',
          latencyMs: '$context.responseLatency',
          error: '$context.integrationErrorMessage',
        }),
      },
    });
    return api;
  }
}

/** Eleven months after the first of this month, in epoch seconds: every deployment of a month gives the same template. */
function apiKeyExpiry(now: Date): number {
  return Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 11, 1) / 1000;
}

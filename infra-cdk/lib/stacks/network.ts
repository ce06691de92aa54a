// The network around the database: no public subnet holds anything but NAT, and a Lambda that calls no provider
// has no way out but the endpoints of the AWS services it uses. Cloud stages only.
import type { RemovalPolicy } from 'aws-cdk-lib';
import {
  FlowLogDestination,
  GatewayVpcEndpointAwsService,
  InterfaceVpcEndpointAwsService,
  IpAddresses,
  Port,
  SecurityGroup,
  SubnetType,
  Vpc,
  type SubnetSelection,
} from 'aws-cdk-lib/aws-ec2';
import { LogGroup, type RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { acknowledge } from '../acknowledge.ts';
import type { CloudSettings } from '../config.ts';
import type { Network } from '../shared.ts';

const DATA = 'data';
const INSIDE = 'inside';
const OUTBOUND = 'outbound';
const PUBLIC = 'public';

export class PrivateNetwork extends Construct {
  readonly vpc: Vpc;
  readonly network: Network;
  readonly dataSubnets: SubnetSelection = { subnetGroupName: DATA };
  readonly databaseSecurityGroup: SecurityGroup;
  readonly proxySecurityGroup: SecurityGroup;

  constructor(
    scope: Construct,
    id: string,
    props: { settings: CloudSettings; logRetention: RetentionDays; removalPolicy: RemovalPolicy; databasePort: number },
  ) {
    super(scope, id);
    this.vpc = new Vpc(this, 'Vpc', {
      ipAddresses: IpAddresses.cidr('10.20.0.0/16'),
      availabilityZones: [...props.settings.availabilityZones],
      natGateways: props.settings.natGateways,
      // Rules of the default group are of no use to anyone: nothing is ever placed in it.
      restrictDefaultSecurityGroup: false,
      subnetConfiguration: [
        { name: PUBLIC, subnetType: SubnetType.PUBLIC, cidrMask: 26, mapPublicIpOnLaunch: false },
        { name: OUTBOUND, subnetType: SubnetType.PRIVATE_WITH_EGRESS, cidrMask: 22 },
        { name: INSIDE, subnetType: SubnetType.PRIVATE_ISOLATED, cidrMask: 22 },
        { name: DATA, subnetType: SubnetType.PRIVATE_ISOLATED, cidrMask: 26 },
      ],
      flowLogs: {
        all: {
          destination: FlowLogDestination.toCloudWatchLogs(
            new LogGroup(this, 'FlowLogs', { retention: props.logRetention, removalPolicy: props.removalPolicy }),
          ),
        },
      },
      gatewayEndpoints: {
        s3: { service: GatewayVpcEndpointAwsService.S3 },
        dynamodb: { service: GatewayVpcEndpointAwsService.DYNAMODB },
      },
    });
    acknowledge(this.vpc, {
      'CloudFormation-Validate::W3010':
        'Zones are fixed by configuration, so that a synth needs no account and no look-up (lib/config.ts).',
    });

    this.databaseSecurityGroup = this.group('Database', 'Aurora: reached by the proxy only', false);
    this.proxySecurityGroup = this.group('Proxy', 'Database proxy: reached by Lambdas only', false);
    const inside = this.group('Inside', 'Lambdas that call no provider', false);
    const outbound = this.group('Outbound', 'Lambdas that call providers over HTTPS', false);
    const endpoints = this.group('Endpoints', 'Endpoints of AWS services', false);

    this.proxySecurityGroup.connections.allowTo(this.databaseSecurityGroup, Port.tcp(props.databasePort), 'to Aurora');
    for (const group of [inside, outbound]) {
      group.connections.allowTo(this.proxySecurityGroup, Port.tcp(5432), 'to the database proxy');
      group.connections.allowTo(endpoints, Port.tcp(443), 'to AWS services');
      group.connections.allowToAnyIpv4(Port.tcp(443), 'to S3 and DynamoDB gateways, and where routed to providers');
    }
    for (const [name, service] of Object.entries({
      SecretsManager: InterfaceVpcEndpointAwsService.SECRETS_MANAGER,
      EventBridge: InterfaceVpcEndpointAwsService.EVENTBRIDGE,
      StepFunctions: InterfaceVpcEndpointAwsService.STEP_FUNCTIONS,
    })) {
      this.vpc.addInterfaceEndpoint(name, {
        service,
        subnets: { subnetGroupName: INSIDE },
        securityGroups: [endpoints],
        open: false,
      });
    }
    this.network = {
      vpc: this.vpc,
      inside: { subnets: { subnetGroupName: INSIDE }, securityGroup: inside },
      outbound: { subnets: { subnetGroupName: OUTBOUND }, securityGroup: outbound },
    };
  }

  private group(id: string, description: string, allowAllOutbound: boolean): SecurityGroup {
    return new SecurityGroup(this, id, { vpc: this.vpc, description, allowAllOutbound });
  }
}

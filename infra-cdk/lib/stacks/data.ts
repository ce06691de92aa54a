// Where data lives: Aurora behind a proxy (cloud), the connection secret, rate limits, documents and receipts.
// Locally the database is a real PostgreSQL outside CDK, known by its connection secret.
import { Duration, SecretValue, Stack, type StackProps } from 'aws-cdk-lib';
import { AttributeType, BillingMode, Table, TableEncryption } from 'aws-cdk-lib/aws-dynamodb';
import { Key } from 'aws-cdk-lib/aws-kms';
import {
  AuroraPostgresEngineVersion,
  ClusterInstance,
  Credentials,
  DatabaseCluster,
  DatabaseClusterEngine,
  ParameterGroup,
} from 'aws-cdk-lib/aws-rds';
import {
  BlockPublicAccess,
  Bucket,
  BucketEncryption,
  ObjectLockRetention,
  ObjectOwnership,
  StorageClass,
  type BucketProps,
} from 'aws-cdk-lib/aws-s3';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import type { Construct } from 'constructs';
import { acknowledge } from '../acknowledge.ts';
import type { CloudSettings, LocalSettings, StageConfig } from '../config.ts';
import { physicalName } from '../names.ts';
import { output } from '../outputs.ts';
import type { KeyedBucket, KeyedSecret, Network } from '../shared.ts';
import { PrivateNetwork } from './network.ts';
import type { SecurityStack } from './security.ts';

const DATABASE_NAME = 'rastup';
/** Not PostgreSQL's default, so that a scan of the usual port finds nothing. */
const DATABASE_PORT = 6543;

export class DataStack extends Stack {
  readonly database: KeyedSecret;
  readonly documents: KeyedBucket;
  readonly receipts: KeyedBucket;
  readonly rateLimits: Table;
  readonly network?: Network;
  readonly cluster?: DatabaseCluster;

  constructor(
    scope: Construct,
    id: string,
    private readonly config: StageConfig,
    private readonly security: SecurityStack,
    props: StackProps,
  ) {
    super(scope, id, props);
    if (config.cloud !== undefined) {
      const { network, cluster, database } = this.createDatabase(config.cloud);
      this.network = network;
      this.cluster = cluster;
      this.database = database;
    } else if (config.local !== undefined) {
      this.database = this.localDatabase(config.local);
    } else {
      throw new Error(`stage ${config.stage} has neither local nor cloud settings`);
    }

    this.rateLimits = new Table(this, 'RateLimits', {
      tableName: physicalName(config.stage, 'rate-limits'),
      partitionKey: { name: 'pk', type: AttributeType.STRING },
      timeToLiveAttribute: 'expires_at',
      billingMode: BillingMode.PAY_PER_REQUEST,
      encryption: TableEncryption.AWS_MANAGED,
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      removalPolicy: config.removalPolicy,
    });

    const accessLogs = config.cloud === undefined ? undefined : this.accessLogBucket();
    this.documents = this.bucket('Documents', 'documents', security.keys.legal, accessLogs, {
      versioned: true,
      objectLockEnabled: true,
      objectLockDefaultRetention: ObjectLockRetention.governance(Duration.days(config.documentLockDays)),
    });
    this.receipts = this.bucket('Receipts', 'receipts', security.keys.finance, accessLogs, { versioned: true });

    output(this, 'DatabaseSecretArn', this.database.secret.secretArn);
    output(this, 'RateLimitTableName', this.rateLimits.tableName);
    output(this, 'DocumentsBucketName', this.documents.bucket.bucketName);
    output(this, 'ReceiptsBucketName', this.receipts.bucket.bucketName);
  }

  /** Fixed by configuration: a look-up would need an account, and a synth must work without one. */
  override get availabilityZones(): string[] {
    return [...(this.config.cloud?.availabilityZones ?? [])];
  }

  private localDatabase(local: LocalSettings): KeyedSecret {
    const key = this.security.keys.pii;
    const secret = new Secret(this, 'DatabaseSecret', {
      secretName: `/${this.config.stage}/database/connection`,
      encryptionKey: key,
      secretStringValue: SecretValue.unsafePlainText(JSON.stringify(local.database)),
      removalPolicy: this.config.removalPolicy,
    });
    return { secret, key };
  }

  private createDatabase(settings: CloudSettings): {
    network: Network;
    cluster: DatabaseCluster;
    database: KeyedSecret;
  } {
    // By ARN: grants of this stack stay in its roles instead of changing the key's policy in the stack below.
    const key = Key.fromKeyArn(this, 'PiiKey', this.security.keys.pii.keyArn);
    const { removalPolicy, logRetention, stage } = this.config;
    const around = new PrivateNetwork(this, 'Network', {
      settings,
      logRetention,
      removalPolicy,
      databasePort: DATABASE_PORT,
    });
    const engine = DatabaseClusterEngine.auroraPostgres({ version: AuroraPostgresEngineVersion.of('16.6', '16') });
    const credentials = new Secret(this, 'DatabaseCredentials', {
      secretName: `/${stage}/database/credentials`,
      encryptionKey: key,
      generateSecretString: {
        secretStringTemplate: JSON.stringify({ username: 'rastup' }),
        generateStringKey: 'password',
        excludePunctuation: true,
        passwordLength: 40,
      },
      removalPolicy,
    });
    const cluster = new DatabaseCluster(this, 'Database', {
      clusterIdentifier: physicalName(stage, 'database'),
      engine,
      parameterGroup: new ParameterGroup(this, 'DatabaseParameters', {
        engine,
        description: 'TLS only; UTC; slow statements are logged without their parameters',
        parameters: { 'rds.force_ssl': '1', timezone: 'UTC', log_min_duration_statement: '500' },
      }),
      credentials: Credentials.fromSecret(credentials),
      defaultDatabaseName: DATABASE_NAME,
      port: DATABASE_PORT,
      vpc: around.vpc,
      vpcSubnets: around.dataSubnets,
      securityGroups: [around.databaseSecurityGroup],
      writer: ClusterInstance.serverlessV2('Writer', { publiclyAccessible: false }),
      readers: Array.from({ length: settings.databaseReaders }, (_, index) =>
        ClusterInstance.serverlessV2(`Reader${index + 1}`, { publiclyAccessible: false, scaleWithWriter: true }),
      ),
      serverlessV2MinCapacity: settings.databaseMinAcu,
      serverlessV2MaxCapacity: settings.databaseMaxAcu,
      storageEncrypted: true,
      storageEncryptionKey: key,
      iamAuthentication: true,
      backup: { retention: Duration.days(settings.databaseBackupDays) },
      copyTagsToSnapshot: true,
      cloudwatchLogsExports: ['postgresql'],
      deletionProtection: stage !== 'dev',
      removalPolicy,
    });
    if (stage === 'dev') {
      acknowledge(cluster, {
        'AwsSolutions-RDS10': 'The database of dev is disposable: dev is destroyed and built again.',
      });
    }
    const proxy = cluster.addProxy('Proxy', {
      dbProxyName: physicalName(stage, 'database'),
      secrets: [credentials],
      vpc: around.vpc,
      vpcSubnets: around.dataSubnets,
      securityGroups: [around.proxySecurityGroup],
      requireTLS: true,
    });
    // Lambdas speak to the proxy; its address cannot be part of the secret that the proxy itself reads.
    const connection = new Secret(this, 'DatabaseSecret', {
      secretName: `/${stage}/database/connection`,
      encryptionKey: key,
      secretObjectValue: {
        host: SecretValue.unsafePlainText(proxy.endpoint),
        port: SecretValue.unsafePlainText('5432'),
        username: credentials.secretValueFromJson('username'),
        password: credentials.secretValueFromJson('password'),
        dbname: SecretValue.unsafePlainText(DATABASE_NAME),
        sslmode: SecretValue.unsafePlainText('require'),
      },
      removalPolicy,
    });
    for (const secret of [credentials, connection]) {
      acknowledge(secret, {
        'AwsSolutions-SMG4':
          'Two secrets and the cluster must change together: an operator rotates them by hand, as the runbook says.',
      });
    }
    return { network: around.network, cluster, database: { secret: connection, key } };
  }

  private bucketDefaults(): BucketProps {
    return {
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      enforceSSL: true,
      minimumTLSVersion: 1.2,
      objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
      removalPolicy: this.config.removalPolicy,
    };
  }

  private bucketName(part: string): string {
    const name = physicalName(this.config.stage, part);
    // Bucket names are global; locally the short name is easier to type.
    return this.config.local === undefined ? `${name}-${this.account}` : name;
  }

  private bucket(id: string, part: string, key: Key, accessLogs: Bucket | undefined, more: BucketProps): KeyedBucket {
    const bucketName = this.bucketName(part);
    const bucket = new Bucket(this, id, {
      ...this.bucketDefaults(),
      bucketName,
      encryption: BucketEncryption.KMS,
      encryptionKey: key,
      bucketKeyEnabled: true,
      ...(accessLogs === undefined ? {} : { serverAccessLogsBucket: accessLogs, serverAccessLogsPrefix: `${part}/` }),
      lifecycleRules: [
        {
          abortIncompleteMultipartUploadAfter: Duration.days(3),
          transitions: [{ storageClass: StorageClass.INTELLIGENT_TIERING, transitionAfter: Duration.days(30) }],
        },
      ],
      ...more,
    });
    return { bucket, key, objectsArn: `arn:aws:s3:::${bucketName}/*` };
  }

  private accessLogBucket(): Bucket {
    const bucket = new Bucket(this, 'AccessLogs', {
      ...this.bucketDefaults(),
      bucketName: this.bucketName('access-logs'),
      encryption: BucketEncryption.S3_MANAGED,
      lifecycleRules: [{ expiration: Duration.days(400) }],
    });
    acknowledge(bucket, {
      'AwsSolutions-S1': 'This bucket receives the access logs; logging its own access would never end.',
    });
    return bucket;
  }
}

// Typed configuration of the four stages; what differs between them and nothing that is derived from the tree.
import { RemovalPolicy } from 'aws-cdk-lib';
import { Architecture } from 'aws-cdk-lib/aws-lambda';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';

export const STAGES = ['local', 'dev', 'stage', 'prod'] as const;
export type StageName = (typeof STAGES)[number];

/** What only the emulator needs; absent in the cloud. */
export interface LocalSettings {
  /** Content of the database connection secret. */
  readonly database: Record<string, string | number>;
  /** Base address of the provider sandbox, such as `http://127.0.0.1:4504`. */
  readonly sandboxUrl: string;
  /** Base address of the AppSync gateway for calls from Lambdas, without `/graphql`. */
  readonly gatewayUrl: string;
  /** Base address of the emulator. */
  readonly emulatorUrl: string;
  /** File with the clock's offset in seconds. */
  readonly clockFile: string;
  /** Directory of fault switches. */
  readonly faultDir: string;
  /** Secrets that the sandbox knows as well; these are no one's credentials. */
  readonly stripe: { readonly secretKey: string; readonly publishableKey: string };
  readonly stripeWebhookSecrets: readonly string[];
  readonly esign: { readonly apiKey: string; readonly clientId: string };
}

/** Sizes and policies of a stage in AWS; absent locally. */
export interface CloudSettings {
  /** Fixed, so that a synth needs no look-up. */
  readonly availabilityZones: readonly string[];
  readonly natGateways: number;
  readonly databaseMinAcu: number;
  readonly databaseMaxAcu: number;
  readonly databaseReaders: number;
  readonly databaseBackupDays: number;
  /** Issuer of staff tokens (§1.18.C), the third auth mode of the API. */
  readonly staffOidcIssuer: string;
  readonly staffOidcClientId: string;
  /** Mailbox of whoever is on call; every alarm of the stage is sent there. */
  readonly operatorEmail: string;
  /** Requests of one address in five minutes before the firewall refuses it. */
  readonly wafRequestsPerFiveMinutes: number;
}

export interface StageConfig {
  readonly stage: StageName;
  /** Left out when unknown: the stacks are then bound to the deploying account. */
  readonly account?: string;
  readonly region: string;
  readonly architecture: Architecture;
  readonly removalPolicy: RemovalPolicy;
  readonly logLevel: 'debug' | 'info' | 'warn';
  readonly logRetention: RetentionDays;
  /** API key of anonymous reads; never in prod (§1.18.C). */
  readonly apiKeyEnabled: boolean;
  readonly introspectionEnabled: boolean;
  /** Days a stored document cannot be deleted (§1.12.L: signed documents seven years). */
  readonly documentLockDays: number;
  readonly stripeApiUrl: string;
  readonly esignApiUrl: string;
  readonly local?: LocalSettings;
  readonly cloud?: CloudSettings;
}

type Environment = Readonly<Record<string, string | undefined>>;

const CLOUD_DEFAULTS = {
  region: 'us-east-1',
  architecture: Architecture.ARM_64,
  stripeApiUrl: 'https://api.stripe.com',
  esignApiUrl: 'https://api.hellosign.com',
} as const;

const SMALL_CLOUD: CloudSettings = {
  availabilityZones: ['us-east-1a', 'us-east-1b'],
  natGateways: 1,
  databaseMinAcu: 0.5,
  databaseMaxAcu: 4,
  databaseReaders: 0,
  databaseBackupDays: 7,
  staffOidcIssuer: 'https://staff.dev.rastup.com',
  staffOidcClientId: 'rastup-admin-dev',
  operatorEmail: 'operations@dev.rastup.com',
  wafRequestsPerFiveMinutes: 2000,
};

/** Configuration of a stage. `environment` is read for the account and, locally, for the addresses. */
export function loadConfig(stage: string, environment: Environment): StageConfig {
  if (!isStage(stage)) {
    throw new Error(`unknown stage "${stage}": one of ${STAGES.join(', ')}`);
  }
  switch (stage) {
    case 'local':
      return localConfig(environment);
    case 'dev':
      return {
        ...CLOUD_DEFAULTS,
        stage,
        account: environment['RASTUP_ACCOUNT'],
        removalPolicy: RemovalPolicy.DESTROY,
        logLevel: 'debug',
        logRetention: RetentionDays.ONE_MONTH,
        apiKeyEnabled: true,
        introspectionEnabled: true,
        documentLockDays: 1,
        cloud: SMALL_CLOUD,
      };
    case 'stage':
      return {
        ...CLOUD_DEFAULTS,
        stage,
        account: environment['RASTUP_ACCOUNT'],
        removalPolicy: RemovalPolicy.RETAIN,
        logLevel: 'info',
        logRetention: RetentionDays.ONE_MONTH,
        apiKeyEnabled: true,
        introspectionEnabled: true,
        documentLockDays: 30,
        cloud: {
          ...SMALL_CLOUD,
          databaseBackupDays: 14,
          staffOidcIssuer: 'https://staff.stage.rastup.com',
          staffOidcClientId: 'rastup-admin-stage',
          operatorEmail: 'operations@stage.rastup.com',
        },
      };
    case 'prod':
      return {
        ...CLOUD_DEFAULTS,
        stage,
        account: environment['RASTUP_ACCOUNT'],
        removalPolicy: RemovalPolicy.RETAIN,
        logLevel: 'info',
        logRetention: RetentionDays.THREE_MONTHS,
        apiKeyEnabled: false,
        introspectionEnabled: false,
        documentLockDays: 7 * 365,
        cloud: {
          ...SMALL_CLOUD,
          natGateways: 2,
          databaseMinAcu: 1,
          databaseMaxAcu: 8,
          databaseReaders: 1,
          databaseBackupDays: 35,
          staffOidcIssuer: 'https://staff.rastup.com',
          staffOidcClientId: 'rastup-admin',
          operatorEmail: 'operations@rastup.com',
        },
      };
  }
}

function isStage(name: string): name is StageName {
  return (STAGES as readonly string[]).includes(name);
}

function localConfig(environment: Environment): StageConfig {
  const missing: string[] = [];
  const required = (name: string): string => {
    const value = environment[name];
    if (value === undefined || value === '') {
      missing.push(name);
      return '';
    }
    return value;
  };
  const database = required('RASTUP_LOCAL_DATABASE');
  const sandboxUrl = required('RASTUP_LOCAL_SANDBOX_URL');
  const gatewayUrl = required('RASTUP_LOCAL_GATEWAY_URL');
  const emulatorUrl = required('RASTUP_LOCAL_EMULATOR_URL');
  const clockFile = required('CLOCK_FILE');
  const faultDir = required('FAULT_DIR');
  if (missing.length > 0) {
    throw new Error(`the local stage needs ${missing.join(', ')} in the environment (see infra-cdk/README.md)`);
  }
  return {
    stage: 'local',
    account: environment['CDK_DEFAULT_ACCOUNT'] ?? '000000000000',
    region: environment['AWS_REGION'] ?? 'us-east-1',
    architecture: Architecture.X86_64,
    removalPolicy: RemovalPolicy.DESTROY,
    logLevel: 'info',
    logRetention: RetentionDays.ONE_DAY,
    apiKeyEnabled: true,
    introspectionEnabled: true,
    documentLockDays: 1,
    stripeApiUrl: sandboxUrl,
    esignApiUrl: sandboxUrl,
    local: {
      database: parseDatabase(database),
      sandboxUrl,
      gatewayUrl,
      emulatorUrl,
      clockFile,
      faultDir,
      stripe: { secretKey: 'sk_test_rastup_local', publishableKey: 'pk_test_rastup_local' },
      stripeWebhookSecrets: ['whsec_rastup_local_current', 'whsec_rastup_local_previous'],
      esign: { apiKey: 'esign_rastup_local', clientId: 'rastup_local' },
    },
  };
}

const DATABASE_FIELDS = ['host', 'port', 'username', 'password', 'dbname', 'sslmode'] as const;

function parseDatabase(text: string): Record<string, string | number> {
  const value: unknown = JSON.parse(text);
  if (typeof value !== 'object' || value === null) {
    throw new Error('RASTUP_LOCAL_DATABASE is not a JSON object');
  }
  const fields = value as Record<string, string | number>;
  const absent = DATABASE_FIELDS.filter((field) => fields[field] === undefined);
  if (absent.length > 0) {
    throw new Error(`RASTUP_LOCAL_DATABASE lacks ${absent.join(', ')}`);
  }
  return fields;
}

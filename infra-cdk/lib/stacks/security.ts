// Keys by data domain (§1.18.D), provider secrets, and who can sign in. Nothing here depends on another stack.
import { Duration, SecretValue, Stack, type StackProps } from 'aws-cdk-lib';
import {
  CfnUserPoolGroup,
  FeaturePlan,
  Mfa,
  StandardThreatProtectionMode,
  UserPool,
  UserPoolClient,
} from 'aws-cdk-lib/aws-cognito';
import { ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Key } from 'aws-cdk-lib/aws-kms';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import type { Construct } from 'constructs';
import { acknowledge } from '../acknowledge.ts';
import type { StageConfig } from '../config.ts';
import type { SecretName } from '../manifest.ts';
import { physicalName } from '../names.ts';
import { output } from '../outputs.ts';
import type { KeyedSecret } from '../shared.ts';

/** Everyone's roles, then staff roles, as Cognito groups. */
export const GROUPS = [
  'buyer',
  'seller',
  'studio_owner',
  'super_admin',
  'trust_safety',
  'finance_ops',
  'support',
  'legal',
  'engineering',
] as const;

/** `pii` people and accounts, `finance` money, `legal` documents and evidence, `operations` alarms. */
export type KeyDomain = 'pii' | 'finance' | 'legal' | 'operations';

export class SecurityStack extends Stack {
  readonly keys: Readonly<Record<KeyDomain, Key>>;
  readonly secrets: Readonly<Record<SecretName, KeyedSecret>>;
  readonly userPool: UserPool;
  readonly userPoolClient: UserPoolClient;

  constructor(
    scope: Construct,
    id: string,
    private readonly config: StageConfig,
    props: StackProps,
  ) {
    super(scope, id, props);
    this.keys = {
      pii: this.key('pii'),
      finance: this.key('finance'),
      legal: this.key('legal'),
      operations: this.key('operations'),
    };
    // CloudWatch publishes alarms to an encrypted topic.
    this.keys.operations.grantEncryptDecrypt(new ServicePrincipal('cloudwatch.amazonaws.com'));

    const { local } = config;
    this.secrets = {
      stripe: this.secret('StripeSecret', 'stripe/secret_key', 'finance', local?.stripe),
      'stripe-webhook': this.secret(
        'StripeWebhookSecret',
        'stripe/webhook_secret',
        'finance',
        local && { secrets: [...local.stripeWebhookSecrets] },
      ),
      esign: this.secret('EsignSecret', 'esign/api_key', 'legal', local?.esign),
    };

    this.userPool = this.createUserPool();
    this.userPoolClient = this.createClient();
    for (const group of GROUPS) {
      new CfnUserPoolGroup(this, `Group-${group}`, { userPoolId: this.userPool.userPoolId, groupName: group });
    }

    output(this, 'UserPoolId', this.userPool.userPoolId);
    output(this, 'UserPoolClientId', this.userPoolClient.userPoolClientId);
    output(this, 'StripeSecretArn', this.secrets.stripe.secret.secretArn);
    output(this, 'StripeWebhookSecretArn', this.secrets['stripe-webhook'].secret.secretArn);
    output(this, 'EsignSecretArn', this.secrets.esign.secret.secretArn);
  }

  private key(domain: KeyDomain): Key {
    return new Key(this, `Key-${domain}`, {
      alias: physicalName(this.config.stage, domain),
      description: `Data of the ${domain} domain`,
      enableKeyRotation: true,
      removalPolicy: this.config.removalPolicy,
    });
  }

  /** In the cloud the content is entered by an operator after the first deployment; locally it is the sandbox's. */
  private secret(id: string, name: string, domain: KeyDomain, content: object | undefined): KeyedSecret {
    const key = this.keys[domain];
    const secret = new Secret(this, id, {
      secretName: `/${this.config.stage}/${name}`,
      encryptionKey: key,
      removalPolicy: this.config.removalPolicy,
      ...(content === undefined ? {} : { secretStringValue: SecretValue.unsafePlainText(JSON.stringify(content)) }),
    });
    acknowledge(secret, {
      'AwsSolutions-SMG4': 'A provider issues this secret; it is rotated there and entered here, as the runbook says.',
    });
    return { secret, key };
  }

  private createUserPool(): UserPool {
    const pool = new UserPool(this, 'UserPool', {
      userPoolName: physicalName(this.config.stage, 'users'),
      selfSignUpEnabled: true,
      // The username is ours to choose; people sign in with it or with their verified email.
      signInAliases: { username: true, email: true },
      autoVerify: { email: true },
      standardAttributes: { email: { required: true, mutable: true } },
      passwordPolicy: {
        minLength: 12,
        requireDigits: true,
        requireLowercase: true,
        requireUppercase: true,
        requireSymbols: true,
        tempPasswordValidity: Duration.days(3),
      },
      mfa: Mfa.OPTIONAL,
      mfaSecondFactor: { otp: true, sms: false },
      ...(this.config.cloud === undefined
        ? {}
        : {
            featurePlan: FeaturePlan.PLUS,
            standardThreatProtectionMode: StandardThreatProtectionMode.FULL_FUNCTION,
          }),
      removalPolicy: this.config.removalPolicy,
      deletionProtection: this.config.stage === 'prod',
    });
    acknowledge(pool, {
      'AwsSolutions-COG2': 'Optional for buyers and sellers (§1.12.G); staff come through their own identity provider.',
    });
    return pool;
  }

  private createClient(): UserPoolClient {
    return this.userPool.addClient('AppClient', {
      userPoolClientName: physicalName(this.config.stage, 'app'),
      generateSecret: false,
      // Passwords are sent in the clear only to the emulator; in the cloud only SRP is open.
      authFlows: {
        userSrp: true,
        userPassword: this.config.local !== undefined,
        adminUserPassword: this.config.local !== undefined,
      },
      disableOAuth: true,
      preventUserExistenceErrors: true,
      accessTokenValidity: Duration.hours(1),
      idTokenValidity: Duration.hours(1),
      refreshTokenValidity: Duration.days(30),
      enableTokenRevocation: true,
    });
  }
}

// What the lower stacks offer to the contexts' stacks. Interfaces only, so that a context never builds shared things.
import type { ISecurityGroup, IVpc, SubnetSelection } from 'aws-cdk-lib/aws-ec2';
import type { ITable } from 'aws-cdk-lib/aws-dynamodb';
import type { IEventBus } from 'aws-cdk-lib/aws-events';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import type { ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import type { StageConfig } from './config.ts';
import type { SecretName } from './manifest.ts';
import type { Sdl } from './sdl.ts';

/** A secret with the key that encrypts it. */
export interface KeyedSecret {
  readonly secret: ISecret;
  readonly key: IKey;
}

/** A bucket with the key that encrypts its objects. */
export interface KeyedBucket {
  readonly bucket: IBucket;
  /** ARN of every object, by the bucket's fixed name. */
  readonly objectsArn: string;
  readonly key: IKey;
}

/** Where a Lambda runs when it needs the database; absent locally. */
export interface Network {
  readonly vpc: IVpc;
  /** No way out but the endpoints of AWS services. */
  readonly inside: { readonly subnets: SubnetSelection; readonly securityGroup: ISecurityGroup };
  /** Also reaches providers on the internet, over HTTPS. */
  readonly outbound: { readonly subnets: SubnetSelection; readonly securityGroup: ISecurityGroup };
}

export interface Api {
  readonly apiId: string;
  readonly apiArn: string;
  readonly url: string;
  readonly httpApiId: string;
  /** Where clients reach its routes. */
  readonly httpApiUrl: string;
  readonly sdl: Sdl;
  /** Source of the one resolver. */
  readonly resolverCode: string;
}

export interface Shared {
  readonly config: StageConfig;
  /** Directory with one directory per binary, each holding `bootstrap`. */
  readonly lambdaDirectory: string;
  readonly database: KeyedSecret;
  readonly secrets: Readonly<Record<SecretName, KeyedSecret>>;
  readonly documents: KeyedBucket;
  readonly receipts: KeyedBucket;
  readonly rateLimits: ITable;
  readonly bus: IEventBus;
  readonly alarmTopic: ITopic;
  readonly network?: Network;
  readonly api: Api;
}

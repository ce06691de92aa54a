// Clients of the emulator for the tooling around it: functions, buckets and accounts.
import { CognitoIdentityProviderClient } from '@aws-sdk/client-cognito-identity-provider';
import { GetFunctionConfigurationCommand, InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import type { Ports } from './paths.ts';

/** Settings of any AWS client for the emulator. */
export function clientSettings(ports: Ports): {
  endpoint: string;
  region: string;
  credentials: { accessKeyId: string; secretAccessKey: string };
} {
  return {
    endpoint: `http://127.0.0.1:${ports.emulator}`,
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  };
}

/** Calls a Lambda and answers with its result; a failure of the function is an error. */
export async function invoke(ports: Ports, name: string, payload: unknown): Promise<unknown> {
  const client = new LambdaClient(clientSettings(ports));
  const answer = await client.send(new InvokeCommand({ FunctionName: name, Payload: Buffer.from(JSON.stringify(payload)) }));
  const text = Buffer.from(answer.Payload ?? []).toString();
  if (answer.FunctionError !== undefined) throw new Error(`${name} failed: ${text}`);
  return text === '' ? undefined : (JSON.parse(text) as unknown);
}

export async function ensureBucket(ports: Ports, name: string): Promise<void> {
  const client = new S3Client({ ...clientSettings(ports), forcePathStyle: true });
  await client.send(new CreateBucketCommand({ Bucket: name })).catch((error: Error) => {
    if (error.name !== 'BucketAlreadyOwnedByYou' && error.name !== 'BucketAlreadyExists') throw error;
  });
}

export function cognito(ports: Ports): CognitoIdentityProviderClient {
  return new CognitoIdentityProviderClient(clientSettings(ports));
}

/** Environment of a deployed function, with what the emulator adds for its own address. */
export async function environmentOf(ports: Ports, name: string): Promise<Record<string, string>> {
  const client = new LambdaClient(clientSettings(ports));
  const { Environment } = await client.send(new GetFunctionConfigurationCommand({ FunctionName: name }));
  return {
    ...Environment?.Variables,
    AWS_ENDPOINT_URL: clientSettings(ports).endpoint,
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    AWS_REGION: 'us-east-1',
  };
}

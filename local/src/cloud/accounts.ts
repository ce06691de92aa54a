// Accounts of the local cloud: made in Cognito with a password and groups, signed in for a token.
import {
  AdminAddUserToGroupCommand,
  AdminCreateUserCommand,
  AdminGetUserCommand,
  AdminSetUserPasswordCommand,
  InitiateAuthCommand,
} from '@aws-sdk/client-cognito-identity-provider';
import { cognito } from './aws.ts';
import type { Outputs } from './deploy.ts';
import type { Ports } from './paths.ts';

/** Password of every account of the local cloud; no one's credential. */
export const LOCAL_PASSWORD = 'Local-Cloud-1!';

export interface Account {
  readonly username: string;
  /** `usr_` and the Cognito subject without dashes. */
  readonly userId: string;
}

/** Makes an account, or finds it. The same name has the same id in every local cloud. */
export async function ensureAccount(
  ports: Ports,
  outputs: Outputs,
  username: string,
  groups: readonly string[],
): Promise<Account> {
  const client = cognito(ports);
  const UserPoolId = outputs['UserPoolId'];
  const email = `${username}@example.com`;
  const UserAttributes = [
    { Name: 'email', Value: email },
    { Name: 'email_verified', Value: 'true' },
  ];
  try {
    await client.send(
      new AdminCreateUserCommand({ UserPoolId, Username: username, UserAttributes, MessageAction: 'SUPPRESS' }),
    );
    await client.send(
      new AdminSetUserPasswordCommand({ UserPoolId, Username: username, Password: LOCAL_PASSWORD, Permanent: true }),
    );
    for (const GroupName of groups) {
      await client.send(new AdminAddUserToGroupCommand({ UserPoolId, Username: username, GroupName }));
    }
  } catch (error) {
    if (!(error instanceof Error) || error.name !== 'UsernameExistsException') throw error;
  }
  const user = await client.send(new AdminGetUserCommand({ UserPoolId, Username: username }));
  const sub = user.UserAttributes?.find((attribute) => attribute.Name === 'sub')?.Value;
  if (sub === undefined) throw new Error(`account ${username} has no subject`);
  return { username, userId: `usr_${sub.replaceAll('-', '')}` };
}

/** Signs in and answers with the access token. */
export async function signIn(ports: Ports, outputs: Outputs, username: string): Promise<string> {
  const answer = await cognito(ports).send(
    new InitiateAuthCommand({
      AuthFlow: 'USER_PASSWORD_AUTH',
      ClientId: outputs['UserPoolClientId'],
      AuthParameters: { USERNAME: username, PASSWORD: LOCAL_PASSWORD },
    }),
  );
  const token = answer.AuthenticationResult?.AccessToken;
  if (token === undefined) throw new Error(`${username} cannot sign in`);
  return token;
}

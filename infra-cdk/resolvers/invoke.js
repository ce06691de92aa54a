// The one AppSync resolver: hands the whole request to the Lambda and turns its answer into data or a typed error.
// It decides nothing; which Lambda answers which field follows from the SDL files.
import { util } from '@aws-appsync/utils';

/** @param {import('@aws-appsync/utils').Context} ctx */
export function request(ctx) {
  return {
    operation: 'Invoke',
    payload: {
      arguments: ctx.arguments,
      identity: ctx.identity,
      source: ctx.source,
      request: ctx.request,
      prev: ctx.prev,
      info: {
        fieldName: ctx.info.fieldName,
        parentTypeName: ctx.info.parentTypeName,
        variables: ctx.info.variables,
        selectionSetList: ctx.info.selectionSetList,
        selectionSetGraphQL: ctx.info.selectionSetGraphQL,
      },
      stash: ctx.stash,
    },
  };
}

/** @param {import('@aws-appsync/utils').Context} ctx */
export function response(ctx) {
  if (ctx.error) {
    // The Lambda itself failed; its message may say too much, so the client gets a neutral one.
    util.error('Something went wrong on our side.', 'INTERNAL', null, {
      code: 'INTERNAL',
      hint: 'Try again; quote the correlation id if it stays.',
      retryable: true,
    });
  }
  const answer = ctx.result;
  if (answer && answer.error) {
    const { code, message, hint, retryable, corrId, details } = answer.error;
    util.error(message, code, null, { code, hint, retryable, corrId, details });
  }
  return answer ? answer.data : null;
}

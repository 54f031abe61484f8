import type { FlowId } from '../../../../engine/model/flow-id.ts';

const BYTES = 16;

/** The id of a flow as the cookie of an action: the ufid in the order in which it is printed. */
export function cookieOf({ w0, w1, w2, w3 }: FlowId): Buffer {
  const cookie = Buffer.alloc(BYTES);
  cookie.writeUInt32BE(w0, 0);
  cookie.writeUInt32BE(w1, 4);
  cookie.writeUInt32BE(w2, 8);
  cookie.writeUInt32BE(w3, 12);
  return cookie;
}

/** The id of the flow in a cookie; undefined for a cookie of another length. */
export function flowIdOfCookie(cookie: Buffer): FlowId | undefined {
  if (cookie.length !== BYTES) return undefined;
  return {
    w0: cookie.readUInt32BE(0),
    w1: cookie.readUInt32BE(4),
    w2: cookie.readUInt32BE(8),
    w3: cookie.readUInt32BE(12),
  };
}

/** The id of a filter's flow, by the first of its actions with a cookie. */
export function flowIdOfActions(
  actions: readonly { readonly cookie: Buffer | undefined }[],
): FlowId | undefined {
  const cookie = actions.find((action) => action.cookie !== undefined)?.cookie;
  return cookie === undefined ? undefined : flowIdOfCookie(cookie);
}

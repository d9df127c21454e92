/** What is said to requests in flight when the instance that had them went away, or was ended by us. */
import { GatewayError } from '../kernel/errors.js';

export function lostWithServer(cause: GatewayError): GatewayError {
  // Ended by us for what it sent, an answer above the limit for one: that is what its operator must know.
  if (cause.code === 'GW_UPSTREAM_PROTOCOL') {
    const { hint = '' } = cause.options;
    return new GatewayError(cause.code, {
      hint: `${hint} Whether this request was carried out is unknown.`.trim(),
      log: { sent: true },
      cause,
    });
  }
  return new GatewayError('GW_UPSTREAM_UNREACHABLE', {
    hint: 'It went away while this request was in flight; whether it was carried out is unknown.',
    log: { sent: true },
    cause,
  });
}

/** A restart, a removal or a stop: the operator's doing, which does not count against the server. */
export function cutShort(): GatewayError {
  return new GatewayError('GW_DRAINING', {
    hint: 'Whether the request was carried out is unknown.',
    log: { sent: true },
  });
}

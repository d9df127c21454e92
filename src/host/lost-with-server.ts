/** What is said to requests in flight when the instance that had them went away, or was ended by us. */
import { GatewayError } from '../kernel/errors.js';

export function lostWithServer(cause: GatewayError): GatewayError {
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

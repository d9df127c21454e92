/** What is said to requests in flight when the instance that had them went away. */
import { GatewayError } from '../kernel/errors.js';

export function lostWithServer(cause: GatewayError): GatewayError {
  return new GatewayError('GW_UPSTREAM_UNREACHABLE', {
    hint: 'It went away while this request was in flight; whether it was carried out is unknown.',
    log: { sent: true },
    cause,
  });
}

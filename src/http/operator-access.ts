/** Who is asking, on the routes that are no server's: an operator, anyone the gateway knows, or a stranger. */
import type { Authenticator } from '../gateway/authenticator.js';
import type { HttpExchange } from '../gateway/exchange.js';
import type { Principal } from '../gateway/principal.js';
import { monotonicMs } from '../kernel/clock.js';

/** Operators sit at the machine itself or carry an admin key. Never rejects. */
export async function isOperator(
  authenticator: Authenticator,
  exchange: HttpExchange,
): Promise<boolean> {
  if (exchange.isLoopback) return true;
  return (await identify(authenticator, exchange))?.isAdmin ?? false;
}

/** Whoever proved an identity, or sits at the machine. Never rejects. */
export async function isKnown(
  authenticator: Authenticator,
  exchange: HttpExchange,
): Promise<boolean> {
  return exchange.isLoopback || (await identify(authenticator, exchange)) !== null;
}

async function identify(
  authenticator: Authenticator,
  exchange: HttpExchange,
): Promise<Principal | null> {
  const authorization = exchange.header('authorization');
  const apiKey = exchange.header('x-api-key');
  if (authorization === undefined && apiKey === undefined) return null;
  const { clientAddress } = exchange;
  try {
    return await authenticator.authenticate(
      { authorization, apiKey, clientAddress },
      monotonicMs(),
    );
  } catch {
    // A bad credential on an open route is treated as none.
    return null;
  }
}

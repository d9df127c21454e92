/** How one HTTP server of the configuration is reached. */
import type { Config, ServerConfig } from '../../config/config.js';
import { ClientCredentials } from '../upstream/client-credentials.js';
import { createStreamableHttp, type StreamableHttpOptions } from '../upstream/streamable-http.js';
import type { UpstreamTransport } from '../upstream/transport.js';
import { withUpstreamToken } from '../upstream/with-upstream-token.js';
import { mostConnections } from './served-servers.js';

const CONNECT_TIMEOUT_MS = 5_000;

export function connectHttp(
  config: Config,
  server: ServerConfig,
  observers: Required<Pick<StreamableHttpOptions, 'onIdleClosed' | 'onIdleGone' | 'onConnected'>>,
): UpstreamTransport {
  const { source } = server;
  if (source.kind !== 'http') throw new Error(`${server.name} is no HTTP server`);
  const transport = createStreamableHttp({
    url: source.url,
    headers:
      server.credential?.into === 'header'
        ? without(source.headers, server.credential.name)
        : source.headers,
    maxConnections: mostConnections(config, server),
    maxStreams: config.http.maxStreams,
    idleTimeoutMs: config.limits.idleTimeoutMs,
    connectTimeoutMs: CONNECT_TIMEOUT_MS,
    ...observers,
  });
  return source.oauth === null
    ? transport
    : withUpstreamToken(transport, new ClientCredentials(source.oauth));
}

/** A user's own credential stands in the place of the operator's header of the same name. */
function without(
  headers: Readonly<Record<string, string>>,
  name: string,
): Readonly<Record<string, string>> {
  const isOther = ([each]: [string, string]) => each.toLowerCase() !== name.toLowerCase();
  return Object.fromEntries(Object.entries(headers).filter(isOther));
}

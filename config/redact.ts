/**
 * A Config that may be shown: in the log, the dashboard, `config print`. Whatever can be a credential is replaced, and
 * what is only known to the operator's imagination (headers, environment variables of servers) counts as one.
 */
import type { Config, ServerConfig, ServerSource } from './config.js';

export const REDACTED = '[redacted]';

export function redactConfig(config: Config): Config {
  const { secrets, store, monitoring, servers } = config;
  const { webhook } = monitoring;
  return {
    ...config,
    secrets: {
      jwtSecret: redactedUnlessNull(secrets.jwtSecret),
      jwtSecretPrevious: redactedUnlessNull(secrets.jwtSecretPrevious),
      masterKey: redactedUnlessNull(secrets.masterKey),
      masterKeyPrevious: redactedUnlessNull(secrets.masterKeyPrevious),
    },
    store: {
      ...store,
      mongodbUri: store.mongodbUri === null ? null : withoutPassword(store.mongodbUri),
    },
    monitoring: {
      ...monitoring,
      // The path of a chat webhook is its password.
      webhook:
        webhook === null
          ? null
          : {
              ...webhook,
              url: `${new URL(webhook.url).origin}/${REDACTED}`,
              headers: redactedValues(webhook.headers),
            },
    },
    servers: Object.fromEntries(
      Object.entries(servers).map(([name, server]) => [name, redactServer(server)]),
    ),
  };
}

function redactServer(server: ServerConfig): ServerConfig {
  return { ...server, source: redactSource(server.source) };
}

function redactSource(source: ServerSource): ServerSource {
  switch (source.kind) {
    case 'stdio':
      // Arguments stay: an operator has to see what is run, and `ps` shows them to everyone anyway.
      return { ...source, env: redactedValues(source.env) };
    case 'http':
      return {
        ...source,
        url: withoutQuery(withoutPassword(source.url)),
        headers: redactedValues(source.headers),
        oauth: source.oauth === null ? null : { ...source.oauth, clientSecret: REDACTED },
      };
    case 'bundled':
    case 'module':
      return source;
  }
}

function redactedUnlessNull(value: string | null): string | null {
  return value === null ? null : REDACTED;
}

function redactedValues(values: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.keys(values).map((key) => [key, REDACTED]));
}

/** By hand: a MongoDB URI names several hosts, which `URL` does not parse. */
function withoutPassword(uri: string): string {
  return uri.replace(/^([^:/]+:\/\/)[^/?#]*@/, `$1${REDACTED}@`);
}

function withoutQuery(url: string): string {
  return url.replace(/\?.*$/s, `?${REDACTED}`);
}

/**
 * Settings that are each in range and cannot hold together (problems), or that hold otherwise than one would think
 * (warnings). One entry a rule; the first setting named is the one pointed at.
 */
import { mongodbUriFault } from './mongodb-uri.js';
import type { SettingPath, ProblemText } from './problem.js';
import type { ConfigFile } from './schema.js';
import { isLoopback } from './value-kinds.js';

interface Rule {
  readonly level: 'problem' | 'warning';
  /** All that the rule looks at; it is not asked when one of them is wrong in itself. */
  readonly settings: readonly [SettingPath, ...SettingPath[]];
  readonly check: (file: ConfigFile) => ProblemText | null;
}

export interface CrossFinding {
  readonly level: 'problem' | 'warning';
  readonly path: SettingPath;
  readonly what: ProblemText;
}

/** `isSound` says whether a setting is free of problems so far. */
export function crossCheck(
  file: ConfigFile,
  isSound: (path: SettingPath) => boolean,
): CrossFinding[] {
  return RULES.flatMap(({ level, settings, check }) => {
    const what = settings.every(isSound) ? check(file) : null;
    return what === null ? [] : [{ level, path: settings[0], what }];
  });
}

const LOCAL_URL = /^http:\/\/(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::|\/|$)/i;

const RULES: readonly Rule[] = [
  {
    level: 'problem',
    settings: [
      ['global', 'queueMaxPerUser'],
      ['global', 'queueMaxSize'],
    ],
    check: ({ global }) => atMost('queueMaxSize', global.queueMaxPerUser ?? 0, global.queueMaxSize),
  },
  {
    level: 'problem',
    settings: [
      ['http', 'maxStreamsPerUser'],
      ['http', 'maxStreams'],
    ],
    check: ({ http }) => atMost('maxStreams', http.maxStreamsPerUser, http.maxStreams),
  },
  {
    level: 'problem',
    settings: [['global', 'publicUrl']],
    check: ({ global }) =>
      /[?#]/.test(global.publicUrl ?? '')
        ? { message: 'must not have a query or fragment: clients append /{server}/mcp' }
        : null,
  },
  {
    level: 'problem',
    settings: [
      ['auth', 'authorizationServers'],
      ['global', 'publicUrl'],
    ],
    check: ({ auth, global }) =>
      auth.authorizationServers.length > 0 && global.publicUrl === undefined
        ? {
            message: 'needs global.publicUrl: the metadata names the gateway by its public URL',
          }
        : null,
  },
  {
    level: 'problem',
    settings: [
      ['auth', 'jwt'],
      ['auth', 'jwt', 'issuer'],
      ['auth', 'jwt', 'audience'],
    ],
    check: ({ auth: { jwt, authorizationServers } }) =>
      jwt.keys.length + jwt.jwksUrls.length > 0 &&
      (jwt.issuer === undefined ||
        (jwt.audience === undefined && authorizationServers.length === 0))
        ? {
            at: 'key',
            message:
              'needs "issuer", and "audience" or auth.authorizationServers, once foreign keys are trusted',
            hint: 'an issuer signs tokens for other services too, and those must not open this gateway',
          }
        : null,
  },
  {
    level: 'problem',
    settings: [['store', 'mongodbUri']],
    check: ({ store }) =>
      store.mongodbUri === undefined ? null : mongodbUriFault(store.mongodbUri),
  },
  {
    level: 'problem',
    settings: [['auth', 'jwt', 'jwksUrls']],
    check: ({ auth: { jwt } }) =>
      jwt.jwksUrls.every((url) => url.startsWith('https:') || LOCAL_URL.test(url))
        ? null
        : { message: 'must be https: whoever can change the answer can sign tokens' },
  },
  {
    level: 'warning',
    settings: [
      ['auth', 'required'],
      ['global', 'host'],
    ],
    check: ({ auth, global }) =>
      auth.required || isLoopback(global.host)
        ? null
        : { message: `is false, and ${global.host} is reachable from other machines` },
  },
  {
    level: 'warning',
    settings: [
      ['global', 'maxConnectionsPerServer'],
      ['global', 'maxTotalConnections'],
    ],
    check: ({ global }) => beyondTotal(global.maxConnectionsPerServer, global.maxTotalConnections),
  },
  {
    level: 'warning',
    settings: [
      ['global', 'maxConcurrentRequestsPerUser'],
      ['global', 'maxTotalConnections'],
    ],
    check: ({ global }) =>
      beyondTotal(global.maxConcurrentRequestsPerUser, global.maxTotalConnections),
  },
  {
    level: 'warning',
    settings: [
      ['global', 'enableAdaptiveRateLimit'],
      ['global', 'rateLimitTokens'],
      ['global', 'perUserLimit'],
      ['global', 'perServerLimit'],
    ],
    check: ({ global, servers, mcpServers }) =>
      global.enableAdaptiveRateLimit &&
      (global.rateLimitTokens ?? global.perUserLimit ?? global.perServerLimit) === undefined &&
      ![...Object.values(servers), ...Object.values(mcpServers)].some((entry) => entry.rateLimit)
        ? { message: 'has no effect: there is no rate limit to adapt' }
        : null,
  },
];

function atMost(otherName: string, value: number, other: number): ProblemText | null {
  return value <= other
    ? null
    : { message: `must not exceed ${otherName}, and ${value} is more than ${other}` };
}

function beyondTotal(value: number, total: number): ProblemText | null {
  return value <= total
    ? null
    : { message: `is ${value}, and maxTotalConnections ends at ${total} before` };
}

/** Whether the gateway could take its port, or who has it. */
import { createServer } from 'node:net';
import type { Config } from '../../../config/config.js';
import { EXIT } from '../../kernel/exit-codes.js';
import { findListener } from '../../kernel/find-listener.js';
import type { Patient } from './check.js';
import { failure, fine, note, warning, type Finding } from './finding.js';

export async function examinePort({ inspection, gateway }: Patient): Promise<readonly Finding[]> {
  if (inspection === null) return [];
  const { config } = inspection;
  const place = `${config.host}:${config.port}`;
  const exposure = judgeExposure(config);
  if (gateway !== null) {
    return [fine('port', `the gateway serves ${gateway.url}, pid ${gateway.pid}`), ...exposure];
  }
  const problem = config.port === 0 ? null : await bindProblem(config.host, config.port);
  switch (problem) {
    case null:
      return [fine('port', `${place} is free`), ...exposure];
    case 'EADDRINUSE': {
      const { pid, description } = await findListener(config.port);
      const fix = `stop it${pid === null ? '' : ` (kill ${pid})`}, or set PORT`;
      return [failure('port', `${place} is held by ${description}`, fix, EXIT.tryAgain)];
    }
    case 'EACCES':
      return [
        failure(
          'port',
          `${place} needs privileges that this user has not`,
          'set PORT above 1023 behind a proxy, or AmbientCapabilities=CAP_NET_BIND_SERVICE in the unit',
          EXIT.permission,
        ),
      ];
    case 'EADDRNOTAVAIL':
      return [
        failure('port', `this machine has no address ${config.host}`, 'set HOST', EXIT.config),
      ];
    default:
      return [
        failure('port', `${place} cannot be bound: ${problem}`, 'set HOST, PORT', EXIT.config),
      ];
  }
}

/** Whether strangers can reach it, and with what. */
export function judgeExposure(config: Config): readonly Finding[] {
  const { host, publicUrl, auth, trustProxy } = config;
  if (['127.0.0.1', '::1', 'localhost'].includes(host)) {
    if (publicUrl === null || trustProxy.length > 0) return [];
    return [
      note(
        'exposure',
        'global.publicUrl is set and global.trustProxy is not: clients appear as the proxy',
        'set global.trustProxy to the address of the proxy',
      ),
    ];
  }
  if (!auth.required) {
    const message = `everyone who reaches ${host} may call every server: auth.required is false`;
    return [warning('exposure', message, 'remove auth.required, or set HOST=127.0.0.1')];
  }
  if (publicUrl?.startsWith('https:') === true) return [];
  const message = `${host} is open to the network, and keys pass it unencrypted`;
  return [
    warning('exposure', message, 'put a TLS proxy in front (deploy/nginx.conf) and set publicUrl'),
  ];
}

function bindProblem(host: string, port: number): Promise<string | null> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => {
      resolve(error.code ?? error.message);
    });
    server.listen({ host, port, exclusive: true }, () => {
      server.close(() => {
        resolve(null);
      });
    });
  });
}

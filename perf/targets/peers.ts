/**
 * Other gateways before the same stdio server, installed on demand from the registry into
 * node_modules/.cache, with the versions below.
 */
import { execFileSync, spawn } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { freePort, started, untilAccepting, type Started } from './started.js';

export interface Peer extends Started {
  readonly name: string;
  readonly port: number;
  readonly path: string;
  /** `mcp`: Streamable HTTP with a session; `rest`: mcp-hub's own. */
  readonly speaks: 'mcp' | 'rest';
}

const PACKAGES = {
  'mcp-proxy': '6.7.19',
  supergateway: '4.0.0',
  'mcp-hub': '4.2.1',
  express: '5.3.0',
  '@modelcontextprotocol/sdk': '1.32.2',
};
const HOME = resolve('node_modules/.cache/multi-mcp-peers');
const BY_HAND = 'express-sdk.mjs';

/** Downloads nothing when that was done before. */
export function installPeers(): void {
  if (!existsSync(join(HOME, 'node_modules'))) {
    mkdirSync(HOME, { recursive: true });
    writeFileSync(join(HOME, 'package.json'), JSON.stringify({ dependencies: PACKAGES }));
    process.stderr.write('installing the peers …\n');
    execFileSync('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund'], {
      cwd: HOME,
      stdio: ['ignore', 'ignore', 'inherit'],
    });
  }
  copyFileSync(join('perf/peers', BY_HAND), join(HOME, BY_HAND));
}

/** `child` is the program of the stdio server. */
export async function startPeer(name: keyof typeof PEERS, child: string): Promise<Peer> {
  const port = await freePort();
  const { args, path, speaks } = PEERS[name];
  const running = started(
    spawn(process.execPath, args(port, child), {
      cwd: HOME,
      stdio: ['ignore', 'ignore', 'ignore'],
    }),
  );
  await untilAccepting(port);
  return { ...running, name: `${name}${versionOf(name)}`, port, path, speaks };
}

function versionOf(name: string): string {
  const version = Object.entries(PACKAGES).find(([pkg]) => pkg === name)?.[1];
  return version === undefined ? '' : ` ${version}`;
}

interface PeerKind {
  readonly args: (port: number, child: string) => readonly string[];
  readonly path: string;
  readonly speaks: Peer['speaks'];
}

export const PEERS = {
  'mcp-proxy': {
    args: (port, child) => [
      binary('mcp-proxy', 'dist/bin/mcp-proxy.mjs'),
      ...['--host', '127.0.0.1', '--port', String(port), '--server', 'stream', '--'],
      ...[process.execPath, child],
    ],
    path: '/mcp',
    speaks: 'mcp',
  },
  supergateway: {
    args: (port, child) => [
      binary('supergateway', 'dist/index.js'),
      ...['--stdio', `${process.execPath} ${child}`, '--outputTransport', 'streamableHttp'],
      ...['--stateful', '--port', String(port), '--logLevel', 'none'],
    ],
    path: '/mcp',
    speaks: 'mcp',
  },
  'mcp-hub': {
    args: (port, child) => {
      const file = join(HOME, `hub-${port}.json`);
      writeFileSync(
        file,
        JSON.stringify({ mcpServers: { stdio: { command: process.execPath, args: [child] } } }),
      );
      return [binary('mcp-hub', 'dist/cli.js'), '--port', String(port), '--config', file];
    },
    path: '/api/servers/tools',
    speaks: 'rest',
  },
  'Express + SDK by hand': {
    args: (port, child) => [BY_HAND, String(port), process.execPath, child],
    path: '/mcp',
    speaks: 'mcp',
  },
} satisfies Record<string, PeerKind>;

function binary(name: string, file: string): string {
  return join(HOME, 'node_modules', name, file);
}

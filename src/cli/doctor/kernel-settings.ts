/** Limits that the kernel sets: open files, accept queue, queued connections at a restart, outgoing ports. */
import { readFile } from 'node:fs/promises';
import type { Patient } from './check.js';
import { fine, note, warning, type Finding } from './finding.js';

export interface KernelReadings {
  /** Soft and hard limit of the gateway, or of this shell where none runs; null when unknown. */
  readonly openFiles: { readonly soft: number; readonly hard: number } | null;
  readonly somaxconn: number | null;
  readonly tcpMigrateReq: number | null;
  /** Lowest and highest. */
  readonly localPorts: readonly [number, number] | null;
}

const GOOD_OPEN_FILES = 65_536;
const MIN_OPEN_FILES = 8192;
const MIN_BACKLOG = 1024;
const MIN_LOCAL_PORTS = 10_000;
const SYSCTL_FILE = '/etc/sysctl.d/90-multi-mcp.conf';

export async function examineKernel({ gateway, inspection }: Patient): Promise<readonly Finding[]> {
  const readings = await readKernel(gateway?.pid ?? 'self');
  const port = inspection?.config.port ?? null;
  return judgeKernel(readings, gateway === null ? 'this shell' : 'the running gateway', port);
}

export function judgeKernel(
  readings: KernelReadings,
  whose: string,
  port: number | null,
): readonly Finding[] {
  const { openFiles, somaxconn, tcpMigrateReq, localPorts } = readings;
  const sysctl = (setting: string): string =>
    `sysctl -w ${setting}   (to stay: echo '${setting}' >> ${SYSCTL_FILE})`;
  return [
    openFiles === null ? unknown('open files') : judgeOpenFiles(openFiles, whose),
    somaxconn === null
      ? unknown('somaxconn')
      : somaxconn < MIN_BACKLOG
        ? warning(
            'somaxconn',
            `net.core.somaxconn is ${somaxconn}: bursts of new connections are refused`,
            sysctl('net.core.somaxconn=4096'),
          )
        : fine('somaxconn', `net.core.somaxconn is ${somaxconn}`),
    tcpMigrateReq === null
      ? unknown('tcp_migrate_req')
      : tcpMigrateReq === 0
        ? warning(
            'tcp_migrate_req',
            'net.ipv4.tcp_migrate_req is 0: connections queued at a worker that ends are reset',
            sysctl('net.ipv4.tcp_migrate_req=1'),
          )
        : fine('tcp_migrate_req', 'net.ipv4.tcp_migrate_req is 1: restarts lose no connection'),
    localPorts === null ? unknown('local ports') : judgeLocalPorts(localPorts, port, sysctl),
  ];
}

function judgeOpenFiles(
  { soft, hard }: { readonly soft: number; readonly hard: number },
  whose: string,
): Finding {
  const message = `open file limit of ${whose}: ${soft} (hard ${hard})`;
  if (soft >= MIN_OPEN_FILES) return fine('open files', message);
  const fix =
    hard >= GOOD_OPEN_FILES
      ? `ulimit -n ${GOOD_OPEN_FILES}, or start with ./start-production.sh, or LimitNOFILE=${GOOD_OPEN_FILES} in the unit`
      : `LimitNOFILE=${GOOD_OPEN_FILES} in the unit, or "* hard nofile ${GOOD_OPEN_FILES}" in /etc/security/limits.conf`;
  return warning('open files', `${message}: a worker accepts ${Math.floor(soft / 2)} sockets`, fix);
}

function judgeLocalPorts(
  [lowest, highest]: readonly [number, number],
  port: number | null,
  sysctl: (setting: string) => string,
): Finding {
  const message = `net.ipv4.ip_local_port_range is ${lowest} to ${highest}`;
  if (port !== null && port >= lowest && port <= highest) {
    return warning(
      'local ports',
      `${message}: an outgoing connection may sit on port ${port} before the gateway starts`,
      sysctl(`net.ipv4.ip_local_reserved_ports=${port}`),
    );
  }
  return highest - lowest < MIN_LOCAL_PORTS
    ? warning('local ports', message, sysctl('net.ipv4.ip_local_port_range="10240 65535"'))
    : fine('local ports', message);
}

function unknown(check: string): Finding {
  return note(check, 'not shown by this system');
}

export async function readKernel(pid: number | 'self'): Promise<KernelReadings> {
  const limits = await readFile(`/proc/${pid}/limits`, 'utf8').catch(() => '');
  const files = /^Max open files\s+(\d+|unlimited)\s+(\d+|unlimited)/m.exec(limits);
  const [somaxconn = null] = await readNumbers('net/core/somaxconn');
  const [tcpMigrateReq = null] = await readNumbers('net/ipv4/tcp_migrate_req');
  const [lowest, highest] = await readNumbers('net/ipv4/ip_local_port_range');
  return {
    openFiles: files === null ? null : { soft: limitOf(files[1]), hard: limitOf(files[2]) },
    somaxconn,
    tcpMigrateReq,
    localPorts: lowest === undefined || highest === undefined ? null : [lowest, highest],
  };
}

function limitOf(text: string | undefined): number {
  return text === 'unlimited' ? Number.POSITIVE_INFINITY : Number(text);
}

async function readNumbers(name: string): Promise<readonly number[]> {
  const text = await readFile(`/proc/sys/${name}`, 'utf8').catch(() => '');
  return text.trim() === '' ? [] : text.trim().split(/\s+/).map(Number);
}

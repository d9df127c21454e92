/** Which front would serve: uWebSockets.js where its binary loads, node:http elsewhere (docs/fronts.md). */
import type { Config } from '../../../config/config.js';
import { EXIT } from '../../kernel/exit-codes.js';
import type { Patient } from './check.js';
import { failure, fine, note, warning, type Finding } from './finding.js';
import { inspectUwsBinary, type UwsBinary } from './uws-binary.js';

const REINSTALL = 'npm ci --ignore-scripts (installs the pinned package again)';
const FIXES = {
  absent: REINSTALL,
  unsupported: 'use Node.js 24, 22 or 20 on glibc Linux, macOS or Windows',
  'does-not-load':
    'use a distribution with glibc 2.38 or newer (Debian 13, Ubuntu 24.04), or Node.js 20, whose binary needs 2.27',
} as const;

export async function examineFront({ inspection }: Patient): Promise<readonly Finding[]> {
  return judgeFront(inspection?.config.front ?? 'auto', await inspectUwsBinary(), libc());
}

/** `libc`: for people, such as `glibc 2.36`. */
export function judgeFront(
  wanted: Config['front'],
  binary: UwsBinary,
  libcName: string,
): readonly Finding[] {
  if (binary.state === 'changed') {
    const message = `${binary.file} is not the binary that this release was tested with`;
    return [failure('front', message, REINSTALL, EXIT.config)];
  }
  if (wanted === 'node') return [note('front', 'node:http serves: the configuration says so')];
  if (binary.state === 'loads') {
    const hash = binary.isPinned ? 'hash as pinned' : 'no hash is known for this platform';
    return [fine('front', `uWebSockets.js serves; its binary loads, ${hash}, ${libcName}`)];
  }
  const reason = `uWebSockets.js does not load here (${libcName}): ${binary.reason}`;
  if (wanted === 'uws') {
    return [failure('front', reason, 'set global.front to "auto"', EXIT.config)];
  }
  return [
    warning('front', `node:http serves, at about twice the CPU; ${reason}`, FIXES[binary.state]),
  ];
}

function libc(): string {
  const report: unknown = process.report.getReport();
  const header =
    typeof report === 'object' && report !== null && 'header' in report ? report.header : null;
  if (typeof header !== 'object' || header === null) return 'C library unknown';
  return 'glibcVersionRuntime' in header
    ? `glibc ${String(header.glibcVersionRuntime)}`
    : 'musl or another C library';
}

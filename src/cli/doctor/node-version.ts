/** Whether this Node.js is one that the gateway supports, and still gets security fixes. */
import { EXIT } from '../../kernel/exit-codes.js';
import { failure, fine, note, type Finding } from './finding.js';

/** `engines` of package.json says the same; upstream ends of life: nodejs.org/en/about/previous-releases. */
const OLDEST: Readonly<Record<number, number>> = { 20: 19, 22: 12 };
const NEWEST_LISTED = 24;

export function examineNode(version = process.version): readonly Finding[] {
  const [major = 0, minor = 0] = version.slice(1).split('.').map(Number);
  const oldestMinor = OLDEST[major];
  const isSupported = oldestMinor === undefined ? major >= NEWEST_LISTED : minor >= oldestMinor;
  if (!isSupported) {
    return [
      failure(
        'node',
        `Node.js ${version} is not supported`,
        'install Node.js 24, 22.12+ or 20.19+',
        EXIT.config,
      ),
    ];
  }
  if (major > 20) return [fine('node', `Node.js ${version}`)];
  return [
    note(
      'node',
      `Node.js ${version} works, but gets no security fixes since April 2026`,
      'install Node.js 24 or 22 (their uWebSockets.js needs glibc 2.38: Debian 13, Ubuntu 24.04)',
    ),
  ];
}

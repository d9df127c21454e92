/** The file systems of data and logs: is there room, do they last, and can a database live there? */
import { access, constants, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { EXIT } from '../../kernel/exit-codes.js';
import type { Patient } from './check.js';
import { failure, fine, warning, type Finding } from './finding.js';

export interface DiskReadings {
  readonly freeBytes: number;
  readonly totalBytes: number;
  /** Null where the file system counts none. */
  readonly freeFilesRatio: number | null;
  /** Magic number of statfs(2). */
  readonly type: number;
  readonly isWritable: boolean;
}

export interface Place {
  readonly name: 'data' | 'logs';
  readonly path: string;
  /** Whether the embedded store lives there. */
  readonly hasDatabase: boolean;
}

/** From linux/magic.h. */
const TMPFS = 0x0102_1994;
const OVERLAY = 0x794c_7630;
const NETWORK: ReadonlyMap<number, string> = new Map([
  [0x6969, 'NFS'],
  [0xff53_4d42, 'CIFS'],
  [0xfe53_4d42, 'SMB'],
]);

const MIB = 1024 * 1024;
const FULL_BYTES = 100 * MIB;
const LOW_BYTES = 1024 * MIB;
const LOW_RATIO = 0.05;

export async function examineDisk({ inspection }: Patient): Promise<readonly Finding[]> {
  if (inspection === null) return [];
  const { dataDir, logDir, store } = inspection.config;
  const places: readonly Place[] = [
    { name: 'data', path: dataDir, hasDatabase: store.mongodbUri === null },
    { name: 'logs', path: logDir, hasDatabase: false },
  ];
  const found = await Promise.all(
    places.map(async (place) => judgeDisk(place, await readDisk(place.path))),
  );
  return found.flat();
}

export function judgeDisk(place: Place, readings: DiskReadings): readonly Finding[] {
  const { name, path, hasDatabase } = place;
  const check = `${name} disk`;
  const { freeBytes, totalBytes, freeFilesRatio, type, isWritable } = readings;
  const findings: Finding[] = [];
  if (!isWritable) {
    const fix = `chown it to the gateway's user, or set ${name === 'data' ? 'DATA_DIR' : 'LOG_DIR'}`;
    findings.push(failure(check, `${path} is not writable for this user`, fix, EXIT.permission));
  }
  const network = NETWORK.get(type);
  if (network !== undefined && hasDatabase) {
    const message = `${path} is on ${network}, where the embedded store's locks do not hold`;
    findings.push(failure(check, message, 'set DATA_DIR to a local disk', EXIT.config));
  }
  if (name === 'data' && (type === TMPFS || type === OVERLAY)) {
    const where = type === TMPFS ? 'in memory (tmpfs)' : 'in a container layer (overlay)';
    const message = `${path} is ${where}: keys are gone with it`;
    findings.push(warning(check, message, 'mount a volume there, or set DATA_DIR'));
  }
  const room = `${gib(freeBytes)} of ${gib(totalBytes)} free at ${path}`;
  const fix = 'free some space, or lower logging.retentionDays';
  if (freeBytes < FULL_BYTES) findings.push(failure(check, room, fix, EXIT.unavailable));
  else if (freeBytes < LOW_BYTES || freeBytes < totalBytes * LOW_RATIO) {
    findings.push(warning(check, room, fix));
  } else if (freeFilesRatio !== null && freeFilesRatio < LOW_RATIO) {
    const message = `${Math.round(freeFilesRatio * 100)} % of the inodes free at ${path}`;
    findings.push(warning(check, message, 'delete small files on that file system'));
  }
  return findings.length > 0 ? findings : [fine(check, room)];
}

function gib(bytes: number): string {
  return bytes < 1024 * MIB
    ? `${Math.round(bytes / MIB)} MiB`
    : `${(bytes / (1024 * MIB)).toFixed(1)} GiB`;
}

/** Of the directory, or of the nearest one above it that exists: a start makes the rest. */
export async function readDisk(path: string): Promise<DiskReadings> {
  let directory = path;
  for (;;) {
    const stats = await statfs(directory).catch(() => null);
    if (stats !== null) {
      const { bavail, blocks, bsize, files, ffree, type } = stats;
      return {
        freeBytes: bavail * bsize,
        totalBytes: blocks * bsize,
        freeFilesRatio: files === 0 ? null : ffree / files,
        type,
        isWritable: await access(directory, constants.W_OK).then(
          () => true,
          () => false,
        ),
      };
    }
    const above = dirname(directory);
    if (above === directory) throw new Error(`${path} is on no file system`);
    directory = above;
  }
}

/**
 * Names of archived logs: `requests-2026-11-21.log` holds what a log began to hold on that local day, a second archive of
 * the day is `requests-2026-11-21.1.log`, and either becomes `….log.gz`.
 */

export interface LogArchiveName {
  /** The archive whatever its form: `requests-2026-11-21.1.log`. */
  readonly log: string;
  /** `2026-11-21`; such texts sort as days do. */
  readonly day: string;
  /** Of the archives of one day, in the order in which they were made. */
  readonly count: number;
  /** `log`, `log.gz`, or `log.gz.tmp` while it is compressed. */
  readonly ending: string;
}

export const UNFINISHED = '.gz.tmp';

/** `stem` is the log's name without `.log`. Null where `name` is no archive of it. */
export function parseArchiveName(stem: string, name: string): LogArchiveName | null {
  if (!name.startsWith(`${stem}-`)) return null;
  const rest = name.slice(stem.length + 1);
  const [, day, count = '0', ending] =
    /^(\d{4}-\d\d-\d\d)(?:\.(\d+))?\.(log(?:\.gz(?:\.tmp)?)?)$/.exec(rest) ?? [];
  if (day === undefined || ending === undefined) return null;
  const log = name.slice(0, name.length - ending.length) + 'log';
  return { log, day, count: Number(count), ending };
}

/** `count` 0 is the first of its day. */
export function archiveName(stem: string, day: string, count: number): string {
  return count === 0 ? `${stem}-${day}.log` : `${stem}-${day}.${count}.log`;
}

/** The local day. */
export function dayText(date: Date): string {
  const two = (part: number): string => String(part).padStart(2, '0');
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

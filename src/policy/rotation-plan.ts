/**
 * What a folder of logs needs now: which log of an earlier day becomes an archive, which archive can be
 * compressed, which is too old. Everything follows from the folder itself, so a restart at any point goes
 * on where the last process stopped.
 */
import {
  archiveName,
  dayText,
  parseArchiveName,
  UNFINISHED,
  type LogArchiveName,
} from './log-archive-name.js';

export interface LogFolder {
  readonly now: Date;
  /** The files that are written now. */
  readonly logs: readonly CurrentLog[];
  /** Every name in the folder with what is known of it; foreign names are left alone. */
  readonly present: readonly PresentFile[];
  readonly retentionDays: number;
  /** An archive that has not changed for this long has no writer left. */
  readonly graceMs: number;
}

export interface CurrentLog {
  /** Ends in `.log`. */
  readonly name: string;
  /** When its first line was written; null when it is missing or empty. */
  readonly beganAt: Date | null;
}

export interface PresentFile {
  readonly name: string;
  /** Of the file's last write, renaming or linking (`ctime`). */
  readonly changedAt: Date;
  readonly inode: number;
}

export type RotationStep =
  /** Give `file` the name `archive`, which is free. */
  | { readonly kind: 'archive'; readonly file: string; readonly archive: string }
  /** `file` is an archive already: only its old name is left to be removed. */
  | { readonly kind: 'unname'; readonly file: string }
  /** `spare` is for when `compressed` exists and holds something else. */
  | {
      readonly kind: 'compress';
      readonly file: string;
      readonly compressed: string;
      readonly spare: string;
    }
  | { readonly kind: 'delete'; readonly file: string };

export interface RotationPlan {
  readonly steps: readonly RotationStep[];
  /** Archives that may still have a writer: it must be told again to reopen its logs. */
  readonly waiting: readonly string[];
}

type Archive = PresentFile & LogArchiveName;

/** Steps in the order in which they are to be done; each is safe to be the last one. */
export function rotationPlan(folder: LogFolder): RotationPlan {
  const { now, logs, present, retentionDays, graceMs } = folder;
  const today = dayText(now);
  const oldest = dayText(
    new Date(now.getFullYear(), now.getMonth(), now.getDate() - retentionDays),
  );
  const taken = new Set(present.map(({ name }) => name));
  const moves: RotationStep[] = [];
  const others: RotationStep[] = [];
  const waiting: string[] = [];

  for (const { name, beganAt } of logs) {
    const stem = name.slice(0, -'.log'.length);
    const archives = archivesOf(stem, present);
    const inode = present.find((file) => file.name === name)?.inode;
    if (archives.some((archive) => archive.inode === inode)) {
      moves.push({ kind: 'unname', file: name });
    } else if (beganAt !== null && dayText(beganAt) < today) {
      const archive = freeName(stem, dayText(beganAt), taken);
      taken.add(archive);
      moves.push({ kind: 'archive', file: name, archive });
    }
    for (const archive of archives) {
      const { name: file, day, ending, changedAt } = archive;
      if (ending === 'log.gz.tmp') {
        // One that is being written has its source beside it.
        if (!taken.has(file.slice(0, -UNFINISHED.length))) others.push({ kind: 'delete', file });
      } else if (day < oldest) others.push({ kind: 'delete', file });
      else if (ending === 'log') {
        if (now.getTime() - changedAt.getTime() < graceMs) waiting.push(file);
        else {
          const spare = `${freeName(stem, day, taken)}.gz`;
          taken.add(spare);
          others.push({ kind: 'compress', file, compressed: `${file}.gz`, spare });
        }
      }
    }
  }
  return { steps: [...moves, ...others], waiting };
}

/** The first local midnight after `now`; days of 23 and 25 hours included. */
export function nextMidnight(now: Date): Date {
  return new Date(now.getFullYear(), now.getMonth(), now.getDate() + 1);
}

function archivesOf(stem: string, present: readonly PresentFile[]): Archive[] {
  return present.flatMap((file) => {
    const parsed = parseArchiveName(stem, file.name);
    return parsed === null ? [] : [{ ...file, ...parsed }];
  });
}

/** Neither the name itself nor its later compressed form may exist. */
function freeName(stem: string, day: string, taken: ReadonlySet<string>): string {
  for (let count = 0; ; count += 1) {
    const name = archiveName(stem, day, count);
    const forms = [name, `${name}.gz`, `${name}${UNFINISHED}`];
    if (!forms.some((form) => taken.has(form))) return name;
  }
}

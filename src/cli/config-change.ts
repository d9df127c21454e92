/**
 * One change of the configuration file, made by a command: judged before anything is written, shown as a diff, then
 * put in the file's place in one step, with the old one kept beside it.
 */
import {
  chmodSync,
  chownSync,
  closeSync,
  copyFileSync,
  existsSync,
  constants,
  fsyncSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { inspectConfig } from '../../config/load.js';
import { formatProblems, type Problem } from '../../config/problem.js';
import { wallDate } from '../kernel/clock.js';
import { EXIT } from '../kernel/exit-codes.js';
import { CliError } from './cli-error.js';

const MAX_BACKUPS_A_SECOND = 100;

export interface ConfigText {
  /** Where links lead. */
  readonly path: string;
  readonly text: string;
  readonly problems: readonly Problem[];
}

/** Throws ConfigError or CliError where there is no file that could be changed. */
export function readConfigText(path: string | undefined): ConfigText {
  const { config, problems } = inspectConfig({ path });
  if (config.configPath === null)
    throw new CliError(EXIT.config, 'There is no configuration file.');
  const place = realpathSync(config.configPath);
  const text = readFileSync(place, 'utf8');
  const broken = problems.filter(({ message }) => message.startsWith('is not valid JSON'));
  if (broken.length > 0) throw refusal(broken, 'The file must be readable before it is changed');
  return { path: place, text, problems };
}

/** Throws CliError with what would be wrong with the new text that is not wrong with the old one. */
export function requireNoNewProblem(before: ConfigText, text: string): void {
  const told = new Set(before.problems.map(nameOf));
  const { problems } = inspectConfig({ path: before.path, text });
  const fresh = problems.filter((problem) => !told.has(nameOf(problem)));
  if (fresh.length > 0) throw refusal(fresh, 'Nothing was written, as this would be wrong');
}

/** Returns where the old file is kept. */
export function replaceConfig({ path }: ConfigText, text: string): string {
  const stamp = wallDate()
    .toISOString()
    .replace(/\.\d+Z$/, '')
    .replaceAll(':', '-');
  const draft = join(dirname(path), `.${process.pid}.${stamp}.new`);
  try {
    const backup = backUp(path, stamp);
    const { mode, uid, gid } = statSync(path);
    writeFileSync(draft, text, { mode: 0o600, flag: 'wx' });
    // Whoever ran the command, the gateway's user must be able to read it as before.
    if (uid !== process.getuid?.() || gid !== process.getgid?.()) chownSync(draft, uid, gid);
    chmodSync(draft, mode & 0o777);
    const file = openSync(draft, 'r');
    fsyncSync(file);
    closeSync(file);
    renameSync(draft, path);
    return backup;
  } catch (cause) {
    rmSync(draft, { force: true });
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new CliError(EXIT.permission, `${path} was not changed: ${reason}`, { cause });
  }
}

/** Never over another one: there may be more commands than one within a second. */
function backUp(path: string, stamp: string): string {
  for (let count = 1; ; count += 1) {
    const backup = `${path}.${stamp}${count === 1 ? '' : `-${count}`}.bak`;
    if (existsSync(backup) && count < MAX_BACKUPS_A_SECOND) continue;
    copyFileSync(path, backup, constants.COPYFILE_EXCL);
    return backup;
  }
}

function nameOf({ path, message }: Problem): string {
  return `${path} ${message}`;
}

function refusal(problems: readonly Problem[], why: string): CliError {
  return new CliError(EXIT.config, `${why}:\n${formatProblems(problems, { color: false })}`);
}

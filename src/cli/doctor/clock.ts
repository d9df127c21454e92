/**
 * Clocks: tokens are judged by the wall clock, so it must be set by something; deadlines by the monotonic one,
 * which is read several times a request, so it must be cheap.
 */
import { execFile } from 'node:child_process';
import { readFile, stat } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { monotonicMs, wallDate } from '../../kernel/clock.js';
import { fine, note, warning, type Finding } from './finding.js';

export interface ClockReadings {
  /** Null when nothing on this system tells. */
  readonly isSynchronised: boolean | null;
  /** What the kernel reads time from; null when unknown. */
  readonly source: string | null;
  /** By how much the wall clock moved more than the monotonic one while it was watched. */
  readonly stepMs: number;
  /** The wall clock against when this release was built; a clock that was never set lies before. */
  readonly isBeforeBuild: boolean;
}

const WATCH_MS = 200;
const MAX_STEP_MS = 20;
/** Read by a system call instead of in user space. */
const SLOW_SOURCES = new Set(['hpet', 'acpi_pm', 'jiffies', 'refined-jiffies', 'pit']);
const SYNC_FIX = 'timedatectl set-ntp true (or: apt-get install chrony)';

export async function examineClock(): Promise<readonly Finding[]> {
  return judgeClock(await readClocks());
}

export function judgeClock(readings: ClockReadings): readonly Finding[] {
  const { isSynchronised, source, stepMs, isBeforeBuild } = readings;
  const findings: Finding[] = [];
  if (isBeforeBuild) {
    findings.push(warning('clock', 'the clock stands before the day this was built', SYNC_FIX));
  }
  if (isSynchronised === false) {
    const message = 'the clock is not synchronised: tokens are refused early or late';
    findings.push(warning('clock', message, SYNC_FIX));
  }
  if (Math.abs(stepMs) > MAX_STEP_MS) {
    const message = `the wall clock stepped by ${Math.round(stepMs)} ms while it was watched`;
    findings.push(warning('clock', message, 'let chrony or systemd-timesyncd slew it'));
  }
  if (source !== null && SLOW_SOURCES.has(source)) {
    const message = `the kernel's clock source is ${source}: each reading costs about 1 µs`;
    const fix =
      'see /sys/devices/system/clocksource/clocksource0/available_clocksource; boot with tsc=reliable if the CPU allows';
    findings.push(warning('clock', message, fix));
  }
  if (findings.length > 0) return findings;
  const described = `steady${source === null ? '' : `, source ${source}`}`;
  return isSynchronised === null
    ? [note('clock', `${described}; whether it is synchronised, nothing here tells`, 'timedatectl')]
    : [fine('clock', `synchronised, ${described}`)];
}

async function readClocks(): Promise<ClockReadings> {
  const [isSynchronised, source, built] = await Promise.all([
    synchronised(),
    readFile('/sys/devices/system/clocksource/clocksource0/current_clocksource', 'utf8').catch(
      () => null,
    ),
    stat(new URL(import.meta.url)).catch(() => null),
  ]);
  const atMs = monotonicMs();
  const wallMs = wallDate().getTime();
  await pause(WATCH_MS);
  return {
    isSynchronised,
    source: source?.trim() ?? null,
    stepMs: wallDate().getTime() - wallMs - (monotonicMs() - atMs),
    isBeforeBuild: built !== null && wallDate() < built.mtime,
  };
}

/** systemd-timesyncd leaves a file; timedatectl knows of chrony and ntpd too, where systemd runs. */
async function synchronised(): Promise<boolean | null> {
  if ((await stat('/run/systemd/timesync/synchronized').catch(() => null)) !== null) return true;
  const said = await new Promise<string>((resolve) => {
    const args = ['show', '--property=NTPSynchronized', '--value'];
    execFile('timedatectl', args, { timeout: 3000 }, (error, stdout) => {
      resolve(error === null ? stdout.trim() : '');
    });
  });
  return said === 'yes' ? true : said === 'no' ? false : null;
}

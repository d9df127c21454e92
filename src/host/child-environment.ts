/**
 * The environment of a stdio child: what every program needs, what the configuration declares, and
 * nothing else, so that the gateway's own secrets never reach a child (RELIABILITY §6 row 12).
 */

const INHERITED = ['PATH', 'HOME', 'LANG', 'TMPDIR'] as const;
/** Where POSIX systems keep their programs; for a gateway that was started without a PATH. */
const DEFAULT_PATH = '/usr/local/bin:/usr/bin:/bin';

/** Declared variables win. */
export function childEnvironment(
  ours: Readonly<Record<string, string | undefined>>,
  declared: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  const environment: Record<string, string> = { PATH: DEFAULT_PATH };
  for (const name of INHERITED) {
    const value = ours[name];
    if (value !== undefined && value !== '') environment[name] = value;
  }
  return { ...environment, ...declared };
}

/** Loads OpenTelemetry when tracing is on, and only then: the packages are optional and slow to import. */
import type { Logger } from 'pino';
import type { Config } from '../../config/config.js';
import type { Tracing } from '../telemetry/tracing.js';

/** Null when it is off, or cannot be loaded; then the log says why and calls are served untraced. */
export async function openTracing(
  { tracing }: Pick<Config, 'tracing'>,
  version: string,
  log: Pick<Logger, 'warn'>,
): Promise<Tracing | null> {
  if (tracing === null) return null;
  try {
    const { createOtelTracing } = await import('../telemetry/otel-tracing.js');
    return createOtelTracing({ ...tracing, version });
  } catch (thrown) {
    log.warn({ err: thrown }, 'calls are not traced: OpenTelemetry does not load');
    return null;
  }
}

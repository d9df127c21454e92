/** Whether calls are traced: by OpenTelemetry's own variables only, as its users expect. */
import type { TracingConfig } from './config.js';
import type { Environment } from './environment.js';

/** Null = off. What else the variables say (headers, sampler, limits) is read by the exporter itself. */
export function tracingFromEnvironment(env: Environment): TracingConfig | null {
  const value = (name: string): string => env[name] ?? '';
  const endpoint =
    value('OTEL_EXPORTER_OTLP_TRACES_ENDPOINT') || value('OTEL_EXPORTER_OTLP_ENDPOINT');
  const isOff =
    value('OTEL_SDK_DISABLED').toLowerCase() === 'true' ||
    value('OTEL_TRACES_EXPORTER').toLowerCase() === 'none';
  if (endpoint === '' || isOff) return null;
  return { serviceName: value('OTEL_SERVICE_NAME') || 'multi-mcp-server' };
}

import t from 'tap';
import { tracingFromEnvironment } from '../../config/tracing.js';

const ENDPOINT = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318' };

t.test('an endpoint turns tracing on; the variables that turn it off win', (t) => {
  t.equal(tracingFromEnvironment({}), null);
  t.equal(tracingFromEnvironment({ OTEL_EXPORTER_OTLP_ENDPOINT: '' }), null);
  t.same(tracingFromEnvironment(ENDPOINT), { serviceName: 'multi-mcp-server' });
  t.same(
    tracingFromEnvironment({
      OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://c/v1/traces',
      OTEL_SERVICE_NAME: 'mcp-eu',
    }),
    { serviceName: 'mcp-eu' },
  );
  t.equal(tracingFromEnvironment({ ...ENDPOINT, OTEL_SDK_DISABLED: 'TRUE' }), null);
  t.equal(tracingFromEnvironment({ ...ENDPOINT, OTEL_TRACES_EXPORTER: 'none' }), null);
  t.end();
});

import t from 'tap';
import { exposition, unitOf } from '../../src/telemetry/exposition.js';
import { readExposition } from '../support/read-exposition.js';

t.test('label values are escaped, values are asked at each scrape', async (t) => {
  let value = 1;
  const family = {
    name: 'g',
    help: 'Help with "quotes" and \\.',
    samples: () => [{ labels: { name: 'a"b\\c\nd' }, value: value++ }],
  };
  const text = exposition([family], 'prometheus');
  t.match(text, 'g{name="a\\"b\\\\c\\nd"} 1\n');
  t.equal(readExposition(text, 'prometheus').get('g')?.samples[0]?.labels.get('name'), 'a"b\\c\nd');
  t.match(exposition([family], 'openmetrics'), 'help with \\"quotes\\" and \\\\.\n'.slice(4));
  t.match(exposition([family], 'prometheus'), '} 3\n');
});

t.test('a counter’s family loses its ending in OpenMetrics only', async (t) => {
  const samples = () => [{ labels: {}, value: 1e21 }];
  const family = { name: 'x_bytes_total', type: 'counter', help: 'H.', samples } as const;
  t.equal(
    exposition([family], 'openmetrics'),
    '# HELP x_bytes H.\n# TYPE x_bytes counter\n# UNIT x_bytes bytes\nx_bytes_total 1e+21\n# EOF\n',
  );
  t.equal(
    exposition([family], 'prometheus'),
    '# HELP x_bytes_total H.\n# TYPE x_bytes_total counter\nx_bytes_total 1e+21\n',
  );
  t.equal(unitOf('x_bytes_total'), 'bytes');
  t.equal(unitOf('x_total'), null);
});

t.test('a family without samples is named, infinity is a number', async (t) => {
  const none = { name: 'none', help: 'H.', samples: () => [] };
  const endless = { name: 'g', help: 'H.', samples: () => [{ labels: {}, value: Infinity }] };
  t.equal(exposition([none], 'openmetrics'), '# HELP none H.\n# TYPE none gauge\n# EOF\n');
  const empty = exposition([none, endless], 'prometheus');
  t.same([...readExposition(empty, 'prometheus').keys()], ['none', 'g']);
  t.match(exposition([endless], 'prometheus'), 'g +Inf\n');
});

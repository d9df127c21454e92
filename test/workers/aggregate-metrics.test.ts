import t from 'tap';
import aggregateMetrics from '../../workers/aggregate-metrics.js';

t.test('reports of several workers become one', async (t) => {
  const { series, numbers } = aggregateMetrics([
    'requests\t2\tfiles\noperation\th3.5;7:1;9:2\tfiles\n',
    'requests\t1\tfiles\noperation\th1;9:1\tfiles\n',
  ]);
  t.same(series, ['requests\tfiles', 'operation\tfiles']);
  t.same([...numbers], [1, 3, 5, 4.5, 7, 1, 9, 3]);
});

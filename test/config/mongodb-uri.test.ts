import t from 'tap';
import { formatProblems } from '../../config/problem.js';
import { mongodbUriFault } from '../../config/mongodb-uri.js';
import { inspectText } from './inspect-text.js';

const SECRET = 's3cr';

t.test('what the driver takes is taken', (t) => {
  for (const uri of [
    'mongodb://h',
    'mongodb://h:27017/db?retryWrites=true&authSource=admin',
    'mongodb://u:p%40ss@a:1,b:2,c/db',
    'mongodb://u:@h',
    'mongodb://[::1]:27017/db',
    'mongodb://%2Ftmp%2Fmongo.sock/db',
    'mongodb+srv://u:p@cluster0.example.net/db',
    'mongodb://h/db?tlsCAFile=/a@b',
  ]) {
    t.equal(mongodbUriFault(uri), null, uri);
  }
  t.end();
});

t.test('what it does not take is refused with the file, and the password is not shown', (t) => {
  for (const [uri, message] of [
    [`mongodb://u:${SECRET}@ss@h/db`, /unescaped/],
    [`mongodb://u:${SECRET}/ss@h/db`, /unescaped/],
    [`mongodb://u:${SECRET}:x@h/db`, /unescaped/],
    [`mongodb://u:${SECRET}%zz@h/db`, /unescaped/],
    [`mongodb://:${SECRET}@h/db`, /unescaped/],
    [`mongodb://u:${SECRET}?ss@h/db`, /host or port/],
    [`mongodb://u:${SECRET}@h:99999/db`, /host or port/],
    [`mongodb://u:${SECRET}@h:0/db`, /host or port/],
    [`mongodb://u:${SECRET}@h:abc/db`, /host or port/],
    [`mongodb://u:${SECRET}@/db`, /names no host/],
    ['mongodb:///db', /names no host/],
    [`mongodb+srv://u:${SECRET}@a:27017/db`, /one host/],
    [`mongodb+srv://u:${SECRET}@a,b/db`, /one host/],
    [`mongo://u:${SECRET}@h/db`, /must start with/],
  ] as const) {
    const fromFile = inspectText(t, { store: { mongodbUri: uri } }).problems;
    const fromEnvironment = inspectText(t, {}, { MONGODB_URI: uri }).problems;
    t.match(fromFile, [{ path: 'store.mongodbUri', message, line: 3 }], uri);
    t.match(fromEnvironment, [{ path: 'MONGODB_URI', message }], uri);
    for (const problems of [fromFile, fromEnvironment]) {
      t.equal(problems.length, 1);
      t.notMatch(formatProblems(problems, { color: false }), SECRET, uri);
    }
  }
  t.end();
});

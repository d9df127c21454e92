import t from 'tap';
import { mongoAddress } from '../../src/store/mongo-address.js';

t.test('hosts and database are read as written, credentials never', (t) => {
  for (const [uri, hosts, database] of [
    ['mongodb://127.0.0.1', '127.0.0.1', 'multi-mcp'],
    ['mongodb://127.0.0.1:27017/', '127.0.0.1:27017', 'multi-mcp'],
    ['mongodb://ana:s3cret@a:1,b:2,[::1]:3/gate?replicaSet=r', 'a:1,b:2,[::1]:3', 'gate'],
    ['mongodb+srv://ana:s3cret@cluster.example/?w=majority', 'cluster.example', 'multi-mcp'],
    ['mongodb://ana:s3c@ret@a:1/gate', 'a:1', 'gate'],
    ['mongodb://ana:s3cret@a:1?tls=true', 'a:1', 'multi-mcp'],
    ['mongodb://a/b%20c', 'a', 'b c'],
    ['mongodb://a/b%', 'a', 'b%'],
  ] as const) {
    t.same(mongoAddress(uri), { hosts, database }, uri);
  }
  t.end();
});

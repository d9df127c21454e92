import t from 'tap';
import { isUwsModule } from '../../src/http/uws-module.js';

const app = { filter: (): void => undefined };
const good = {
  App: () => app,
  us_listen_socket_close: (): void => undefined,
  us_socket_local_port: () => 1,
};

t.test('a build is taken only with everything that the front calls', (t) => {
  t.ok(isUwsModule(good));
  t.notOk(isUwsModule({ ...good, App: () => ({}) }), 'no filter: connections cannot be capped');
  t.notOk(isUwsModule({ ...good, us_listen_socket_close: undefined }));
  t.notOk(isUwsModule({ ...good, App: {} }));
  t.notOk(isUwsModule({}));
  t.notOk(isUwsModule(undefined), 'the default export of a changed package');
  t.notOk(isUwsModule('uws'));
  t.notOk(isUwsModule(null));
  t.end();
});

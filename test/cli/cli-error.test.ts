import t from 'tap';
import { CliError, exitCodeOf } from '../../src/cli/cli-error.js';
import { GatewayError } from '../../src/kernel/errors.js';
import { StoreAddressError } from '../../src/store/mongo-address.js';
import { SecretFileError } from '../../src/store/secret-files.js';

t.test('each kind of failure has its sysexits code', (t) => {
  const denied = Object.assign(new Error('denied'), { code: 'EACCES' });
  for (const [thrown, code] of [
    [new CliError(75, 'x'), 75],
    [new GatewayError('GW_BAD_REQUEST'), 64],
    [new GatewayError('GW_STORE_UNAVAILABLE'), 69],
    [new GatewayError('GW_INTERNAL'), 70],
    [new SecretFileError('x'), 78],
    [new StoreAddressError('x'), 78],
    [denied, 77],
    [Object.assign(new Error('full'), { code: 'ENOSPC' }), 69],
    [Object.assign(new Error('nowhere'), { code: 'ENOENT', syscall: 'mkdir' }), 78],
    [Object.assign(new Error('x'), { name: 'ConfigError' }), 78],
    [new TypeError('a bug'), 70],
    ['thrown text', 70],
  ] as const) {
    t.equal(exitCodeOf(thrown), code, String(thrown));
  }
  t.end();
});

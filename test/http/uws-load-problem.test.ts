import t from 'tap';
import { uwsLoadProblem } from '../../src/http/uws-load-problem.js';

const VERSIONS =
  'This version of uWS.js supports only Node.js versions 16, 18 and 20 on Tier 1 platforms.';
const GLIBC =
  "/lib/libc.so.6: version `GLIBC_2.38' not found (required by /x/uws_linux_x64_137.node)";

const rows = [
  {
    cause: 'a Node.js version without a binary',
    error: new Error(
      `${VERSIONS}\n\nError: Cannot find module './uws_linux_x64_147.node'\nRequire stack:\n- /x/uws.js`,
    ),
    told: 'it has no uws_linux_x64_147.node (this platform and Node.js version)',
  },
  { cause: 'an older C library', error: new Error(`${VERSIONS}\n\nError: ${GLIBC}`), told: GLIBC },
  {
    cause: 'a package that was left out',
    error: new Error("Cannot find package 'uWebSockets.js' imported from /x/uws-front.js\nmore"),
    told: "Cannot find package 'uWebSockets.js' imported from /x/uws-front.js",
  },
  { cause: 'what is no Error', error: 'broken', told: 'broken' },
];

for (const { cause, error, told } of rows) {
  t.test(`${cause} is told in one line`, async (t) => {
    t.equal(uwsLoadProblem(error), told);
  });
}

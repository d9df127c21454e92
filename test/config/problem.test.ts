import { stripVTControlCharacters } from 'node:util';
import t from 'tap';
import { byPosition, ConfigError, dotted, formatProblems } from '../../config/problem.js';
import type { Problem } from '../../config/problem.js';

const PROBLEM: Problem = {
  file: 'config/x.json',
  line: 3,
  column: 13,
  length: 6,
  path: 'global.port',
  message: 'must be a number',
  hint: 'write it without quotes',
  sourceLine: '    "port": "8080",',
};

void t.test('paths read as in JavaScript', (t) => {
  t.equal(dotted(['servers', 'meerkats-table', 'args', 2]), 'servers.meerkats-table.args[2]');
  t.equal(dotted(['servers', 'a.b', 'url']), 'servers["a.b"].url');
  t.equal(dotted(['x y']), '["x y"]');
  t.equal(dotted([]), '');
  t.end();
});

void t.test('a problem shows its place, its line, carets and what to do', (t) => {
  t.equal(
    formatProblems([PROBLEM], { color: false }),
    [
      'config/x.json:3:13 global.port must be a number',
      '    3 |     "port": "8080",',
      '      |             ^^^^^^',
      '        write it without quotes',
    ].join('\n'),
  );
  t.end();
});

void t.test('a problem of the environment or of the whole file has no line to show', (t) => {
  const nowhere = { ...PROBLEM, line: null, column: null, sourceLine: null, hint: null };
  t.equal(
    formatProblems(
      [
        { ...nowhere, file: null, path: 'PORT' },
        { ...nowhere, path: '' },
      ],
      {
        color: false,
      },
    ),
    'environment PORT must be a number\nconfig/x.json must be a number',
  );
  t.end();
});

void t.test('a long line is cut around the place, and the carets stay under it', (t) => {
  const sourceLine = `${'x'.repeat(300)}\tHERE${'y'.repeat(300)}`;
  const shown = formatProblems([{ ...PROBLEM, sourceLine, column: 302, length: 4 }], {
    color: false,
  }).split('\n');
  const [, source = '', carets = ''] = shown;
  t.ok(source.length < 130);
  t.equal(source.slice(carets.indexOf('^'), carets.lastIndexOf('^') + 1), 'HERE');
  t.notMatch(source, '\t', 'a tab would shift the carets');
  t.end();
});

void t.test('colours change nothing but colours', (t) => {
  const coloured = formatProblems([PROBLEM], { color: true });
  t.not(coloured, formatProblems([PROBLEM], { color: false }));
  t.equal(stripVTControlCharacters(coloured), formatProblems([PROBLEM], { color: false }));
  t.end();
});

void t.test('the error says every problem', (t) => {
  const error = new ConfigError([PROBLEM, { ...PROBLEM, line: 9 }]);
  t.equal(error.name, 'ConfigError');
  t.equal(error.problems.length, 2);
  t.match(error.message, /x\.json:3:13[^]*x\.json:9:13/);
  t.end();
});

void t.test('problems sort by line, then column, those without a line last', (t) => {
  const at = (line: number | null, column: number | null) => ({ ...PROBLEM, line, column });
  const sorted = [at(null, null), at(2, 9), at(2, 1), at(1, 5), at(null, null)].sort(byPosition);
  t.strictSame(
    sorted.map(({ line, column }) => [line, column]),
    [
      [1, 5],
      [2, 1],
      [2, 9],
      [null, null],
      [null, null],
    ],
  );
  t.end();
});

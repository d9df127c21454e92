import t from 'tap';
import { Findings } from '../../config/findings.js';
import { readJsonc } from '../../config/jsonc.js';
import { said } from './inspect-text.js';

const TEXT = '{\n "global": { "port": 0,\n  "host": "" },\n "servers": { "fs": { "url": 1 } }\n}';
const make = (text = TEXT) => new Findings(readJsonc(text, 'x.json'));

void t.test('a setting is reported once, and what lies below it not at all', (t) => {
  const findings = make();
  findings.report(['servers', 'fs'], { message: 'is wrong' });
  findings.report(['servers', 'fs'], { message: 'is wrong again' });
  findings.report(['servers', 'fs', 'url'], { message: 'is wrong inside' });
  findings.report(['servers', 'other'], { message: 'is something else' });
  t.strictSame(
    said(findings.problems),
    ['servers.fs is wrong', 'servers.other is something else'].reverse(),
  );
  t.notOk(findings.isSound(['servers', 'fs', 'url']));
  t.ok(findings.isSound(['servers']), 'what is above stays sound');
  t.end();
});

void t.test('a doubted setting gets neither problems nor warnings', (t) => {
  const findings = make();
  findings.doubt(['global', 'port']);
  findings.report(['global', 'port'], { message: 'm' });
  findings.warn(['global', 'port'], { message: 'm' });
  findings.warn(['global', 'host'], { message: 'is odd' });
  t.strictSame(said(findings.problems), []);
  t.strictSame(said(findings.warnings), ['global.host is odd']);
  t.end();
});

void t.test('findings that do not exclude each other can be added side by side', (t) => {
  const findings = make();
  findings.add(['global'], { message: 'a' });
  findings.add(['global'], { message: 'b' });
  t.strictSame(said(findings.problems), ['global a', 'global b']);
  t.ok(findings.isSound(['global']));
  t.end();
});

void t.test('a missing setting is explained by a misspelt one or by being wrong', (t) => {
  const findings = make();
  t.notOk(findings.isExplained(['servers', 'fs', 'command']));
  findings.misspelt(['servers', 'fs', 'command']);
  t.ok(findings.isExplained(['servers', 'fs', 'command']));
  t.ok(findings.isSound(['servers', 'fs', 'command']));
  findings.doubt(['servers', 'fs', 'url']);
  t.ok(findings.isExplained(['servers', 'fs', 'url']));
  t.end();
});

void t.test('a setting that a variable set is a problem of that variable', (t) => {
  const findings = make();
  findings.blame(['global', 'port'], 'PORT');
  findings.report(['global', 'port'], { message: 'is out of range', hint: 'h' });
  t.strictSame(findings.problems, [
    {
      file: null,
      line: null,
      column: null,
      length: 0,
      path: 'PORT',
      message: 'is out of range',
      hint: 'h',
      sourceLine: null,
    },
  ]);
  t.end();
});

void t.test(
  'problems come in the order of the file, syntax errors among them, variables last',
  (t) => {
    const findings = make('{\n "a": 1\n "b": 2 }');
    findings.reportVariable('JWT_SECRET', { message: 'is too short' });
    findings.warnVariable('JWT_SECRET', { message: 'is odd' });
    findings.report(['b'], { message: 'is wrong' });
    findings.report(['a'], { message: 'is wrong' });
    t.strictSame(said(findings.problems), [
      'a is wrong',
      ' is not valid JSON: comma expected',
      'b is wrong',
      'JWT_SECRET is too short',
    ]);
    t.strictSame(said(findings.warnings), ['JWT_SECRET is odd']);
    t.end();
  },
);

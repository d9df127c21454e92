/**
 * Requests on the edge of HTTP/1.1 as bytes, and what each front does with them: the statuses sent
 * before the connection is closed, '' for closing without an answer, 'waits' where the parser takes
 * the head for incomplete and gives up after its own timeout. Re-verifies RELIABILITY.md 9.1 on the
 * pinned uWebSockets.js; a change of either column means that the library changed. The package's binaries
 * for Node.js 22 and newer are of a later release, whose parser refuses more.
 */

const HAS_NEWER_UWS = process.versions.modules !== '115';

export interface RawRow {
  readonly name: string;
  readonly bytes: string;
  readonly uws: string;
  readonly node: string;
  /** The one answer leaves the connection open. */
  readonly staysOpen?: boolean;
}

const first = (lines: readonly string[], body = '', method = 'POST'): string =>
  `${method} /first HTTP/1.1\r\n${['Host: localhost', ...lines].join('\r\n')}\r\n\r\n${body}`;
const chunked = (body: string): string => first(['Transfer-Encoding: chunked'], body);
/** `newerUws`: where it is not what the binary for Node.js 20 does. */
const row = (name: string, bytes: string, uws: string, node: string, newerUws = uws): RawRow => ({
  name,
  bytes,
  uws: HAS_NEWER_UWS ? newerUws : uws,
  node,
});

/** Where a second request could hide: each is also sent with one behind it, which must not run. */
export const framingRows: readonly RawRow[] = [
  row(
    'CL and TE',
    first(['Content-Length: 5', 'Transfer-Encoding: chunked'], '0\r\n\r\n'),
    '400',
    '400',
  ),
  row(
    'TE and CL',
    first(['Transfer-Encoding: chunked', 'Content-Length: 5'], '0\r\n\r\n'),
    '400',
    '400',
  ),
  row('CL, space before the colon', first(['Content-Length : 5'], 'hello'), 'waits', '400', '400'),
  row('folded line', first(['X: a', ' b', 'Content-Length: 0']), 'waits', '400', '400'),
  row('bare LF', 'POST /first HTTP/1.1\nHost: localhost\nContent-Length: 0\n\n', '505', '400'),
  row('NUL in a value', first(['X: a\0b', 'Content-Length: 0']), 'waits', '400', '400'),
  row(
    'control character in a value',
    first(['X: a\x01b', 'Content-Length: 0']),
    'waits',
    '400',
    '400',
  ),
  row('Host twice', first(['Host: localhost', 'Content-Length: 0']), '400', '400'),
  row('CL +5', first(['Content-Length: +5'], 'hello'), '400', '400'),
  row('CL 0x5', first(['Content-Length: 0x5'], 'hello'), '400', '400'),
  row('CL 5, 5', first(['Content-Length: 5, 5'], 'hello'), '400', '400'),
  row('CL -1', first(['Content-Length: -1'], 'hello'), '400', '400'),
  row('CL of 19 digits', first([`Content-Length: ${'9'.repeat(19)}`], 'hello'), '400', '400'),
  row(
    'CL twice, different',
    first(['Content-Length: 0', 'Content-Length: 5'], 'hello'),
    '505',
    '400',
    '400',
  ),
  row('CL twice, equal', first(['Content-Length: 5', 'Content-Length: 5'], 'hello'), '400', '400'),
  row('CL empty', first(['Content-Length:'], 'hello'), '505', '400', '400'),
  row('empty name hides CL', first([': x', 'Content-Length: 5'], 'hello'), '505', '400', '411'),
  row(
    'empty name hides TE',
    first([': x', 'Transfer-Encoding: chunked'], '0\r\n\r\n'),
    '505',
    '400',
    '411',
  ),
  row('TE identity', first(['Transfer-Encoding: identity'], 'hello'), '400', '400'),
  row('TE xchunked', first(['Transfer-Encoding: xchunked'], '0\r\n\r\n'), '400', '400'),
  row('TE gzip, chunked', first(['Transfer-Encoding: gzip, chunked'], '0\r\n\r\n'), '400', '400'),
  row('TE chunked, gzip', first(['Transfer-Encoding: chunked, gzip'], '0\r\n\r\n'), '400', '400'),
  row(
    'TE twice',
    first(['Transfer-Encoding: chunked', 'Transfer-Encoding: identity'], '0\r\n\r\n'),
    '400',
    '400',
  ),
  row('TE Chunked', first(['Transfer-Encoding: Chunked'], '0\r\n\r\n'), '400', '400'),
  row('well-formed chunks', chunked('5\r\nhello\r\n0\r\n\r\n'), '200', '200'),
  row('chunk size g', chunked(`g\r\n${'x'.repeat(16)}\r\n0\r\n\r\n`), '200', '400'),
  row('chunk extension', chunked('5;a=b\r\nhello\r\n0\r\n\r\n'), '408', '200'),
  row('chunk size 5 junk', chunked('5 junk\r\nhello\r\n0\r\n\r\n'), '200', '400'),
  row('chunk size with a blank before', chunked(' 5\r\nhello\r\n0\r\n\r\n'), '505', '400', '200'),
  row('chunk lines end in LF', chunked('5\nhello\n0\n\n'), '200', '400'),
  row('no CRLF after a chunk', chunked('5\r\nhello0\r\n\r\n'), '200', '400'),
  row('empty chunk size', chunked('\r\n\r\n'), '200', '400'),
  row('trailers', chunked('0\r\nX: y\r\n\r\n'), '505', '200'),
  row('chunk size over 64 bits', chunked(`${'f'.repeat(17)}\r\nhello\r\n0\r\n\r\n`), '400', '400'),
  row('POST without framing', first([]), '411', '411'),
  row('GET with CL', first(['Content-Length: 5'], 'hello', 'GET'), '400', '400'),
  row('GET with TE', first(['Transfer-Encoding: chunked'], '0\r\n\r\n', 'GET'), '400', '400'),
  row('DELETE with CL', first(['Content-Length: 5'], 'hello', 'DELETE'), '400', '400'),
  row(
    'name with underscore',
    first(['Content_Length: 5', 'Content-Length: 0']),
    'waits',
    '400',
    '400',
  ),
];

export const oddRows: readonly RawRow[] = [
  row('HTTP/1.0', 'GET /first HTTP/1.0\r\nHost: localhost\r\n\r\n', '505', '200'),
  row('HTTP/1.2', 'GET /first HTTP/1.2\r\nHost: localhost\r\n\r\n', '505', '400'),
  row('HTTP/2 preface', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', '505', '400'),
  row(
    'absolute form',
    'GET http://localhost/first HTTP/1.1\r\nHost: localhost\r\n\r\n',
    '505',
    '400',
  ),
  row('OPTIONS *', 'OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n', '505', '400'),
  row('CONNECT', 'CONNECT localhost:80 HTTP/1.1\r\nHost: localhost\r\n\r\n', '505', '405'),
  {
    ...row('blank line first', `\r\n${first([], '', 'GET')}`, '505', '200', 'waits'),
    staysOpen: true,
  },
  row('method get', first([], '', 'get'), '405', '400'),
  row('method G{E}T', first([], '', 'G{E}T'), '405', '400'),
  row('method of 300 letters', first([], '', 'A'.repeat(300)), '405', '400'),
  // Not measured on the newer ones.
  ...(HAS_NEWER_UWS
    ? []
    : [row('request line of which a part has come', 'GET /fi', '505', 'waits')]),
  row('no Host', 'GET /first HTTP/1.1\r\nX: y\r\n\r\n', '400', '400'),
  row('empty Host', 'GET /first HTTP/1.1\r\nHost:\r\n\r\n', '400', '400'),
  row('Host with junk', 'GET /first HTTP/1.1\r\nHost: a b/c@d\r\n\r\n', '400', '400'),
  row(
    'path with a byte over 0x7f',
    'GET /first\xff HTTP/1.1\r\nHost: localhost\r\n\r\n',
    '400',
    '400',
  ),
  row(
    'upgrade to nothing we speak',
    first(['Connection: close', 'Upgrade: websocket'], '', 'GET'),
    '200',
    '200',
  ),
  {
    ...row('any five letters of Connection', first(['Connection: abcde'], '', 'GET'), '200', '200'),
    staysOpen: true,
  },
];

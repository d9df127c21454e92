/** The newest requests as they end, from the request log; and who was refused in the last minute. */
import { html, useEffect, useState } from './vendor/preact.js';
import { bytes, clock, ms } from './format.js';
import { Card, Pill } from './parts.js';
import { ask, LoginNeeded } from './session.js';

const KEPT = 200;
const EVERY_MS = 1000;
const THROTTLING = new Set([
  'GW_RATE_LIMITED',
  'GW_USER_BUSY',
  'GW_QUEUE_TIMEOUT',
  'GW_BULKHEAD_FULL',
  'GW_SHED',
]);

export function Requests({ onLogin }) {
  const [lines, setLines] = useState([]);
  const [isLogged, setLogged] = useState(true);
  const [isPaused, setPaused] = useState(false);
  const [filter, setFilter] = useState('');
  const [onlyFailed, setOnlyFailed] = useState(false);
  useEffect(() => {
    if (isPaused) return undefined;
    let isGone = false;
    let offset = '';
    let timer;
    const poll = async () => {
      try {
        const tail = await ask(`requests?after=${offset}`);
        if (isGone) return;
        setLogged(tail.isLogged);
        const isFirst = offset === '';
        offset = tail.offset;
        if (isFirst) setLines(tail.lines.slice(-KEPT).reverse());
        else if (tail.lines.length > 0)
          setLines((before) => [...tail.lines.reverse(), ...before].slice(0, KEPT));
      } catch (error) {
        if (error instanceof LoginNeeded) onLogin();
      }
      if (!isGone) timer = setTimeout(poll, EVERY_MS);
    };
    void poll();
    return () => {
      isGone = true;
      clearTimeout(timer);
    };
  }, [isPaused]);
  const wanted = filter.toLowerCase();
  const shown = lines.filter(
    (line) =>
      (!onlyFailed || line.reason !== 'ok') &&
      (wanted === '' || JSON.stringify(line).toLowerCase().includes(wanted)),
  );
  if (!isLogged)
    return html`<${Card} title="Requests" id="requests"
      ><p class="empty">
        Requests are not logged: set <code>logging.requests</code> to <code>true</code>.
      </p><//
    >`;
  return html`<${Throttled} lines=${lines} />
    <${Card} title="Requests" id="requests" note="the newest ${KEPT}, as they end">
      <div class="bar">
        <input
          type="search"
          placeholder="Filter: user, server, tool, reason, id …"
          aria-label="Filter requests"
          value=${filter}
          onInput=${(event) => setFilter(event.target.value)}
        />
        <label
          ><input
            type="checkbox"
            checked=${onlyFailed}
            onChange=${(event) => setOnlyFailed(event.target.checked)}
          />
          only failed</label
        >
        <button
          type="button"
          class="small"
          aria-pressed=${isPaused}
          onClick=${() => setPaused(!isPaused)}
        >
          ${isPaused ? 'Go on' : 'Pause'}
        </button>
      </div>
      <div class="scroll tall">
        <table class="tail">
          <thead>
            <tr>
              <th scope="col">Time</th>
              <th scope="col">User</th>
              <th scope="col">Server</th>
              <th scope="col">Method</th>
              <th scope="col">Status</th>
              <th scope="col" class="number">Total</th>
              <th scope="col" class="number">Queue</th>
              <th scope="col" class="number">Server</th>
              <th scope="col" class="number">Bytes</th>
              <th scope="col">Id</th>
            </tr>
          </thead>
          <tbody>
            ${shown.map(
              (line) =>
                html`<tr key=${line.id}>
                  <td>${clock(line.time)}</td>
                  <td>${line.user ?? '–'}</td>
                  <td>${line.server}</td>
                  <td>
                    ${line.method || line.http}${line.target ? html` <b>${line.target}</b>` : ''}
                  </td>
                  <td>
                    <${Pill}
                      state=${line.reason === 'ok' ? 'ok' : line.status >= 500 ? 'failed' : 'warning'}
                      >${line.status} ${line.reason === 'ok' ? '' : line.reason}<//
                    >
                  </td>
                  <td class="number">${ms(line.totalMs)}</td>
                  <td class="number">${ms(line.queueMs)}</td>
                  <td class="number">${ms(line.upstreamMs)}</td>
                  <td class="number">${bytes(line.bytes)}</td>
                  <td class="id">${line.id}</td>
                </tr>`,
            )}
          </tbody>
        </table>
        ${shown.length === 0 && html`<p class="empty">${lines.length === 0 ? 'No requests yet. The Connect page has a first call to paste.' : 'No request matches.'}</p>`}
      </div>
    <//>`;
}

function Throttled({ lines }) {
  const since = Date.now() - 60_000;
  const users = new Map();
  for (const { user, reason, time } of lines) {
    if (!THROTTLING.has(reason) || Date.parse(time) < since) continue;
    const key = `${user ?? 'unknown'} ${reason}`;
    users.set(key, (users.get(key) ?? 0) + 1);
  }
  if (users.size === 0) return null;
  const rows = [...users].sort(([, a], [, b]) => b - a).slice(0, 10);
  return html`<${Card}
    title="Refused by limits"
    id="throttled"
    note="last minute, among the newest ${KEPT}"
    ><ul class="chips">
      ${rows.map(([key, times]) => {
        const [user, reason] = key.split(' ');
        return html`<li key=${key}><strong>${user}</strong> ${reason} × ${times}</li>`;
      })}
    </ul><//
  >`;
}

/** How clients are told about the servers, ready to paste. */
import { html, useEffect, useState } from './vendor/preact.js';
import { Card, CopyButton } from './parts.js';
import { ask, LoginNeeded } from './session.js';

export function Connect({ onLogin }) {
  const [answer, setAnswer] = useState(null);
  const [client, setClient] = useState(0);
  const [key, setKey] = useState('');
  useEffect(() => {
    ask('connect').then(setAnswer, (error) => error instanceof LoginNeeded && onLogin());
  }, []);
  if (answer === null)
    return html`<${Card} title="Connect" id="connect"><p class="empty">Loading …</p><//>`;
  const { snippets } = answer;
  const { place, text } = snippets[client];
  const filled = key.trim() === '' ? text : text.replaceAll(answer.key, key.trim());
  const move = (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step === undefined) return;
    const next = (client + step + snippets.length) % snippets.length;
    setClient(next);
    event.currentTarget.children[next].focus();
  };
  return html`<${Card} title="Connect a client" id="connect" note=${answer.url}>
    <p>
      One entry per server; its tools keep their own names. A key is made on the gateway’s
      machine:${' '}<code>multi-mcp keys create --user NAME</code>
    </p>
    <div class="bar">
      <label class="wide"
        >Key to fill in (stays on this page)<input
          type="password"
          autocomplete="off"
          spellcheck="false"
          placeholder=${answer.key}
          value=${key}
          onInput=${(event) => setKey(event.target.value)}
      /></label>
    </div>
    <div class="tabs" role="tablist" aria-label="Client" onKeyDown=${move}>
      ${snippets.map((snippet, index) => html`<button type="button" role="tab" id="tab-${index}" aria-controls="snippet" tabindex=${index === client ? 0 : -1} aria-selected=${index === client} onClick=${() => setClient(index)}>${snippet.client}</button>`)}
    </div>
    <div class="snippet" id="snippet" role="tabpanel" aria-labelledby="tab-${client}">
      <div class="place">
        <span>${place === 'run' ? 'run in a terminal' : place}</span
        ><${CopyButton} text=${filled} label="Copy the text for ${snippets[client].client}" />
      </div>
      <pre tabindex="0">${filled}</pre>
    </div>
    ${answer.servers.length === 0 && html`<p class="empty">No server is switched on yet.</p>`}
  <//>`;
}

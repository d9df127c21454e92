/** Shown when the page is opened from elsewhere than the gateway's own machine. */
import { html, useState } from './vendor/preact.js';
import { logIn } from './session.js';

export function Login({ wasRefused, onKey }) {
  const [key, setKey] = useState('');
  const submit = (event) => {
    event.preventDefault();
    if (key.trim() === '') return;
    logIn(key);
    onKey();
  };
  return html`<main class="login">
    <form class="card" onSubmit=${submit}>
      <h1>Multi-MCP Server</h1>
      <p>Seen from another machine, the dashboard asks for an admin key.</p>
      <label for="key">Admin key</label>
      <input
        id="key"
        type="password"
        autocomplete="current-password"
        spellcheck="false"
        autofocus
        value=${key}
        onInput=${(event) => setKey(event.target.value)}
      />
      ${wasRefused && html`<p class="problem" role="alert">This key is not valid here, or is not an admin key.</p>`}
      <button type="submit" class="primary">Log in</button>
      <p class="hint">
        None at hand? On the gateway’s machine:${' '}<code
          >multi-mcp keys create --user NAME --admin</code
        >. The key stays in this tab and is forgotten with it.
      </p>
    </form>
  </main>`;
}

/** The frame: asks the gateway once a second, knows which page is open, and which theme. */
import { html, render, useEffect, useRef, useState } from './vendor/preact.js';
import { Connect } from './connect.js';
import { duration } from './format.js';
import { Login } from './login.js';
import { Overview } from './overview.js';
import { Pill } from './parts.js';
import { Requests } from './requests.js';
import { ask, hasKey, LoginNeeded, logOut } from './session.js';
import { Settings } from './settings.js';
import { Traffic } from './traffic.js';

const PAGES = {
  overview: 'Overview',
  requests: 'Requests',
  settings: 'Configuration',
  connect: 'Connect',
};
const EVERY_MS = 1000;
const THEME = 'multi-mcp-theme';

function pageOf(hash) {
  const name = hash.slice(1);
  return Object.hasOwn(PAGES, name) ? name : 'overview';
}

function useTheme() {
  const system = matchMedia('(prefers-color-scheme: dark)');
  const [theme, setTheme] = useState(
    localStorage.getItem(THEME) ?? (system.matches ? 'dark' : 'light'),
  );
  useEffect(() => {
    const follow = () =>
      localStorage.getItem(THEME) === null && setTheme(system.matches ? 'dark' : 'light');
    system.addEventListener('change', follow);
    return () => system.removeEventListener('change', follow);
  }, []);
  document.documentElement.dataset.theme = theme;
  const toggle = () => {
    const next = theme === 'dark' ? 'light' : 'dark';
    localStorage.setItem(THEME, next);
    document.documentElement.dataset.theme = next;
    setTheme(next);
  };
  return [theme, toggle];
}

function usePage() {
  const [page, setPage] = useState(pageOf(location.hash));
  useEffect(() => {
    const follow = () => setPage(pageOf(location.hash));
    addEventListener('hashchange', follow);
    return () => removeEventListener('hashchange', follow);
  }, []);
  return page;
}

function App() {
  const [theme, toggleTheme] = useTheme();
  const page = usePage();
  const traffic = useRef(null);
  traffic.current ??= new Traffic();
  const [live, setLive] = useState(null);
  const [problem, setProblem] = useState('');
  const [login, setLogin] = useState('unneeded');
  const needLogin = () => {
    setLogin(hasKey() ? 'refused' : 'needed');
    logOut();
  };
  useEffect(() => {
    if (login !== 'unneeded') return undefined;
    let isGone = false;
    let timer;
    const poll = async () => {
      // A tab that nobody sees asks nothing; it goes on where it was when it is seen.
      if (!document.hidden) {
        try {
          const answer = await ask(`data?since=${traffic.current.since}`);
          if (isGone) return;
          traffic.current.add(answer.traffic, answer.health.startedAt);
          setLive(answer);
          setProblem('');
        } catch (error) {
          if (isGone) return;
          if (error instanceof LoginNeeded) {
            needLogin();
            return;
          }
          setProblem(error instanceof Error ? error.message : String(error));
        }
      }
      timer = setTimeout(poll, EVERY_MS);
    };
    void poll();
    return () => {
      isGone = true;
      clearTimeout(timer);
    };
  }, [login]);
  if (login !== 'unneeded')
    return html`<${Login} wasRefused=${login === 'refused'} onKey=${() => setLogin('unneeded')} />`;
  return html`<${Header}
      live=${live}
      page=${page}
      problem=${problem}
      theme=${theme}
      onTheme=${toggleTheme}
      onLogOut=${() => {
        logOut();
        setLogin('needed');
      }}
    />
    <main>
      ${
        page === 'requests'
          ? html`<${Requests} onLogin=${needLogin} />`
          : page === 'settings'
            ? html`<${Settings} onLogin=${needLogin} />`
            : page === 'connect'
              ? html`<${Connect} onLogin=${needLogin} />`
              : live === null
                ? html`<p class="boot">
                    ${problem === '' ? 'Loading …' : 'Waiting for the gateway …'}
                  </p>`
                : html`<${Overview} live=${live} traffic=${traffic.current} theme=${theme} />`
      }
    </main>`;
}

function Header({ live, page, problem, theme, onTheme, onLogOut }) {
  const health = live?.health;
  return html`<header class="top">
      <div class="brand">
        <img src="dashboard/icon.svg" alt="" width="26" height="26" />
        <h1>Multi-MCP</h1>
        ${health !== undefined && html`<${Pill} state=${problem === '' ? health.status : 'unhealthy'}>${problem === '' ? health.status : 'no answer'}<//><span class="hint">${health.version}, up ${duration(health.uptimeSeconds)}</span>`}
      </div>
      <nav aria-label="Pages">
        ${Object.entries(PAGES).map(([name, title]) => html`<a href="#${name}" aria-current=${name === page ? 'page' : undefined}>${title}</a>`)}
      </nav>
      <div class="tools">
        <button
          type="button"
          class="small"
          onClick=${onTheme}
          aria-label="Switch to the ${theme === 'dark' ? 'light' : 'dark'} theme"
        >
          ${theme === 'dark' ? '☀' : '☾'}
        </button>
        ${hasKey() && html`<button type="button" class="small" onClick=${onLogOut}>Log out</button>`}
      </div>
    </header>
    ${problem !== '' && html`<p class="problem strip" role="alert">The gateway does not answer (${problem}). What you see is older; it goes on by itself.</p>`}`;
}

const place = document.getElementById('app');
place.replaceChildren();
render(html`<${App} />`, place);

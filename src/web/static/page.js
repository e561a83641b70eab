// Asks /api/status every two seconds and shows the answer; between two answers the ages tick.
import { createCard } from './page-meter.js';
import { language, span, words } from './page-words.js';

const POLL_MS = 2000;
const ANSWER_MS = 5000;
/** The chart's points come with every fifth answer. */
const HISTORY_EVERY = 5;
/** One late answer is no news. */
const SILENT_S = 5;

const address = new URLSearchParams(location.search);
const token = address.get('token');
const headers = token ? { authorization: `Bearer ${token}` } : {};
const bridge = document.getElementById('bridge');
/** What a screen reader says once, and the seconds it need not hear. */
const [said, since] = bridge.children;
const main = document.getElementById('meters');
const footer = document.getElementById('footer');
const cards = new Map();
let answer;
let locked = false;
let polls = 0;
let timer;

/** The language link keeps the token. */
if (token) {
  const link = document.getElementById('language');
  const target = new URLSearchParams(link.search);
  target.set('token', token);
  link.search = target.toString();
}

/** Of both clocks the one that moved more: the monotonic one may stand still while a phone sleeps. */
const elapsedMsSince = ({ steady, wall }) => Math.max(performance.now() - steady, Date.now() - wall, 0);
const stamp = () => ({ steady: performance.now(), wall: Date.now() });
const started = stamp();

function render({ version, uptime_s: uptime, meters }) {
  document.querySelector('.loading')?.remove();
  for (const meter of meters) {
    if (!cards.has(meter.id)) {
      const made = createCard();
      cards.set(meter.id, made);
      main.append(made.card);
    }
    cards.get(meter.id).update(meter);
  }
  footer.textContent = words.uptime(version, span(uptime));
}

function tick() {
  if (document.hidden) return; // asked more seldom then: no reason for an alarm
  const elapsedS = elapsedMsSince(answer?.at ?? started) / 1000;
  const silent = elapsedS > SILENT_S;
  const text = locked ? words.locked : silent ? words.silent : '';
  if (said.textContent !== text) said.textContent = text;
  since.textContent = silent && !locked ? words.silentFor(span(elapsedS)) : '';
  bridge.hidden = text === '';
  document.body.classList.toggle('silent', text !== '');
  for (const card of cards.values()) card.tick(elapsedS);
}

async function ask() {
  const query = new URLSearchParams({ lang: language, ...(polls % HISTORY_EVERY === 0 ? { history: '1' } : {}) });
  const response = await fetch(`api/status?${query}`, { headers, signal: AbortSignal.timeout(ANSWER_MS) });
  locked = response.status === 401;
  if (!response.ok) return;
  render(await response.json());
  answer = { at: stamp() };
  polls++;
}

async function poll() {
  clearTimeout(timer);
  try {
    await ask();
  } catch {
    polls = 0; // no answer: the banner says so; the next one brings the whole chart
  }
  tick();
  timer = setTimeout(poll, document.hidden ? 10 * POLL_MS : POLL_MS);
}

document.addEventListener('visibilitychange', () => {
  if (!document.hidden) void poll();
});
setInterval(tick, 1000);
void poll();

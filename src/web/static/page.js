// Puts the page together and fills it: with each status of the bridge, and every second with the ages.
import { keepQuery } from './page-address.js';
import { createAlerts } from './page-alerts.js';
import { createChips } from './page-chips.js';
import { createCommands, createQuestion, createRibbon } from './page-commands.js';
import { createContract } from './page-contract.js';
import { createDetails } from './page-details.js';
import { element, write } from './page-dom.js';
import { Feed } from './page-feed.js';
import { createHistory } from './page-history.js';
import { createLinks } from './page-links.js';
import { createLive } from './page-live.js';
import { createNow } from './page-now.js';
import { createProgress } from './page-progress.js';
import { showInTab } from './page-tab.js';
import { clockTime, dayText, epochOf } from './page-time.js';
import { createToday } from './page-today.js';
import { trustOf } from './page-trust.js';
import { span, words } from './page-words.js';

const main = document.getElementById('view');
const name = document.getElementById('name');
const [date, time] = document.getElementById('clock').children;
const footer = document.getElementById('footer');
const loading = main.querySelector('.loading');
keepQuery(document.getElementById('language'));
document.body.classList.toggle('kiosk', new URLSearchParams(location.search).has('kiosk'));

const said = element('p', 'said');
said.setAttribute('role', 'status');
/** For a screen reader: what changed, not every number. */
const spoken = element('p', 'spoken');
spoken.setAttribute('aria-live', 'polite');
const ask = createQuestion(said);
const ribbon = createRibbon(ask);
const alerts = createAlerts();
const now = createNow();
const progress = createProgress();
const contract = createContract();
const today = createToday();
const live = createLive();
const energy = createHistory();
const details = createDetails();
const links = createLinks();
const commands = createCommands(ask, said);
details.details.append(commands.box);
const parts = [
  element(
    'div',
    'columns',
    element('div', 'left', now.section, progress.section, contract.section, today.section),
    element('div', 'right', live.section, energy.section),
  ),
  element('div', 'below', details.details, links.details),
];

let status;
let meter;
let first;
/** A clock that is set right is no fast one. */
const MUCH_FASTER = 5;
/** Seconds of the house's clock to one of ours: the demo's runs faster. */
let rate = 1;
const chips = createChips(() => status && show(status));
const feed = new Feed((news) => {
  const timeS = epochOf(news.time);
  const receivedMs = performance.now();
  first ??= { timeS, atMs: receivedMs };
  const passedS = (receivedMs - first.atMs) / 1000;
  const measured = (timeS - first.timeS) / passedS;
  // Ours may have stood still while a phone slept: the house's is then no faster for it.
  rate = news.demo && passedS > 1 && measured > MUCH_FASTER ? measured : 1;
  show(news);
});

function show(news) {
  if (!status) {
    loading.remove();
    main.append(spoken, ribbon.box, alerts.box, ...parts);
  }
  status = news;
  meter = chips.update(news.meters, feed.isLost);
  const timeS = epochOf(news.time);
  write(name, meter.name);
  ribbon.update(news, meter);
  alerts.update(meter);
  today.update(meter);
  live.update(meter, timeS, rate, news.demo === true);
  energy.update(meter, timeS);
  links.update(meter, timeS);
  commands.update(meter, news.commands);
  write(footer, words.uptime(news.version, span(news.uptime_s)));
  tick();
}

function tick() {
  if (!status) {
    if (feed.isLost) write(loading, feed.locked ? words.locked : words.bridgeGone(span(feed.elapsedS)));
    return;
  }
  const { elapsedS } = feed;
  const nowS = epochOf(status.time) + elapsedS * rate;
  const trust = trustOf(meter, elapsedS, feed);
  const isNow = trust.level === 'good' || trust.level === 'late';
  document.body.dataset.level = trust.level;
  now.tick(meter, trust, nowS);
  progress.tick(meter, elapsedS, feed.isLost);
  contract.tick(meter, isNow && !meter.reading?.current_r?.stale);
  details.tick(meter, elapsedS, nowS);
  showInTab(meter, trust.level);
  if (feed.isLost) chips.update(status.meters, true);
  write(date, feed.isLost ? '' : dayText(nowS));
  write(time, feed.isLost ? '' : clockTime(nowS));
  write(spoken, `${meter.name}: ${words.spoken[trust.level]}`);
}

setInterval(tick, 1000);

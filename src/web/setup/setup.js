import { ask, button, field, form, make, note, pause, submit, tell } from './setup-parts.js';
import { language, words } from './setup-words.js';

const main = document.getElementById('setup');

/** A secret: hidden until it is asked for, checked by the program while it is typed. */
function secret(text, name) {
  const input = make('input', { type: 'password', name, autocomplete: 'off', spellcheck: false });
  const told = note();
  const show = make('input', { type: 'checkbox', onchange: () => (input.type = show.checked ? 'text' : 'password') });
  let newest = 0;
  input.oninput = async () => {
    const mine = ++newest;
    await pause(150);
    if (mine !== newest || input.value === '') return;
    const complaint = (await ask('typed', { [name]: input.value }))[name];
    if (mine === newest) tell(told, complaint || '✓', complaint ? '' : 'good');
  };
  return { input, told, parts: [field(text, input), make('label', { className: 'row' }, show, words.show), told] };
}

async function stickAndLetter(given, next) {
  const card = form(make('h2', { textContent: words.stick }));
  const select = make('select', { name: 'device' });
  const port = make('input', { name: 'port', placeholder: '/dev/ttyAMA0', hidden: true, ariaLabel: words.port });
  const denied = make('div');
  const look = async () => {
    const { sticks } = await ask('sticks');
    const open = sticks.filter((stick) => !stick.denied);
    const known = open.filter(({ kind }) => kind === 'known');
    const option = (value, textContent) => make('option', { value, textContent });
    // what is not known is taken by nobody but the user
    const blank = known.length === 1 ? [] : [option('', open.length === 0 ? words.none : '–')];
    select.replaceChildren(
      ...blank,
      ...open.map(({ path, words: what }) => option(path, `${what} (${path})`)),
      option('other', words.other),
    );
    const told = sticks.filter((stick) => stick.denied);
    denied.replaceChildren(
      ...told.flatMap((stick) => [
        make('p', { className: 'bad', textContent: stick.denied.text }),
        make('p', {}, `${words.mend} `, make('code', { textContent: stick.denied.command })),
      ]),
    );
  };
  select.onchange = () => (port.hidden = select.value !== 'other');
  const device = () => given.device ?? (select.value === 'other' ? port.value : select.value);
  if (given.device === undefined)
    card.append(field(words.which, select), port, button(words.look, look, 'quiet'), denied);
  else card.append(make('p', { textContent: `${words.which}: ${given.device}` }));
  const [id, password] = [secret(words.id, 'id'), secret(words.password, 'password')];
  if (!given.credentials) card.append(...id.parts, ...password.parts);
  const told = note();
  const hint = make('p');
  const progress = make('progress', { max: 4, value: 0, hidden: true });
  const skip = button(words.skip, () => next(), 'quiet');
  skip.hidden = true;
  const start = submit(words.try, async () => {
    start.disabled = true;
    hint.textContent = '';
    try {
      const { problems = {} } = await ask('try', {
        device: device(),
        id: id.input.value,
        password: password.input.value,
      });
      if (problems.id) tell(id.told, problems.id, 'bad');
      if (problems.password) tell(password.told, problems.password, 'bad');
      tell(
        told,
        problems.device ?? (Object.keys(problems).length > 0 ? '' : words.trying),
        problems.device ? 'bad' : '',
      );
      if (Object.keys(problems).length === 0) await watch();
    } catch (error) {
      tell(told, error.message, 'bad');
    } finally {
      start.disabled = false;
    }
  });
  const watch = async () => {
    progress.hidden = false;
    for (;;) {
      const now = await ask('trial');
      tell(told, now.text, now.running ? '' : now.ok ? 'good' : 'bad');
      progress.value = now.running ? now.at : 4;
      if (now.running) {
        await pause(400);
        continue;
      }
      progress.hidden = true;
      hint.textContent = now.hint ?? '';
      skip.hidden = now.ok === true;
      if (now.ok) return next();
      return (now.suspect === 'id' ? id : password).input.focus();
    }
  };
  card.append(start, skip, progress, told, hint);
  main.append(card);
  if (given.device === undefined) await look();
}

async function broker(next) {
  const card = form(make('h2', { textContent: words.broker }));
  const told = note();
  card.append(told);
  main.append(card);
  tell(told, words.searching);
  const { brokers, given: named, none } = await ask('brokers');
  const url = make('input', { name: 'url', value: named ?? '', disabled: named !== undefined });
  const username = make('input', { name: 'username', autocomplete: 'off' });
  const password = make('input', { name: 'password', type: 'password', autocomplete: 'off' });
  const login = make('div', { hidden: true }, field(words.username, username), field(words.brokerPassword, password));
  let done = false;
  const test = async () => {
    const answers = { url: url.value, username: username.value, password: password.value };
    const { ok, asks, text, hint, needsLogin, url: used } = await ask('broker', answers);
    if (needsLogin) login.hidden = false;
    if (asks) username.focus();
    tell(told, ok ? `✓ ${used ?? ''}` : `${text} ${hint}`.trim(), ok ? 'good' : asks ? '' : 'bad');
    if ((ok || named !== undefined) && !done) {
      done = true;
      await next();
    }
  };
  const best = brokers[0];
  if (best) url.value = best.url;
  tell(told, best ? `${words.found}: ${best.url}` : named === undefined ? (none ?? words.noBroker) : '');
  login.hidden = !best?.needsLogin;
  card.append(field(words.address, url), login, submit(words.test, test, 'quiet'));
  if (named !== undefined || (best && !best.needsLogin)) await test();
}

async function rest(given) {
  const card = make(
    'section',
    { className: 'card' },
    make('h2', { textContent: given.listen === undefined ? words.rest : words.contract }),
  );
  const ampere = make('input', { name: 'ampere', inputMode: 'numeric' });
  const price = make('input', { name: 'price', inputMode: 'decimal' });
  const radio = (value, checked) =>
    make('input', { type: 'radio', name: 'reach', value, checked, onchange: () => preview() });
  const house = radio('house', true);
  const yaml = make('pre', { tabIndex: 0, ariaLabel: words.yaml });
  const told = note();
  const preview = async () => {
    const reach = house.checked ? 'house' : 'machine';
    const body = { ampere: ampere.value, price: price.value, reach, language };
    const { yaml: text, problems = {} } = await ask('preview', body);
    if (text !== undefined) yaml.textContent = text;
    const wrong = problems.ampere ?? problems.price ?? problems.all;
    tell(told, wrong ?? '', 'bad');
    return wrong === undefined;
  };
  ampere.oninput = preview;
  price.oninput = preview;
  card.append(field(words.ampere, ampere), field(words.price, price));
  if (given.listen === undefined)
    card.append(
      make(
        'fieldset',
        {},
        make('legend', { textContent: words.reach }),
        make('label', { className: 'row' }, house, words.house),
        make('label', { className: 'row' }, radio('machine', false), words.machine),
      ),
    );
  const write = button(words.write, async () => {
    write.disabled = true;
    if (await preview()) {
      const { problems, ...place } = await ask('write');
      if (!problems) return goOn(place, told);
      tell(told, problems.all, 'bad');
    }
    write.disabled = false;
    return undefined;
  });
  card.append(make('p', { textContent: words.yaml }), yaml, write, told);
  main.append(card);
  await preview();
  write.scrollIntoView({ block: 'end' });
}

/** Waits for the service's own page, at this address where the port is the same. */
async function goOn({ port, token, inner }, told) {
  tell(told, words.starting, 'good');
  const there = new URL('./', location.href);
  const isHere =
    port === undefined ||
    String(port) === (location.port || '80') ||
    !/^(\d+\.\d+\.\d+\.\d+|localhost|\[.*\])$/.test(location.hostname);
  if (!isHere && port) there.port = String(port);
  if (inner && port && !/^(127\.|localhost|\[::1\])/.test(location.hostname)) there.hostname = '127.0.0.1';
  there.search = `?${new URLSearchParams({ lang: language, ...(token && { token }) })}`;
  if (there.origin !== location.origin) {
    told.replaceChildren(`${words.moved} `, make('a', { href: there.href, textContent: there.href }));
    return;
  }
  for (;;) {
    await pause(500);
    const alive = await fetch('page.js', { cache: 'no-store' }).catch(() => undefined); // the service's, not ours
    if (alive?.ok) return location.replace(there.href);
  }
}

const items = (lines) => lines.map((textContent) => make('li', {}, make('code', { textContent })));

function wrong({ problems, where, again }) {
  const list = make('ul');
  const show = (lines) => list.replaceChildren(...items(lines));
  const told = note();
  const check = button(words.again, async () => {
    const found = await ask('again').catch(() => location.reload()); // it was mended meanwhile
    if (!found) return undefined;
    if (found.ok) return goOn(found, told);
    return show(found.problems ?? problems);
  });
  show(problems);
  const card = make(
    'section',
    { className: 'card' },
    make('h2', { textContent: words.wrong }),
    list,
    make('p', { textContent: where }),
  );
  if (again) card.append(check, told);
  main.append(card);
}

history.replaceState(undefined, '', `?lang=${language}`); // the code is in a cookie by now
const state = await ask('state');
if (state.mode === 'wrong') wrong(state);
else {
  const { intro, problems, given } = state;
  const lines = problems.length > 0 ? [make('ul', {}, ...items(problems))] : [];
  if (intro) main.append(make('p', { textContent: intro }), ...lines);
  await stickAndLetter(given, () => main.querySelectorAll('.card').length === 1 && broker(() => rest(given)));
}

// The few things one may do: each asks back before it does anything.
import { tell } from './page-address.js';
import { button, element, write } from './page-dom.js';
import { span, words } from './page-words.js';

/** Those that belong to the radio; that of the demo is in its ribbon. */
const COMMANDS = ['read_now', 'restart_session', 'rescan'];

async function outcome(response) {
  if (response.status === 202) return words.accepted;
  const waitS = Number(response.headers.get('retry-after'));
  return response.status === 429 && waitS > 0 ? words.wait(span(waitS)) : words.refused;
}

/** One question for all of them. */
export function createQuestion(said) {
  const text = element('p');
  text.id = 'question';
  let answer = () => undefined;
  const close = (yes) => {
    dialog.close();
    if (yes) answer();
  };
  const row = element(
    'div',
    'row',
    button('quiet', words.no, () => close(false)),
    button('', words.yes, () => close(true)),
  );
  const dialog = element('dialog', '', text, row);
  dialog.setAttribute('aria-labelledby', 'question');
  document.body.append(dialog);
  return (command, meter) => {
    write(text, words.commands[command][1]);
    answer = async () => {
      try {
        write(said, await outcome(await tell('api/command', { meter, command })));
      } catch {
        write(said, words.refused);
      }
    };
    dialog.showModal();
  };
}

export function createCommands(ask, said) {
  let id;
  const buttons = COMMANDS.map((command) => [command, button('', words.commands[command][0], () => ask(command, id))]);
  const box = element('div', 'commands', ...buttons.map(([, made]) => made), said);
  function update(meter, commands = []) {
    id = meter.id;
    for (const [command, made] of buttons) made.hidden = !commands.includes(command);
    box.hidden = buttons.every(([, made]) => made.hidden);
  }
  return { box, update };
}

/** 「デモ」, and where it can, something that goes wrong. */
export function createRibbon(ask) {
  let id;
  const fault = button('', words.commands.break[0], () => ask('break', id));
  const box = element('div', 'ribbon', element('strong', '', words.demo), element('span', '', words.demoNote), fault);
  box.hidden = true;
  function update({ demo, commands = [] }, meter) {
    id = meter.id;
    box.hidden = demo !== true;
    fault.hidden = !commands.includes('break');
  }
  return { box, update };
}

import { language } from './setup-words.js';

/** Every decision is the program's: these scripts ask, show and hand on. */
export const ask = async (action, body = {}) => {
  const answer = await fetch(`api/setup/${action}?lang=${language}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(await answer.text());
  return answer.json();
};

export const make = (tag, properties = {}, ...children) => {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
};
export const note = () => make('p', { className: 'note', role: 'status' });
export const tell = (element, text, kind = '') => {
  element.className = `note ${kind}`;
  element.textContent = text;
};
export const button = (text, onclick, className = '') =>
  make('button', { type: 'button', textContent: text, onclick, className });
export const field = (text, input) => make('label', {}, text, input);
export const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
/** A card with secrets in it: Enter in any of its fields presses its button. */
export const form = (...children) =>
  make('form', { className: 'card', onsubmit: (event) => event.preventDefault() }, ...children);
/** What Enter presses. */
export const submit = (text, onclick, className = '') =>
  Object.assign(button(text, onclick, className), { type: 'submit' });

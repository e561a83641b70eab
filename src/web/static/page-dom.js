// Making and writing elements.

export function element(name, className, ...children) {
  const made = document.createElement(name);
  if (className) made.className = className;
  made.append(...children);
  return made;
}

/** Writes only what changed, so that a screen reader hears only news and a selection of text stays. */
export function write(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

export function button(className, label, onClick) {
  const made = element('button', className, label);
  made.type = 'button';
  made.addEventListener('click', onClick);
  return made;
}

/** One choice of several: `choose(value)` on a press, `set(value)` shows which one it is. */
export function choice(className, label, values, choose) {
  const buttons = values.map(([value, text]) => [value, button('', text, () => choose(value))]);
  const group = element('div', className, ...buttons.map(([, made]) => made));
  group.setAttribute('role', 'group');
  group.setAttribute('aria-label', label);
  const set = (chosen) => {
    for (const [value, made] of buttons) made.setAttribute('aria-pressed', String(value === chosen));
  };
  return { group, set };
}

const SVG = 'http://www.w3.org/2000/svg';

export function drawing(size, ...paths) {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('viewBox', `0 0 ${size} ${size}`);
  svg.setAttribute('aria-hidden', 'true');
  for (const [className, d] of paths) {
    const path = document.createElementNS(SVG, 'path');
    path.setAttribute('class', className);
    path.setAttribute('d', d);
    svg.append(path);
  }
  return svg;
}

'use strict';
/* What a pointer is over says its numbers at once; without this, the browser shows them itself. */
const tip = document.getElementById('tip');

/* The text is taken over from the title, so that the browser does not show it again. */
const takeTitle = (element) => {
  if (element.dataset.tip === undefined) {
    const title = element.querySelector(':scope > title');
    element.dataset.tip = title ? title.textContent : element.title;
    if (title) title.remove(); else element.removeAttribute('title');
  }
  return element.dataset.tip;
};
const owner = (target) => {
  const element = target.closest ? target.closest('svg g, [title], [data-tip]') : null;
  const has = (e) => e.dataset.tip !== undefined || e.hasAttribute('title') || e.querySelector(':scope > title');
  return element && has(element) ? element : null;
};
const place = (event) => {
  const room = 14, box = tip.getBoundingClientRect();
  const left = Math.min(event.clientX + room, innerWidth - box.width - 4);
  const under = event.clientY + room + box.height < innerHeight;
  tip.style.left = `${Math.max(4, left)}px`;
  tip.style.top = `${under ? event.clientY + room : event.clientY - room - box.height}px`;
};
const point = (event) => {
  const element = owner(event.target);
  tip.hidden = !element;
  if (!element) return;
  tip.textContent = takeTitle(element);
  place(event);
};
document.addEventListener('pointermove', point);
document.addEventListener('pointerdown', point);
document.addEventListener('scroll', () => { tip.hidden = true; }, true);

/* Fills the cells of a map with the numbers of a task, or again with the means that it came with. */
const cells = (figure) => [...figure.querySelectorAll('svg g > g')];
const fill = (cell, value, largest) => {
  const text = takeTitle(cell);
  const name = text.slice(0, text.lastIndexOf(': '));
  cell.dataset.tip = `${name}: ${value < 0 ? '–' : value}`;
  cell.querySelector('rect').setAttribute('fill-opacity', Math.sqrt(Math.max(0, Math.min(1, value / largest))).toFixed(3));
};
const back = (cell) => {
  cell.dataset.tip = cell.dataset.mean;
  cell.querySelector('rect').setAttribute('fill-opacity', cell.dataset.strength);
};
const keep = (cell) => {
  if (cell.dataset.mean !== undefined) return;
  cell.dataset.mean = takeTitle(cell);
  cell.dataset.strength = cell.querySelector('rect').getAttribute('fill-opacity');
};
const choose = (select) => {
  const list = cells(select.closest('figure'));
  list.forEach(keep);
  if (!select.value) return list.forEach(back);
  const values = select.value.split(' ');
  list.forEach((cell, i) => fill(cell, values[i] / 1000, select.dataset.largest));
};
document.querySelectorAll('select').forEach((select) => {
  select.value = '';
  select.addEventListener('change', () => choose(select));
});

/* On paper everything is open. */
addEventListener('beforeprint', () => document.querySelectorAll('details').forEach((d) => { d.open = true; }));
document.documentElement.dataset.ready = 'yes';

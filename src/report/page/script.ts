/**
 * What the page can do beyond being read: search, filter, and histories as tables. It builds nodes and never markup, so
 * that text of a subject stays text; the policy of the page lets this script run and no other.
 */
export const PAGE_SCRIPT = `(() => {
'use strict';
const STEP = 500;
const find = (selector, from = document) => [...from.querySelectorAll(selector)];
const make = (name, text) => { const node = document.createElement(name); if (text !== undefined) node.textContent = text; return node; };
const tools = document.getElementById('tools');
const rows = find('[data-verdict]');
const texts = rows.map((row) => (row.dataset.search || row.textContent).toLowerCase());
const words = document.getElementById('words');
const verdict = document.getElementById('verdict');
const shown = document.getElementById('shown');
const filter = () => {
  const wanted = words.value.toLowerCase().split(' ').filter((word) => word !== '');
  let count = 0;
  rows.forEach((row, index) => {
    const fits = verdict.value === '' || row.dataset.verdict === verdict.value || (verdict.value === 'flaky' && row.dataset.flaky === 'yes');
    const hit = fits && wanted.every((word) => texts[index].includes(word));
    row.hidden = !hit;
    if (hit && row.localName === 'tr') count += 1;
  });
  shown.textContent = count + (count === 1 ? ' scenario' : ' scenarios');
};
if (tools !== null) {
  tools.hidden = false;
  words.addEventListener('input', filter);
  verdict.addEventListener('change', filter);
  filter();
}
const unpack = async (link) => {
  const packed = Uint8Array.from(atob(link.dataset.packed || link.getAttribute('href').split(',')[1]), (letter) => letter.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream('gzip'));
  return new Response(stream).text();
};
const who = (event) => event.client === undefined ? '' : event.client + (event.conn === undefined ? '' : '#' + event.conn);
const KINDS = { sent: 'sends', 'sent-raw': 'sends raw', got: 'gets', 'got-invalid': 'gets invalid' };
const rest = (event) => Object.entries(event)
  .filter(([key]) => !['kind', 'at', 'client', 'conn', 'packet'].includes(key))
  .map(([key, value]) => key + ' ' + (typeof value === 'string' ? value : JSON.stringify(value)));
const what = (event) => {
  const packet = event.packet === undefined ? [] : [event.packet.type, ...rest({ ...event.packet, type: undefined }).filter((part) => !part.startsWith('type '))];
  return [...packet, ...rest(event)].join(', ');
};
const rowOf = (event) => {
  const row = make('tr');
  const at = event.at === undefined ? '' : event.at.toFixed(1) + ' ms';
  for (const text of [at, who(event), KINDS[event.kind] || event.kind, what(event)]) row.append(make('td', text));
  return row;
};
const visible = (text) => text.replace(/[\\p{Cc}\\p{Cf}\\u2028\\u2029]/gu, (letter) => '\\\\u{' + letter.codePointAt(0).toString(16).padStart(4, '0') + '}');
const showHistory = async (details) => {
  if (details.dataset.built === 'yes') return;
  details.dataset.built = 'yes';
  const link = details.querySelector('a[download]');
  if (link === null) return;
  const events = (await unpack(link)).split('\\n').filter((line) => line !== '').map((line) => JSON.parse(line, (key, value) => typeof value === 'string' ? visible(value) : value));
  const table = make('table');
  table.className = 'events';
  const head = make('tr');
  for (const text of ['time', 'who', 'what', 'details']) { const cell = make('th', text); cell.scope = 'col'; head.append(cell); }
  const thead = make('thead');
  thead.append(head);
  const body = make('tbody');
  table.append(thead, body);
  const box = make('div');
  box.className = 'wide';
  box.tabIndex = 0;
  box.append(table);
  const more = make('button');
  more.type = 'button';
  let next = 0;
  const add = () => {
    body.append(...events.slice(next, next + STEP).map(rowOf));
    next += STEP;
    more.hidden = next >= events.length;
    more.textContent = 'show ' + Math.min(STEP, events.length - next) + ' more of ' + events.length + ' events';
  };
  more.addEventListener('click', add);
  add();
  details.append(box, more);
};
document.addEventListener('toggle', (event) => { const at = event.target; if (at.open && at.dataset.history === 'yes') showHistory(at); }, true);
document.addEventListener('click', async (event) => {
  const link = event.target.closest === undefined ? null : event.target.closest('a[download]');
  if (link === null || link.dataset.plain === 'yes') return;
  event.preventDefault();
  const text = await unpack(link);
  const copy = make('a');
  copy.dataset.plain = 'yes';
  copy.download = link.download.replace(/\\.gz$/, '');
  copy.href = URL.createObjectURL(new Blob([text], { type: 'application/x-ndjson' }));
  document.body.append(copy);
  copy.click();
  copy.remove();
});
const reveal = () => {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (target === null) return;
  for (let node = target; node !== null; node = node.parentElement) { if (node.localName === 'details') node.open = true; node.hidden = false; }
  target.scrollIntoView();
};
addEventListener('hashchange', reveal);
if (location.hash !== '') reveal();
})();
`;

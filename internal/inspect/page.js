// The page of `listen --ui`. What comes from a delivery becomes a text node, never markup.

const $ = (id) => document.getElementById(id);
const part = (root, selector) => root.querySelector(selector);

// The fragment of the address that led here opens everything but the list. No server is
// sent it, and the address does not keep it.
const storage = 'hookctl-page';
if (location.hash.length > 1) sessionStorage.setItem(storage, location.hash.slice(1));
history.replaceState(null, '', '/');
const token = sessionStorage.getItem(storage) ?? '';

async function ask(path, options = {}) {
  const answer = await fetch(path, { ...options, headers: { 'X-Hookctl-Page': token } });
  if (!answer.ok) throw new Error((await answer.text()).trim());
  return answer;
}

const element = (name, text = '', kind = '') => {
  const e = document.createElement(name);
  e.textContent = text;
  if (kind) e.className = kind;
  return e;
};
const clock = (time) => new Date(time).toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit', fractionalSecondDigits: 3 });
const number = (ms) => ms.toLocaleString('en', { maximumFractionDigits: 1 });

// ---- the list

const mostRows = 10000;
const rows = new Map(); // number -> { row, tr }
const fresh = [];
let chosen = 0;
let matching = null; // a Set of numbers, or null without a filter
let settling = 0;

function makeRow(row) {
  const tr = $('row').content.firstElementChild.cloneNode(true);
  tr.dataset.n = row.n;
  tr.className = row.verdict.split(' ').pop() === 'verified' ? 'unverified' : row.verdict;
  part(tr, '.time').textContent = clock(row.time);
  part(tr, '.word').textContent = row.verdict + (row.duplicate ? ', again' : '');
  part(tr, 'button').setAttribute('aria-label', `${row.verdict}${row.duplicate ? ', again' : ''}: ${row.event || 'no event'}, delivery ${row.n}`);
  part(tr, '.event').textContent = row.event || '–';
  part(tr, '.event').title = row.event;
  part(tr, '.answer').textContent = row.failed ? 'none' : row.answer || '–';
  part(tr, '.answer').classList.toggle('bad', Boolean(row.failed || row.answer >= 300));
  part(tr, '.ms').textContent = number(row.ms);
  part(tr, '.bytes').textContent = row.bytes.toLocaleString('en');
  return tr;
}

function settle() {
  settling = 0;
  const batch = document.createDocumentFragment();
  let last;
  for (const row of fresh.splice(0)) {
    if (rows.has(row.n)) continue;
    const tr = makeRow(row);
    if (matching && !matching.has(row.n)) tr.hidden = true;
    rows.set(row.n, { row, tr });
    batch.prepend(tr);
    last = row;
  }
  if (!last) return;
  if (batch.childElementCount < 20) for (const tr of batch.children) tr.classList.add('fresh');
  const added = batch.childElementCount;
  $('rows').prepend(batch);
  while (rows.size > mostRows) {
    const [n, { tr }] = rows.entries().next().value;
    tr.remove();
    rows.delete(n);
  }
  $('none').hidden = true;
  $('live').textContent = added === 1 ? `New delivery: ${last.verdict}, ${last.event || 'no event'}` : `${added} new deliveries`;
  document.title = `(${rows.size}) hookctl listen`;
  if ($('filter').value.trim()) refilter();
  if (chosen && last.event === rows.get(chosen)?.row.event) offerComparisons();
}

let asked = 0;
let waiting = 0;
function refilter() {
  clearTimeout(waiting);
  waiting = setTimeout(filter, 150);
}
async function filter() {
  const words = $('filter').value.trim();
  const turn = ++asked;
  let found = null;
  let problem = '';
  if (words) {
    try {
      found = new Set(await (await ask('/d/?filter=' + encodeURIComponent(words))).json());
    } catch (error) {
      problem = error.message;
    }
  }
  if (turn !== asked) return; // there are other words by now
  matching = problem ? matching : found;
  let shown = 0;
  for (const [n, { tr }] of rows) {
    tr.hidden = matching !== null && !matching.has(n);
    shown += tr.hidden ? 0 : 1;
  }
  $('filtered').textContent = problem || (matching ? `${shown} of ${rows.size} deliveries` : '');
  $('filtered').classList.toggle('bad', problem !== '');
}

function choose(n, focus = false) {
  if (!rows.has(n)) return;
  rows.get(chosen)?.tr.removeAttribute('aria-current');
  chosen = n;
  const { tr } = rows.get(n);
  tr.setAttribute('aria-current', 'true');
  tr.scrollIntoView({ block: 'nearest' });
  if (focus) part(tr, 'button').focus({ preventScroll: true });
  showing = show(n);
}

function step(forward) {
  let tr = rows.get(chosen)?.tr;
  do {
    tr = tr ? (forward ? tr.nextElementSibling : tr.previousElementSibling) : $('rows').firstElementChild;
  } while (tr?.hidden);
  if (tr) choose(Number(tr.dataset.n), true);
}

// ---- the detail

let showing = null; // the chosen delivery is on its way
let detail = null; // what the server says of the chosen delivery
let bytes = null; // its body
const view = $('detail');

async function show(n) {
  let found;
  try {
    found = await (await ask(`/d/${n}`)).json();
  } catch (error) {
    if (n === chosen) view.replaceChildren(element('p', error.message, 'bad'));
    return;
  }
  if (n !== chosen) return;
  detail = found;
  bytes = null;
  view.replaceChildren($('delivery').content.cloneNode(true));
  part(view, 'h2').textContent = `${found.event || 'No event'}${found.id ? ' · ' + found.id : ''}`;
  const sentence = part(view, '.sentence');
  sentence.textContent = found.sentence;
  sentence.classList.add({ valid: 'good', invalid: 'bad' }[found.verdict] ?? 'odd');
  part(view, '.notes').append(...(found.notes ?? []).map((note) => element('li', note)));
  showHeaders();
  showAnswer();
  showAttempts();
  offerComparisons();
  for (const name of ['replay', 'edit', 'save']) part(view, `[data-do=${name}]`).disabled = Boolean(found.lost);
  part(view, '[data-do=copy]').disabled = !found.curl;
  part(view, '[data-do=line]').disabled = !found.replay;
  part(view, '[data-show=pretty]').disabled = found.kind !== 'JSON';
  await showBody({ JSON: 'pretty', binary: 'hex' }[found.kind] ?? 'raw');
}

function showHeaders() {
  const list = part(view, '.fields tbody');
  for (const { name, value, kind } of detail.headers ?? []) {
    const tr = document.createElement('tr');
    if (kind) tr.className = kind;
    tr.append(element('td', name), element('td', value));
    if (kind === 'signature') tr.lastChild.append(element('em', ' (the signature)'));
    if (kind === 'hidden') tr.lastChild.append(' (a credential, not shown here)');
    list.append(tr);
  }
  if (!list.children.length) list.append(element('tr', '', '')), list.lastChild.append(element('td', 'not in memory any more'));
}

function showAnswer() {
  const box = part(view, '.answered');
  const a = detail.handler;
  if (detail.forward) box.append(element('p', `Your handler did not answer: ${detail.forward}. The provider got ${detail.status}.`, 'bad'));
  else if (!detail.answer) box.append(element('p', `The delivery was not sent to a handler. The provider got ${detail.status}.`, 'quiet'));
  else box.append(element('p', `${detail.answer} after ${number(detail.ms)} ms`, detail.answer < 300 ? 'good' : 'bad'));
  if (!a) return;
  if (!a.held) box.append(element('p', 'The headers and body of the answer are not in memory any more.', 'quiet'));
  if (a.headers?.length) {
    const table = element('table', '', 'fields');
    table.createCaption().textContent = 'Headers of the answer';
    table.caption.className = 'unseen';
    for (const { name, value, kind } of a.headers) {
      const tr = element('tr', '', kind ?? '');
      tr.append(element('td', name), element('td', value));
      table.append(tr);
    }
    box.append(table);
  }
  if (a.body) {
    const pre = element('pre', a.body);
    pre.tabIndex = 0;
    pre.setAttribute('aria-label', 'Body of the answer');
    box.append(pre);
  }
  if (a.cut) box.append(element('p', 'Only the beginning of the answer is shown.', 'quiet'));
}

function showAttempts() {
  const list = part(view, '.attempts');
  list.replaceChildren();
  for (const a of detail.attempts ?? []) {
    const what = a.edited ? `edited and replayed, signed again with the secret of ${a.signed}` : 'replayed';
    const how = a.error ? `no answer: ${a.error}` : `answered ${a.status} after ${number(a.ms)} ms`;
    const li = element('li', `${clock(a.at)} ${what}: ${how}`);
    if (a.response) li.append(element('pre', a.response));
    list.append(li);
  }
  for (const twin of detail.twins ?? []) {
    const li = element('li');
    const go = element('button', `delivery ${twin.n}`);
    go.type = 'button';
    go.addEventListener('click', () => choose(twin.n));
    li.append(`${clock(twin.time)} the same event arrived ${twin.n < detail.n ? 'before' : 'again'}: ${twin.verdict}${twin.duplicate ? ', not forwarded again' : ''} `, go);
    list.append(li);
  }
  if (!list.children.length) list.append(element('li', 'none: it arrived once, and was not replayed from this page', 'quiet'));
}

function offerComparisons() {
  const select = view.querySelector('[data-do=compare]');
  if (!select || !detail) return;
  select.replaceChildren(select.firstElementChild);
  let offered = 0;
  for (const { row } of [...rows.values()].reverse()) {
    if (row.n === detail.n) continue;
    if (++offered > 100) break;
    const option = element('option', `${row.n}: ${clock(row.time)} ${row.event} ${row.verdict}`);
    option.value = row.n;
    select.append(option);
  }
}

const mostText = 1 << 20;
const mostHex = 64 << 10;

async function showBody(as) {
  const { n, lost, kind } = detail;
  const pre = part(view, '.body');
  const size = part(view, '.size');
  for (const b of view.querySelectorAll('[data-show]')) b.setAttribute('aria-pressed', String(b.dataset.show === as));
  pre.classList.toggle('hex', as === 'hex');
  size.textContent = `${detail.bytes.toLocaleString('en')} bytes, ${kind}`;
  if (lost) {
    pre.textContent = lost;
    return;
  }
  try {
    bytes ??= new Uint8Array(await (await ask(`/d/${n}/body`)).arrayBuffer());
    const text = as === 'pretty' ? await (await ask(`/d/${n}/pretty`)).text() : '';
    if (n !== detail.n) return;
    if (as === 'hex') pre.replaceChildren(hex(bytes));
    else pre.textContent = clip(as === 'pretty' ? text : new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes));
    if (as === 'hex' && bytes.length > mostHex) size.textContent += `; the first ${mostHex.toLocaleString('en')} are shown`;
  } catch (error) {
    if (n === detail.n) pre.textContent = error.message;
  }
}

const clip = (text) => (text.length > mostText ? text.slice(0, mostText) + '\n… (to see all of it, save it as a capture)' : text);

// hex marks line ends (b) and bytes that are not ASCII (i).
function hex(all) {
  const out = document.createDocumentFragment();
  let plain = '';
  const flush = () => {
    if (plain) out.append(plain);
    plain = '';
  };
  const put = (byte, text) => {
    const kind = byte === 10 || byte === 13 ? 'b' : byte > 126 || byte < 32 ? 'i' : '';
    if (!kind) {
      plain += text;
      return;
    }
    flush();
    out.append(element(kind, text));
  };
  for (let at = 0; at < Math.min(all.length, mostHex); at += 16) {
    const line = all.subarray(at, at + 16);
    plain += at.toString(16).padStart(8, '0') + '  ';
    for (const byte of line) {
      put(byte, byte.toString(16).padStart(2, '0'));
      plain += ' ';
    }
    plain += '   '.repeat(16 - line.length) + ' ';
    for (const byte of line) put(byte, byte === 10 ? '↵' : byte === 13 ? '␍' : byte > 126 || byte < 32 ? '·' : String.fromCharCode(byte));
    plain += '\n';
  }
  flush();
  return out;
}

// ---- what can be done

const say = (text, bad = false) => {
  const p = view.querySelector('.done');
  if (!p) return;
  p.textContent = text;
  p.classList.toggle('bad', bad);
};

async function copy(text, what) {
  try {
    await navigator.clipboard.writeText(text);
    say(`Copied ${what}.`);
  } catch {
    say(`The browser does not allow this page to copy. Copy this yourself: ${text}`, true);
  }
}

function attempted(a, n) {
  if (n !== detail?.n) return;
  detail.attempts = [...(detail.attempts ?? []), a];
  showAttempts();
  say(a.error ? `No answer: ${a.error}` : `Your handler answered ${a.status} after ${number(a.ms)} ms.${a.edited ? ` Signed again with the secret of ${a.signed}.` : ''}`, !(a.status >= 200 && a.status < 300));
}

// editable is the body as text that a text field gives back unchanged, or why there is
// none: a field holds no carriage returns.
function editable() {
  const crlf = bytes.includes(13);
  let text;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new Error('The body is not UTF-8 text, so it cannot be edited here.');
  }
  const field = part(view, '#edited');
  field.value = text;
  field.dataset.crlf = crlf ? 'yes' : '';
  if (edited() !== text) throw new Error('The body has mixed line ends or characters that a text field changes, so it cannot be edited here.');
}
const edited = () => {
  const field = part(view, '#edited');
  return field.dataset.crlf ? field.value.replaceAll('\n', '\r\n') : field.value;
};

async function compare(m) {
  const n = detail.n;
  const found = await (await ask(`/d/${n}/compare/${m}`)).json();
  if (n !== detail.n) return;
  const box = part(view, '.compared');
  box.hidden = false;
  box.replaceChildren(element('h3', `Compared with delivery ${m}`));
  const pre = document.createElement('pre');
  const side = (sign, name, value, kind) => value !== null && pre.append(element('span', `${sign} ${name}: ${value}\n`, kind));
  for (const b of found.body ?? []) {
    side('-', b.path, b.left, 'left');
    side('+', b.path, b.right, 'right');
  }
  for (const h of found.headers ?? []) {
    side('-', h.name, h.left && h.left.join(', '), 'left');
    side('+', h.name, h.right && h.right.join(', '), 'right');
  }
  if (pre.childNodes.length) box.append(element('p', `- delivery ${m}, + delivery ${n}; bodies compared as ${found.kind}`, 'quiet'), pre);
  else box.append(element('p', 'Headers and bodies are the same.'));
  box.tabIndex = -1;
  box.focus();
}

const actions = {
  async replay() {
    const n = detail.n;
    attempted(await (await ask(`/d/${n}/replay`, { method: 'POST' })).json(), n);
  },
  edit() {
    editable();
    part(view, '.edit').hidden = false;
    part(view, '#edited').focus();
  },
  close() {
    part(view, '.edit').hidden = true;
    part(view, '[data-do=edit]').focus();
  },
  async send() {
    const n = detail.n;
    attempted(await (await ask(`/d/${n}/replay-edited`, { method: 'POST', body: edited() })).json(), n);
  },
  async curl() {
    await copy(await (await ask(`/d/${detail.n}/curl`, { method: 'POST', body: edited() })).text(), 'a curl command that signs with hookctl when it runs');
  },
  copy: () => copy(detail.curl, 'as a curl command'),
  line: () => copy(detail.replay, 'as a hookctl replay command'),
  async save() {
    const a = document.createElement('a');
    a.href = URL.createObjectURL(await (await ask(`/d/${detail.n}/capture`)).blob());
    a.download = `delivery-${detail.n}.ndjson`;
    a.click();
    setTimeout(() => URL.revokeObjectURL(a.href), 10000);
    say(`Saved as ${a.download}.`);
  },
  compare() {
    const m = part(view, '[data-do=compare]').value;
    if (m) return compare(m);
  },
  previous() {
    if (!detail.previous) throw new Error('There is no earlier delivery of this type.');
    return compare(detail.previous);
  },
};

async function act(name) {
  await showing;
  if (!detail || detail.n !== chosen) return;
  const button = view.querySelector(`[data-do=${name}]`);
  if (button?.disabled) return say(detail.lost || 'The body is too large for a command line: save it as a capture.', true);
  try {
    await actions[name]();
  } catch (error) {
    say(error.message, true);
  }
}

view.addEventListener('click', ({ target }) => {
  const b = target.closest('button');
  if (b?.dataset.show) showBody(b.dataset.show);
  else if (b?.dataset.do) act(b.dataset.do);
});
view.addEventListener('change', ({ target }) => target.dataset.do === 'compare' && act('compare'));
$('rows').addEventListener('click', ({ target }) => {
  const tr = target.closest('tr');
  if (tr) choose(Number(tr.dataset.n));
});
$('filter').addEventListener('input', refilter);
$('search').addEventListener('submit', (event) => event.preventDefault());
$('help').addEventListener('click', () => $('keys').showModal());
$('copy-address').addEventListener('click', async () => {
  try {
    await navigator.clipboard.writeText($('address').textContent);
    $('link').textContent = 'Copied the address.';
  } catch {
    getSelection().selectAllChildren($('address'));
  }
});

document.addEventListener('keydown', (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || $('keys').open) return;
  const typing = event.target.closest('input, textarea, select');
  if (event.key === 'Escape' && typing) {
    if (typing.id === 'edited') actions.close();
    else typing.blur();
    return;
  }
  if (typing) return;
  const key = {
    j: () => step(true), k: () => step(false), '/': () => $('filter').focus(), '?': () => $('keys').showModal(),
    r: () => act('replay'), e: () => act('edit'), c: () => act('previous'), y: () => act('copy'),
  }[event.key];
  if (key) {
    event.preventDefault();
    key();
  } else if (event.key === 'Enter' && chosen && (event.target === document.body || event.target.closest('#rows'))) {
    event.preventDefault();
    if (event.target.closest('tr') && Number(event.target.closest('tr').dataset.n) !== chosen) choose(Number(event.target.closest('tr').dataset.n));
    view.focus();
  }
});

// ---- the stream

const source = new EventSource('/events');
source.addEventListener('open', () => {
  $('link').textContent = token ? 'Connected.' : 'This tab can show only the list. For everything else, open the address that hookctl printed.';
  $('link').className = token ? 'good' : 'bad';
});
source.addEventListener('error', () => {
  $('link').textContent = 'Not connected. Check that hookctl listen still runs. Trying again…';
  $('link').className = 'bad';
});
source.addEventListener('delivery', ({ data }) => {
  fresh.push(JSON.parse(data));
  settling ||= setTimeout(settle, 0);
});
source.addEventListener('missed', ({ data }) => {
  $('filtered').textContent = `This page missed ${data} deliveries, which are not in memory any more.`;
});
source.addEventListener('state', ({ data }) => {
  const state = JSON.parse(data);
  $('address').textContent = state.address;
  $('target').textContent = state.target ? `Your handler: ${state.health || state.target}` : 'Deliveries are not forwarded (--forward-to).';
  $('target').className = !state.health ? '' : state.healthy ? 'good' : 'bad';
  $('notice').textContent = state.notice;
  $('notice').hidden = !state.notice;
});

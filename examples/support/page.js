// What the pages that programs write can do besides being read. All of it comes from what the page already has: without
// scripts the pictures, numbers and links are all there. Text reaches the page as text only, never as HTML.
'use strict';

const make = (name, parent, className) => {
  const element = document.createElement(name);
  if (className) element.className = className;
  if (parent) parent.append(element);
  return element;
};

const shown = (x) => (x === null || !Number.isFinite(x) ? 'not a number' : String(Number(x.toPrecision(4))));

// ---- the value under the pointer

// From a part of the box to a value of the axis, and back.
const valueAt = (axis, part) =>
  axis.log ? axis.low * Math.pow(axis.high / axis.low, part) : axis.low + part * (axis.high - axis.low);
const partOf = (axis, value) =>
  axis.log ? Math.log(value / axis.low) / Math.log(axis.high / axis.low) : (value - axis.low) / (axis.high - axis.low);

// The places of all points of a panel, as parts of the picture.
function placesOf(panel) {
  const [left, top, right, bottom] = panel.box;
  const places = [];
  for (const series of panel.series)
    series.x.forEach((x, i) => {
      const y = series.y[i];
      if (x === null || y === null) return;
      const across = partOf(panel.x, x), up = partOf(panel.y, y);
      if (!(across >= -0.001 && across <= 1.001 && up >= -0.001 && up <= 1.001)) return;
      places.push({series, i, x: left + across * (right - left), y: bottom - up * (bottom - top)});
    });
  return places;
}

function describe(place, panel) {
  const {series, i} = place;
  const lines = [`${panel.x.label || 'x'}: ${shown(series.x[i])}`, `${panel.y.label || 'y'}: ${shown(series.y[i])}`];
  if (series.low) lines.push(`between ${shown(series.low[i])} and ${shown(series.high[i])}`);
  return (series.name ? [series.name, ...lines] : lines).join('\n');
}

function showValues(figure, look) {
  const frame = figure.querySelector('.frame'), picture = frame.querySelector('.picture'), image = picture.querySelector('img');
  const panels = look.panels.map((panel) => ({panel, places: placesOf(panel)}));
  const mark = make('span', picture, 'mark'), tip = make('span', picture, 'tip');
  const hide = () => (mark.hidden = tip.hidden = true);
  hide();

  picture.addEventListener('pointermove', (event) => {
    const box = image.getBoundingClientRect();
    const px = event.clientX - box.left, py = event.clientY - box.top;
    const inside = panels.find(({panel: {box: [l, t, r, b]}}) =>
      px >= l * box.width - 8 && px <= r * box.width + 8 && py >= t * box.height - 8 && py <= b * box.height + 8);
    if (!inside) return hide();
    const {panel, places} = inside;
    let nearest = null, least = 30 * 30;  // pixels
    for (const place of places) {
      const dx = place.x * box.width - px, dy = place.y * box.height - py;
      if (dx * dx + dy * dy < least) [nearest, least] = [place, dx * dx + dy * dy];
    }
    const [l, t, r, b] = panel.box;
    const x = nearest ? nearest.x * box.width : px, y = nearest ? nearest.y * box.height : py;
    tip.textContent = nearest ? describe(nearest, panel)
      : `${panel.x.label || 'x'}: ${shown(valueAt(panel.x, (px / box.width - l) / (r - l)))}\n` +
        `${panel.y.label || 'y'}: ${shown(valueAt(panel.y, (b - py / box.height) / (b - t)))}`;
    mark.hidden = !nearest;
    tip.hidden = false;
    mark.style.left = `${x}px`;
    mark.style.top = `${y}px`;
    // Within what is seen of a picture that is wider than its frame.
    const from = frame.scrollLeft, to = Math.min(box.width, from + frame.clientWidth);
    tip.style.left = `${Math.max(from, Math.min(x + 12, to - tip.offsetWidth - 2))}px`;
    tip.style.top = `${y > tip.offsetHeight + 14 ? y - tip.offsetHeight - 12 : y + 14}px`;
  });
  picture.addEventListener('pointerleave', hide);
}

// ---- an orbit, step by step

function stepThrough(figure, look) {
  const {cells, columns, rows, frames} = look;
  if (frames.length < 3) return;
  const image = figure.querySelector('img');
  const references = columns.map((title, k) => k).filter((k) => !frames.includes(k) && columns[k]);
  const reference = references.length ? references[references.length - 1] : -1;

  const box = make('div', null, 'steps'), control = make('div', box, 'control');
  const play = make('button', control), slider = make('input', control), said = make('output', control);
  play.type = 'button';
  slider.type = 'range';
  slider.min = 0;
  slider.max = frames.length - 1;
  slider.value = 0;
  slider.setAttribute('aria-label', 'Step of the orbit');

  const cut = (canvas, column, row) => {
    canvas.width = cells.width;
    canvas.height = cells.height;
    canvas.getContext('2d').drawImage(image, cells.left + column * (cells.width + cells.gap),
      cells.top + row * (cells.height + cells.gap), cells.width, cells.height, 0, 0, cells.width, cells.height);
  };
  const orbits = make('div', box, 'orbits');
  const canvases = rows.map((label, row) => {
    const orbit = make('div', orbits, 'orbit'), pair = make('div', orbit);
    const canvas = make('canvas', pair);
    canvas.setAttribute('role', 'img');
    canvas.setAttribute('aria-label', label || `row ${row + 1}`);
    if (reference >= 0) {
      const fixed = make('canvas', pair);
      fixed.title = columns[reference];
      cut(fixed, reference, row);
    }
    make('span', orbit).textContent = label;
    return canvas;
  });
  if (reference >= 0) make('p', box, 'note').textContent = `Small: ${columns[reference].replace(/\s+/g, ' ')}.`;

  const show = () => {
    const title = columns[frames[slider.value]];
    said.textContent = /^\d+$/.test(title) ? `after ${title} step${title === '1' ? '' : 's'}` : title;
    slider.setAttribute('aria-valuetext', said.textContent);
    canvases.forEach((canvas, row) => cut(canvas, frames[slider.value], row));
  };
  let timer = 0;
  const stop = () => {
    clearInterval(timer);
    timer = 0;
    play.textContent = 'Play';
  };
  play.addEventListener('click', () => {
    if (timer) return stop();
    play.textContent = 'Stop';
    if (slider.value === slider.max) slider.value = 0;
    show();
    timer = setInterval(() => {
      slider.value = Number(slider.value) + 1;
      show();
      if (slider.value === slider.max) stop();
    }, 600);
  });
  slider.addEventListener('input', () => {
    stop();
    show();
  });
  stop();
  show();
  figure.prepend(box);
}

// ---- the values behind a number

function showDots(details) {
  const values = JSON.parse(details.dataset.values);
  const finite = values.filter((v) => v !== null);
  if (finite.length < 2) return;
  const [low, high] = [details.dataset.low, details.dataset.high].map((v) => (v === undefined ? null : Number(v)));
  // The values fill the strip; an end of the band is seen where it is not much farther away than they are from each other.
  const axis = {low: Math.min(...finite), high: Math.max(...finite)};
  const span = axis.high - axis.low;
  if (span === 0) return;
  for (const end of [low, high])
    if (end !== null && end > axis.low - span && end < axis.high + span) {
      axis.low = Math.min(axis.low, end);
      axis.high = Math.max(axis.high, end);
    }
  axis.log = axis.low > 0 && axis.high / axis.low > 50;

  const svg = (name, parent, attributes) => {
    const element = document.createElementNS('http://www.w3.org/2000/svg', name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    if (parent) parent.append(element);
    return element;
  };
  const place = (v) => 6 + 188 * partOf(axis, v);
  const strip = svg('svg', null, {class: 'dots', viewBox: '0 0 200 22', preserveAspectRatio: 'none', 'aria-hidden': 'true'});
  const edge = (end, without) =>
    end === null ? without : end <= axis.low && axis.log ? 0 : Math.min(200, Math.max(0, place(end)));
  const from = edge(low, 0), to = edge(high, 200);
  if ((low !== null || high !== null) && to > from)
    svg('rect', strip, {class: 'band', x: from, y: 4, width: Math.max(to - from, 2), height: 14});
  svg('line', strip, {class: 'axis', x1: 0, x2: 200, y1: 11, y2: 11});
  const summary = details.querySelector('summary'), usual = summary.textContent;
  const seeds = JSON.parse(details.dataset.seeds || '[]');
  values.forEach((v, k) => {
    if (v === null) return;
    const dot = svg('circle', strip, {cx: place(v), cy: 11, r: 4.5});
    const words = `${seeds.length === values.length ? `seed ${seeds[k]}` : `value ${k + 1}`}: ${shown(v)}`;
    svg('title', dot, {}).textContent = words;
    dot.addEventListener('pointerenter', () => (summary.textContent = words));
    dot.addEventListener('pointerleave', () => (summary.textContent = usual));
  });
  details.before(strip);
}

// ---- the page

async function lookInto(figure) {
  await figure.querySelector('img').decode();
  const look = JSON.parse(figure.dataset.look);
  if (look.panels) showValues(figure, look);
  else if (look.frames) stepThrough(figure, look);
}

// A picture that cannot be looked into stays a picture.
for (const figure of document.querySelectorAll('figure[data-look]'))
  lookInto(figure).catch((problem) => console.info(`A picture without values: ${problem}`));

for (const details of document.querySelectorAll('details[data-values]')) showDots(details);

// The first picture of an item is on its card.
for (const thumb of document.querySelectorAll('.thumb[data-of]')) {
  const figure = document.getElementById(thumb.dataset.of).querySelector('figure');
  if (!figure) continue;
  const image = make('img', thumb);
  image.alt = '';
  image.src = figure.querySelector('img').src;
  if (figure.dataset.kind) thumb.dataset.kind = figure.dataset.kind;
}

// The contents say where the reader is.
const links = new Map([...document.querySelectorAll('nav a')].map((a) => [a.getAttribute('href').slice(1), a]));
const visible = new Set();
const watch = new IntersectionObserver((entries) => {
  for (const entry of entries) entry.isIntersecting ? visible.add(entry.target) : visible.delete(entry.target);
  const first = [...document.querySelectorAll('main section[id]')].find((section) => visible.has(section));
  if (!first) return;
  for (const [id, link] of links) {
    if (id !== first.id) link.removeAttribute('aria-current');
    else if (!link.hasAttribute('aria-current')) {
      link.setAttribute('aria-current', 'true');
      const strip = link.closest('ol');
      if (strip.scrollWidth > strip.clientWidth) strip.scrollLeft = link.offsetLeft - strip.clientWidth / 2;
    }
  }
}, {rootMargin: '-60px 0px -40% 0px'});
for (const section of document.querySelectorAll('main section[id]')) watch.observe(section);

// Paper has nothing to click.
window.addEventListener('beforeprint', () => {
  for (const details of document.querySelectorAll('details')) details.open = true;
});

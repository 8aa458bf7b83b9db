#!/usr/bin/env python3
"""The report as a reader has it: opened in headless Chromium, looked at, clicked and printed.

usage: report_in_browser.py TEST_EXAMPLES [--keep DIR]

TEST_EXAMPLES is the test program that writes a report with everything that can happen (test_report_page.cpp). With --keep
the report and screenshots stay in DIR, to be looked at. Without Chromium the test is skipped.
"""
import os
import subprocess
import sys
import tempfile
from urllib.parse import unquote

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'support'))
import chromium  # noqa: E402

failures = []


def check(holds, what):
    if not holds:
        failures.append(what)
        print('FAILED:', what)


# What reaches beyond the window without being within something that scrolls.
OVERFLOW = '''
[...document.querySelectorAll('body *')].filter(e => {
  const box = e.getBoundingClientRect();
  if (box.width === 0 || box.height === 0 || (box.right <= innerWidth + 0.5 && box.left >= -0.5)) return false;
  for (let p = e.parentElement; p; p = p.parentElement) {
    const how = getComputedStyle(p).overflowX;
    if (how === 'auto' || how === 'scroll' || how === 'hidden') return false;
  }
  return true;
}).map(e => `${e.tagName}.${e.className} ${e.textContent.slice(0, 40)}`).slice(0, 5)
'''

# Texts with less contrast to what is behind them than WCAG 2.1 asks for (4.5).
CONTRAST = '''
(() => {
  const numbers = c => c.match(/[0-9.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map(v => v / 255).map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, k) => sum + v * [0.2126, 0.7152, 0.0722][k], 0);
  const behind = e => {
    for (; e; e = e.parentElement) {
      const c = numbers(getComputedStyle(e).backgroundColor);
      if (c.length === 3 || c[3] === 1) return c;
    }
    return [255, 255, 255];
  };
  const bad = [];
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let n; (n = texts.nextNode());) {
    const e = n.parentElement;
    if (!n.data.trim() || !e.checkVisibility() || e.closest('script')) continue;
    const [a, b] = [light(numbers(getComputedStyle(e).color)), light(behind(e))].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < 4.5) bad.push(`${ratio.toFixed(2)} ${e.className} ${n.data.slice(0, 40)}`);
  }
  return bad.slice(0, 5);
})()
'''


def widths(page, report, keep):
    for width, height in ((320, 568), (390, 844), (768, 1024), (1280, 900), (1920, 1080)):
        page.size(width, height)
        page.open(report)
        ready(page)
        page.run('document.querySelectorAll("details").forEach(d => d.open = true)')
        check(page.run('document.scrollingElement.scrollWidth') <= width, f'no horizontal overflow at {width}')
        beyond = page.run(OVERFLOW)
        check(beyond == [], f'nothing reaches beyond {width}: {beyond}')
        broken = page.run('[...document.querySelectorAll(".whole")].filter(e => e.checkVisibility() && '
                          'e.getClientRects().length > 1).map(e => e.textContent)')
        check(broken == [], f'numbers are on one line at {width}: {broken}')
        if keep:
            page.run('document.querySelectorAll("details").forEach(d => d.open = false)')
            page.screenshot(os.path.join(keep, f'at-{width}.png'), whole=True)


def ready(page):
    """Waits until the pictures can be asked."""
    page.run('''(async () => {
      for (const f of document.querySelectorAll('figure[data-look] img')) await f.decode();
      await new Promise(done => setTimeout(done, 50));
    })()''')


def alone(page, report):
    page.size(1280, 900)
    page.open(report)
    ready(page)
    check(page.complaints() == [], f'no complaints on the console: {page.complaints()}')
    asked = [u for u in page.requests() if not u.startswith('data:')]
    check(asked == ['file://' + report], f'nothing else is loaded: {asked}')
    check(page.run('fetch("https://example.org").then(() => false, () => true)'), 'the network is forbidden')


def links(page, report):
    ids = page.run('[...document.querySelectorAll("[id]")].map(e => e.id)')
    check(len(ids) == len(set(ids)), 'no id is used twice')
    for href in page.run('[...document.querySelectorAll("a")].map(a => a.getAttribute("href"))'):
        if href.startswith('#'):
            check(href[1:] in ids, f'{href} is on the page')
        elif not href.startswith('https://arxiv.org/'):
            file = os.path.join(os.path.dirname(report), unquote(href))
            check('://' not in href and os.path.isfile(file), f'{href} is a file')
    item = '[...document.querySelectorAll("main section")].find(s => s.querySelector("h2").textContent.startsWith("Figure 3"))'
    found = page.run(item + '.textContent')
    for part in ('docs/paper/figure_3.md', 'examples/paper/figure_3.cpp', 'the paper, Section 3, Figure 3',
                 'figure_3.json', 'examples/reproduce --only figure_3'):
        check(part in found, f'the item says {part}')
    # A click on the contents leads to the item.
    x, y = page.run('''(() => { const b = [...document.querySelectorAll('nav a')].find(a => a.textContent === 'Figure 5')
      .getBoundingClientRect(); return [b.x + b.width / 2, b.y + b.height / 2]; })()''')
    page.click(x, y)
    page.run('new Promise(done => setTimeout(done, 200))')
    top = page.run('''[...document.querySelectorAll('main section')].find(s => s.querySelector('h2').textContent.startsWith('Figure 5'))
      .getBoundingClientRect().top''')
    check(-1 <= top < 100, f'the item is at the top after a click: {top}')
    here = page.run('[...document.querySelectorAll("nav [aria-current]")].map(a => a.textContent)')
    check(here == ['Figure 5'], f'the contents say where the reader is: {here}')


def summary(page):
    text = page.run('document.getElementById("summary").textContent')
    for part in ('Nothing: every', 'undefined', 'NaN'):
        check(part not in text, f'the summary does not say {part}')
    surprised = page.run('''[...document.querySelector('#surprised ~ ul').children]
      .map(l => l.querySelector('a').textContent)''')
    check(sorted(surprised) == sorted(['Broken.json', 'Theorem 1', 'Theorem 2', 'Figure 5, 5a', 'Figure 5, 5b',
                                       'Figure 5, 5c']), f'what surprised: {surprised}')
    check('theorem_3,figure_6' in page.run('document.querySelector("#missing ~ .command").textContent'),
          'what was not run')
    for tile in page.run('''[...document.querySelectorAll('.tile')].map(t => ({
        bar: [...t.querySelectorAll('.bar span')].map(s => s.getBoundingClientRect().width),
        count: [...t.querySelectorAll('strong')].map(s => Number(s.textContent))}))'''):
        each = [w / n for w, n in zip(tile['bar'], tile['count'])]
        check(len(tile['bar']) == len(tile['count']) and max(each) < 1.05 * min(each),
              f'the parts of a bar are as its counts: {tile}')
    thumbs = page.run('''[...document.querySelectorAll('.cards li')].filter(l => l.querySelector('.thumb img'))
      .map(l => l.querySelector('strong').textContent)''')
    check(sorted(thumbs) == ['Figure 3', 'Figure 4', 'Figure 5'], f'cards have the first pictures: {thumbs}')


GREYS = '''[...document.querySelectorAll('.steps canvas:first-child')].map(c =>
  c.getContext('2d').getImageData(c.width / 2, c.height / 2, 1, 1).data[0])'''


def slider(page):
    check(page.run('document.querySelectorAll(".steps").length') == 1, 'one picture has orbits')
    said = 'document.querySelector(".steps output").textContent'
    check(page.run(GREYS) == [0, 100] and page.run(said) == 'start', f'it begins at the start: {page.run(GREYS)}')
    check(page.run('''[...document.querySelectorAll('.steps canvas + canvas')].every(c =>
      c.getContext('2d').getImageData(5, 5, 1, 1).data[0] === 255)'''), 'the nearest image is beside each')
    page.run('document.querySelector(".steps input").focus()')
    for step, words in ((1, 'after 1 step'), (2, 'after 2 steps'), (3, 'after 10 steps')):
        page.key('ArrowRight', 39)
        check(page.run(GREYS) == [10 * step, 100 + 10 * step] and page.run(said) == words,
              f'the slider shows step {step}: {page.run(GREYS)}, {page.run(said)}')
    page.key('Home', 36)
    x, y = page.run('''(() => { const e = document.querySelector('.steps button'); e.scrollIntoView({block: 'center'});
      const b = e.getBoundingClientRect(); return [b.x + b.width / 2, b.y + b.height / 2]; })()''')
    page.click(x, y)
    page.run('''new Promise((done, fail) => { const end = Date.now() + 20000; const look = () =>
      document.querySelector('.steps input').value === '3' ? done()
        : Date.now() > end ? fail(new Error('Play does not arrive')) : setTimeout(look, 50); look(); })''')
    check(page.run(GREYS) == [30, 130], 'Play goes through to the last frame')


# Where the star of test_report_page.cpp is drawn, from its colour alone.
STAR = '''(() => {
  const image = [...document.querySelectorAll('figure img')].find(i => i.alt.includes('star.png'));
  image.scrollIntoView({block: 'center'});
  const canvas = document.createElement('canvas');
  canvas.width = image.naturalWidth; canvas.height = image.naturalHeight;
  const draw = canvas.getContext('2d');
  draw.drawImage(image, 0, 0);
  const data = draw.getImageData(0, 0, canvas.width, canvas.height).data;
  let x = 0, y = 0, n = 0;
  for (let i = 0; i < canvas.height * 0.8; i++)  // above the legend
    for (let j = 0; j < canvas.width; j++) {
      const k = 4 * (i * canvas.width + j);
      if (data[k] === 0xd5 && data[k + 1] === 0x5e && data[k + 2] === 0) { x += j; y += i; n++; }
    }
  const box = image.getBoundingClientRect(), s = box.width / canvas.width;
  return [box.x + s * (x / n + 0.5), box.y + s * (y / n + 0.5)];
})()'''


def hover(page):
    for width in (1280, 390):
        page.size(width, 900)
        x, y = page.run(STAR)
        page.move(x + 3, y - 2)
        tip = page.run('[...document.querySelectorAll(".tip")].filter(t => !t.hidden).map(t => t.textContent)')
        check(tip == ['the star\nepochs: 2\nloss: 1000'], f'the value under the pointer at {width}: {tip}')
        mark = page.run('''(() => { const b = [...document.querySelectorAll('.mark')].find(m => !m.hidden)
          .getBoundingClientRect(); return [b.x + b.width / 2, b.y + b.height / 2]; })()''')
        check(abs(mark[0] - x) < 1.5 and abs(mark[1] - y) < 1.5, f'the mark is on the point: {mark}, {[x, y]}')
        page.move(2, 2)
        check(page.run('[...document.querySelectorAll(".tip")].every(t => t.hidden)'), 'and it goes')
    page.size(1280, 900)
    dots = page.run('''[...document.querySelectorAll('svg.dots')].map(s =>
      [...s.querySelectorAll('title')].map(t => t.textContent))''')
    check(dots[:1] == [['seed 7: 57', 'seed 8: 63', 'seed 9: 55']], f'a dot for each seed: {dots[:1]}')


def schemes(page, report, keep):
    for scheme in ('light', 'dark'):
        page.media(scheme)
        page.open(report)
        ready(page)
        page.run('document.querySelectorAll("details").forEach(d => d.open = true)')
        dark = page.run('getComputedStyle(document.body).backgroundColor') != 'rgb(255, 255, 255)'
        check(dark == (scheme == 'dark'), f'the page is {scheme}')
        weak = page.run(CONTRAST)
        check(weak == [], f'contrast of {scheme}: {weak}')
        if keep:
            page.run('document.querySelectorAll("details").forEach(d => d.open = false)')
            page.screenshot(os.path.join(keep, scheme + '.png'), whole=True)
    page.media('light')


def printed(page, report, keep):
    page.media('dark', 'print')
    page.open(report)
    ready(page)
    check(page.run('getComputedStyle(document.querySelector("nav")).display') == 'none', 'no contents on paper')
    check(page.run('getComputedStyle(document.querySelector(".steps")).display') == 'none', 'no slider on paper')
    check(page.run('getComputedStyle(document.body).backgroundColor') == 'rgb(255, 255, 255)', 'paper is white')
    check(page.run(CONTRAST) == [], f'contrast on paper: {page.run(CONTRAST)}')
    page.media('light', '')
    with tempfile.TemporaryDirectory() as folder:
        file = os.path.join(keep or folder, 'report.pdf')
        page.pdf(file)
        with open(file, 'rb') as pdf:
            check(pdf.read(5) == b'%PDF-', 'it can be printed')
    check(page.run('[...document.querySelectorAll("details")].every(d => d.open)'), 'nothing is folded on paper')


def without_scripts(page, report):
    page.scripts(False)
    page.open(report)
    page.scripts(True)
    check(page.run('[...document.querySelectorAll("figure img")].every(i => i.naturalWidth > 0)'),
          'pictures are there without scripts')
    check(page.run('document.querySelectorAll(".steps, .tip, .dots").length') == 0, 'and nothing that does not work')
    check(page.run('[...document.querySelectorAll(".thumb")].every(t => !t.checkVisibility())'), 'nor empty frames')


def main():
    arguments = sys.argv[1:]
    keep = None
    if '--keep' in arguments:
        k = arguments.index('--keep')
        keep = os.path.abspath(arguments[k + 1])
        os.makedirs(keep, exist_ok=True)
        del arguments[k:k + 2]
    program = chromium.find()
    if not program:
        print('SKIPPED: there is no Chromium here (cmake/install_dependencies browser)')
        return 0
    # Beside the build, so that links into the project are relative as those of a user.
    with tempfile.TemporaryDirectory(dir=os.getcwd()) as folder:
        folder = keep or folder
        subprocess.run([arguments[0], '[.browser]'], env=dict(os.environ, BASIN_REPORT_DIR=folder), check=True,
                       stdout=subprocess.DEVNULL)
        report = os.path.join(folder, 'report.html')
        with chromium.Page(program) as page:
            page.media('light')
            alone(page, report)
            links(page, report)
            summary(page)
            slider(page)
            hover(page)
            widths(page, report, keep)
            page.size(1280, 900)
            schemes(page, report, keep)
            printed(page, report, keep)
            without_scripts(page, report)
    print(f'{len(failures)} failed' if failures else 'all passed')
    return 1 if failures else 0


if __name__ == '__main__':
    sys.exit(main())

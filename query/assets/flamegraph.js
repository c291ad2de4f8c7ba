// The interactive part of a flame graph SVG. It reads the boxes from the drawing itself: names and
// totals from their titles, depths from their rows; the file holds nothing twice.
(() => {
  'use strict';
  const script = document.currentScript;
  const svg = script ? script.ownerSVGElement : document.documentElement;
  const XHTML = 'http://www.w3.org/1999/xhtml';
  const SVG = 'http://www.w3.org/2000/svg';
  const MIN_PIXELS = 0.5;
  const find = (id) => svg.querySelector('#' + id);
  const graph = find('graph');
  const head = find('head');
  const details = find('details');
  const {top, row, box: boxHeight, gap, margin} = Object.fromEntries(
      ['top', 'row', 'box', 'gap', 'margin'].map((key) => [key, Number(graph.dataset[key])]));
  const inverted = graph.dataset.inverted === '1';
  const standalone = svg === document.documentElement;

  // ---- The boxes, in preorder: a box's descendants are those up to its `end`.
  const boxes = Array.from(graph.children, (element, index) => {
    const [title, ...notes] = element.querySelector('title').textContent.split('\n');
    const [, name, count, unit, share] = /^([^]*) \(([\d,]+) ([^]*), ([\d.]+%)\)$/.exec(title);
    const path = element.querySelector('path');
    return {
      index, element, path, name, count, unit, share, notes: notes.join(' \u00b7 '),
      text: element.querySelector('text'),
      y: Number(/^M[^,]*,(\d+)/.exec(path.getAttribute('d'))[1]),
      total: Number(count.replaceAll(',', '')),
      self: Number(element.dataset.self || 0),
      parent: null, start: 0, next: 0, end: index + 1, left: 0, width: 0,
    };
  });
  const root = boxes[0];
  const depthOf = (box) => Math.abs(box.y - root.y) / row;
  const open = [];
  for (const box of boxes) {
    open.length = depthOf(box);
    const parent = open[open.length - 1];
    if (parent) {
      box.parent = parent;
      box.start = parent.next;
      parent.next += box.total;
    }
    box.next = box.start;
    open.push(box);
  }
  for (const box of boxes.slice().reverse()) {
    if (box.parent) box.parent.end = Math.max(box.parent.end, box.end);
  }
  const isBelow = (box, ancestor) => box.index >= ancestor.index && box.index < ancestor.end;

  // ---- Drawing.
  let zoomed = root;
  let current = null;  // the box that has the keyboard
  let pixels = svg.viewBox.baseVal.width;
  let column = 7.23;   // width of a character

  // As FitText() in svg_text.cc; characters of double width are not told apart.
  function fit(name, columns) {
    if (columns < 3) return '';
    let letters = Array.from(name);
    if (letters.length <= columns) return name;
    const separator = Math.max(name.lastIndexOf('\\'), name.lastIndexOf('/'));
    if (separator >= 0 && separator + 1 < name.length) {
      letters = Array.from(name.slice(separator + 1));
      if (letters.length <= columns) return letters.join('');
    }
    return letters.slice(0, columns - 1).join('') + '\u2026';
  }

  function place(box, left, width) {
    box.left = left;
    box.width = width;
    if (width < MIN_PIXELS) {
      box.element.setAttribute('display', 'none');
      return;
    }
    box.element.removeAttribute('display');
    const painted = (width < 3 ? width : width - gap).toFixed(2);
    box.path.setAttribute(
        'd', `M${left.toFixed(2)},${box.y}h${painted}v${boxHeight}h-${painted}z`);
    const label = fit(box.name, Math.floor((width - 6) / column));
    if (label === '' && !box.text) return;
    if (!box.text) {
      box.text = document.createElementNS(SVG, 'text');
      box.text.setAttribute('y', box.y + 12);
      box.element.append(box.text);
    }
    box.text.setAttribute('x', (left + 3).toFixed(2));
    box.text.textContent = label;
  }

  function draw() {
    const inner = pixels - 2 * margin;
    const scale = zoomed.total > 0 ? inner / zoomed.total : 0;
    for (const box of boxes) {
      const isUp = box !== zoomed && isBelow(zoomed, box);
      box.element.classList.toggle('up', isUp);
      if (isUp || box === zoomed) {
        place(box, margin, inner);
      } else if (isBelow(box, zoomed)) {
        place(box, margin + (box.start - zoomed.start) * scale, box.total * scale);
      } else {
        place(box, 0, 0);
      }
    }
  }

  function zoom(box) {
    zoomed = box;
    reset.disabled = box === root;
    draw();
    if (search.value !== '') runSearch();
  }

  // ---- Details of the box under the pointer or with the keyboard.
  const percent = (part, whole) => (whole > 0 ? 100 * part / whole : 0).toFixed(2) + '%';

  function describe(box) {
    if (!box) {
      details.textContent = root.total > 0 ? hint : 'There are no samples in this selection.';
      return;
    }
    const parts = [`${box.name} (${box.count} ${box.unit}, ${box.share})`];
    if (box.self > 0) parts.push(`${percent(box.self, root.total)} in itself`);
    if (zoomed !== root && box !== zoomed && isBelow(box, zoomed)) {
      parts.push(`${percent(box.total, zoomed.total)} of what is zoomed`);
    }
    if (box.notes) parts.push(box.notes);
    const text = parts.join(' \u00b7 ');
    const columns = Math.floor((pixels - 2 * margin) / column);
    details.textContent = text.length <= columns ? text : text.slice(0, columns - 1) + '\u2026';
  }
  const hint = 'Click or Enter: zoom \u00b7 arrows: move \u00b7 /: search \u00b7 Esc: back';

  // ---- Keyboard: one box at a time takes part in the Tab order.
  function makeCurrent(box) {
    for (const name of ['tabindex', 'role', 'aria-label', 'aria-level']) {
      current?.element.removeAttribute(name);
    }
    current = box;
    box.element.setAttribute('tabindex', '0');
    box.element.setAttribute('role', 'treeitem');
    box.element.setAttribute('aria-level', depthOf(box) + 1);
    box.element.setAttribute('aria-label', `${box.name}, ${box.count} ${box.unit}, ${box.share}`);
  }

  function focus(box) {
    if (!box) return;
    makeCurrent(box);
    box.element.focus({preventScroll: true});
    reveal(box);
  }

  // Scrolls so that a box is neither outside of the window nor under the head.
  function reveal(box) {
    if (!standalone) return;
    const above = box.y - top - window.scrollY;
    const below = box.y + 2 * row - window.scrollY - window.innerHeight;
    if (above < 0) window.scrollBy(0, above);
    if (below > 0) window.scrollBy(0, below);
  }

  const isShown = (box) => box.width >= MIN_PIXELS;
  const widestChild = (box) => boxes.slice(box.index + 1, box.end)
      .find((other) => other.parent === box && isShown(other) && isBelow(other, zoomed)) ||
      boxes.slice(box.index + 1, box.end).find((other) => other.parent === box && isShown(other));
  const rowOf = (box) => boxes.filter((other) => other.y === box.y && isShown(other));
  const besides = (box, step) => {
    const line = rowOf(box);
    return line[line.indexOf(box) + step];
  };
  const moves = {
    [inverted ? 'ArrowDown' : 'ArrowUp']: (box) => widestChild(box),
    [inverted ? 'ArrowUp' : 'ArrowDown']: (box) => box.parent,
    ArrowLeft: (box) => besides(box, -1),
    ArrowRight: (box) => besides(box, 1),
    Home: () => root,
  };

  graph.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (moves[event.key]) {
      focus(moves[event.key](current));
    } else if (event.key === 'Enter' || event.key === ' ') {
      zoom(current);
    } else {
      return;
    }
    event.preventDefault();
  });

  document.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === '/' && event.target !== search) {
      search.focus();
      search.select();
      event.preventDefault();
    } else if (event.key === 'Escape') {
      if (search.value !== '') {
        search.value = '';
        runSearch();
      } else {
        zoom(root);
      }
      focus(current);
    }
  });

  // ---- Pointer.
  const boxOf = (target) => {
    const element = target.closest('#graph > g');
    return element && boxes.find((box) => box.element === element);
  };
  graph.addEventListener('click', (event) => {
    const box = boxOf(event.target);
    if (!box) return;
    zoom(box);
    focus(box);
  });
  graph.addEventListener('pointerover', (event) => describe(boxOf(event.target)));
  const describeFocused = () =>
      describe(document.activeElement === current.element ? current : null);
  graph.addEventListener('pointerleave', describeFocused);
  graph.addEventListener('focusout', () => describe(null));
  graph.addEventListener('focusin', (event) => describe(boxOf(event.target)));

  // ---- Search. A match inside a match is shown but not counted again.
  function runSearch() {
    const text = search.value;
    let regexp = null;
    try {
      // As in many editors: capitals make it look at case.
      if (text !== '') regexp = new RegExp(text, text === text.toLowerCase() ? 'iu' : 'u');
      search.removeAttribute('aria-invalid');
    } catch (error) {
      search.setAttribute('aria-invalid', 'true');
      result.textContent = 'not a regular expression';
      return;
    }
    svg.classList.toggle('search', regexp !== null);
    let sum = 0;
    let counted = 0;  // boxes before this index are in the sum
    for (const box of boxes) {
      const hit = regexp !== null && box !== root && regexp.test(box.name);
      box.element.classList.toggle('hit', hit);
      if (hit && box.index >= counted && isBelow(box, zoomed)) {
        sum += box.total;
        counted = box.end;
      }
    }
    result.textContent = regexp === null ? '' : `${percent(sum, zoomed.total)} matched`;
  }

  // ---- The bar: HTML, for the sake of its text field.
  const make = (name, attributes, parent) => {
    const element = document.createElementNS(XHTML, name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    parent.append(element);
    return element;
  };
  const frame = document.createElementNS(SVG, 'foreignObject');
  frame.setAttribute('y', 6);
  frame.setAttribute('height', 32);
  head.append(frame);
  const bar = make('div', {id: 'bar'}, frame);
  const result = make('span', {id: 'result', role: 'status'}, bar);
  const search = make('input', {
    id: 'search', type: 'search', placeholder: 'Search ( / )', spellcheck: 'false',
    'aria-label': 'Search functions by regular expression',
  }, bar);
  const reset = make('button', {id: 'reset', type: 'button', disabled: ''}, bar);
  reset.textContent = 'Reset zoom';
  search.addEventListener('input', runSearch);
  search.addEventListener('keydown', (event) => {
    if (event.key === 'Enter') focus(boxes.find((box) => box.element.matches('.hit') && isShown(box)));
  });
  reset.addEventListener('click', () => {
    zoom(root);
    focus(root);
  });

  // ---- The title gives way to the bar; the file has all of it.
  const BAR_PIXELS = 420;
  const name = find('name');
  const title = svg.querySelector('title').textContent;
  function fitTitle() {
    const room = Math.max(BAR_PIXELS / 2, pixels - 2 * margin - BAR_PIXELS);
    const letters = Array.from(title);
    name.textContent = title;
    while (letters.length > 1 && name.getComputedTextLength() > room) {
      letters.splice(-Math.ceil(letters.length / 16));
      name.textContent = letters.join('') + '\u2026';
    }
  }

  // ---- The window: the drawing takes its width, the head stays in sight.
  function resize() {
    if (standalone) {
      pixels = Math.max(320, document.documentElement.clientWidth);
      const height = svg.viewBox.baseVal.height;
      svg.setAttribute('width', pixels);
      svg.setAttribute('viewBox', `0 0 ${pixels} ${height}`);
    }
    const sample = document.createElementNS(SVG, 'text');
    sample.textContent = 'm'.repeat(100);
    root.element.append(sample);
    column = sample.getComputedTextLength() / 100 || column;
    sample.remove();
    frame.setAttribute('x', Math.max(margin, pixels - margin - 520));
    frame.setAttribute('width', Math.min(520, pixels - 2 * margin));
    fitTitle();
    draw();
    describeFocused();
  }
  const follow = () => head.setAttribute('transform', `translate(0,${Math.max(0, window.scrollY)})`);
  if (standalone) {
    window.addEventListener('resize', resize);
    window.addEventListener('scroll', follow);
  }
  makeCurrent(root);
  resize();
  if (standalone && !inverted) window.scrollTo(0, svg.viewBox.baseVal.height);
})();

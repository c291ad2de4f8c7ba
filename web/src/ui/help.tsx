// The keys of the page, in a dialog: "?" opens it.
import { useEffect, useRef } from 'preact/hooks';

import './help.css';

const KEYS: [string, [string, string][]][] = [
  [
    'Everywhere',
    [
      ['/', 'search functions'],
      ['[  ]', 'the range before, and the next one'],
      ['-', 'a range twice as long'],
      ['?', 'this list'],
    ],
  ],
  [
    'On the flame graph',
    [
      ['Arrow keys', 'walk to the caller, the widest callee and the neighbours'],
      ['Home, End', 'the zoomed box, the end of its widest path'],
      ['Enter', 'zoom to the box'],
      ['Backspace, Escape', 'zoom out by one, or to the whole graph'],
      ['m', 'menu of the box: filters, sandwich, over time'],
      ['c', 'copy the name'],
      ['Ctrl and wheel', 'zoom around the pointer; drag to pan'],
    ],
  ],
  [
    'On the timeline and the calendar',
    [
      ['Arrow keys', 'move the range, or walk from cell to cell'],
      ['Shift and arrows', 'move its end, or choose several cells'],
      ['Enter', 'look at the chosen cells'],
    ],
  ],
];

export function Help() {
  const dialog = useRef<HTMLDialogElement>(null);

  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      const typing = (event.target as Element).matches('input, textarea, select');
      if (event.key !== '?' || typing || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      if (!dialog.current?.open) dialog.current?.showModal();
    };
    document.addEventListener('keydown', press);
    return () => document.removeEventListener('keydown', press);
  }, []);

  return (
    <>
      <button
        type="button"
        title="Keys ( ? )"
        aria-label="Keys"
        onClick={() => dialog.current?.showModal()}
      >
        ?
      </button>
      <dialog ref={dialog} class="help" aria-labelledby="help-title">
        <h2 id="help-title">Keys</h2>
        {KEYS.map(([where, keys]) => (
          <section key={where}>
            <h3>{where}</h3>
            <dl>
              {keys.map(([key, does]) => (
                <div key={key}>
                  <dt>
                    <kbd>{key}</kbd>
                  </dt>
                  <dd>{does}</dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
        <form method="dialog">
          <button type="submit">Close</button>
        </form>
      </dialog>
    </>
  );
}

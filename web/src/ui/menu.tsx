// A menu at a place of the page. Arrow keys walk, Enter chooses, Escape leaves.
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';

export interface MenuItem {
  label: string;
  act: () => void;
}

export function Menu(props: {
  label: string;
  x: number; // of the viewport
  y: number;
  items: MenuItem[];
  close: () => void;
}) {
  const { label, x, y, items, close } = props;
  const list = useRef<HTMLUListElement>(null);

  // Before the next effect moves the focus into the menu.
  useLayoutEffect(() => {
    const before = document.activeElement;
    return () => {
      if (before instanceof HTMLElement) before.focus({ preventScroll: true });
    };
  }, []);

  useLayoutEffect(() => {
    const menu = list.current!;
    const { width, height } = menu.getBoundingClientRect();
    menu.style.left = `${Math.max(0, Math.min(x, globalThis.innerWidth - width - 8))}px`;
    menu.style.top = `${Math.max(0, Math.min(y, globalThis.innerHeight - height - 8))}px`;
    menu.querySelector('button')?.focus();
  }, [x, y]);

  useEffect(() => {
    const leave = (event: Event) => {
      if (!list.current?.contains(event.target as Node)) close();
    };
    document.addEventListener('pointerdown', leave, true);
    globalThis.addEventListener('blur', close);
    return () => {
      document.removeEventListener('pointerdown', leave, true);
      globalThis.removeEventListener('blur', close);
    };
  }, [close]);

  const walk = (event: KeyboardEvent) => {
    const buttons = [...list.current!.querySelectorAll('button')];
    const at = buttons.indexOf(document.activeElement as HTMLButtonElement);
    if (event.key === 'ArrowDown') buttons[(at + 1) % buttons.length]?.focus();
    else if (event.key === 'ArrowUp') buttons.at(at - 1)?.focus();
    else if (event.key === 'Escape' || event.key === 'Tab') close();
    else return;
    event.preventDefault();
    event.stopPropagation();
  };

  return (
    <ul class="menu" role="menu" aria-label={label} ref={list} onKeyDown={walk}>
      {items.map((item) => (
        <li key={item.label} role="none">
          <button
            type="button"
            role="menuitem"
            onClick={() => {
              close();
              item.act();
            }}
          >
            {item.label}
          </button>
        </li>
      ))}
    </ul>
  );
}

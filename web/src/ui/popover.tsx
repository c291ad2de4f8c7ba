// A button that opens a box of fields below it. Escape, or going elsewhere, closes it.
import type { ComponentChildren } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';

import './popover.css';

const MARGIN = 8;

export function Popover(props: {
  button: ComponentChildren;
  label: string; // of the box
  class?: string; // of the button
  children: (close: () => void) => ComponentChildren;
}) {
  const { button, label, children } = props;
  const [open, setOpen] = useState(false);
  const opener = useRef<HTMLButtonElement>(null);
  const close = () => {
    setOpen(false);
    opener.current?.focus();
  };
  return (
    <span class="popover-place">
      <button
        ref={opener}
        type="button"
        class={props.class}
        aria-haspopup="dialog"
        aria-expanded={open}
        onClick={() => setOpen(!open)}
      >
        {button}
      </button>
      {open && (
        <Box label={label} close={close} leave={() => setOpen(false)}>
          {children(close)}
        </Box>
      )}
    </span>
  );
}

function Box(props: {
  label: string;
  close: () => void;
  leave: () => void;
  children: ComponentChildren;
}) {
  const { label, close, leave, children } = props;
  const box = useRef<HTMLDivElement>(null);
  const latest = useRef(leave);
  latest.current = leave;

  useLayoutEffect(() => {
    const element = box.current!;
    const beyond = element.getBoundingClientRect().right + MARGIN - globalThis.innerWidth;
    if (beyond > 0) element.style.left = `${-beyond}px`;
    const field = element.querySelector('input') ?? element.querySelector('button');
    field?.focus();
  }, []);

  useEffect(() => {
    const elsewhere = (event: Event) => {
      if (!box.current?.parentElement?.contains(event.target as Node)) latest.current();
    };
    document.addEventListener('pointerdown', elsewhere, true);
    document.addEventListener('focusin', elsewhere, true);
    return () => {
      document.removeEventListener('pointerdown', elsewhere, true);
      document.removeEventListener('focusin', elsewhere, true);
    };
  }, []);

  return (
    <div
      ref={box}
      class="popover"
      role="dialog"
      aria-label={label}
      onKeyDown={(event) => {
        if (event.key !== 'Escape') return;
        event.stopPropagation();
        close();
      }}
    >
      {children}
    </div>
  );
}

// A field for an expression that is asked for while somebody types: shortly after the last letter,
// at Enter, and at Escape, which empties it. "/" goes to it from anywhere on the page.
import { useEffect, useRef, useState } from 'preact/hooks';

import './search_field.css';

const PAUSE_MS = 250;

export function SearchField(props: {
  label: string;
  value: string;
  onSearch: (expression: string) => void;
}) {
  const { label, value, onSearch } = props;
  const [text, setText] = useState(value);
  const timer = useRef(0);
  const sent = useRef(value);
  const input = useRef<HTMLInputElement>(null);
  // What comes back of what was sent is no news: more may have been typed since.
  useEffect(() => {
    if (value === sent.current) return;
    sent.current = value;
    clearTimeout(timer.current);
    setText(value);
  }, [value]);
  useEffect(() => {
    const focus = (event: KeyboardEvent) => {
      const typing = (event.target as Element).matches('input, textarea, select');
      if (event.key !== '/' || typing || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      input.current?.select();
    };
    document.addEventListener('keydown', focus);
    return () => document.removeEventListener('keydown', focus);
  }, []);
  useEffect(() => () => clearTimeout(timer.current), []);

  const search = (expression: string, pause: number) => {
    setText(expression);
    clearTimeout(timer.current);
    timer.current = window.setTimeout(() => {
      sent.current = expression;
      onSearch(expression);
    }, pause);
  };
  return (
    <input
      type="search"
      ref={input}
      class="search-field"
      aria-label={label}
      placeholder={label}
      title="An expression that matches anywhere in the name; with file: in front, in the file's"
      spellcheck={false}
      autocomplete="off"
      value={text}
      onInput={(event) => search(event.currentTarget.value, PAUSE_MS)}
      onKeyDown={(event) => {
        if (event.key === 'Enter') search(text, 0);
        if (event.key === 'Escape') search('', 0);
      }}
    />
  );
}

// The search of every view: an expression whose matches are marked. "/" goes to it.
import { useEffect, useRef } from 'preact/hooks';

import { adjust, question } from '@/state/page';

export function SearchBox(props: { label: string; error?: string | undefined; told?: string }) {
  const { label, error, told } = props;
  const input = useRef<HTMLInputElement>(null);
  const { search } = question.value;

  useEffect(() => {
    const focus = (event: KeyboardEvent) => {
      const typing = event.target instanceof HTMLElement && event.target.matches('input, textarea, select');
      if (event.key !== '/' || typing || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      input.current?.focus();
      input.current?.select();
    };
    document.addEventListener('keydown', focus);
    return () => document.removeEventListener('keydown', focus);
  }, []);

  return (
    <div class="search-box">
      <input
        type="search"
        ref={input}
        value={search}
        placeholder={`${label} ( / )`}
        aria-label={label}
        aria-invalid={error !== undefined}
        title="A regular expression. (?i) in front: upper and lower case are the same."
        onInput={(event) => adjust({ search: event.currentTarget.value })}
        onKeyDown={(event) => {
          if (event.key !== 'Escape') return;
          adjust({ search: '' });
          event.currentTarget.blur();
        }}
      />
      <span class={error ? 'search-error' : 'muted'} role="status">
        {error ?? told}
      </span>
    </div>
  );
}

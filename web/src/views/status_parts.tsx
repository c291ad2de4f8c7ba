// What the sections of a status are made of.
import type { ComponentChildren } from 'preact';

import type { Grade } from './status_words';

const MARKS: Record<Grade, string> = { ok: '✓', warn: '▲', bad: '✕', off: '○' };

// Said in words beside it.
export function Mark({ grade }: { grade: Grade }) {
  return (
    <span class={`mark ${grade}`} aria-hidden="true">
      {MARKS[grade]}
    </span>
  );
}

export function Section(props: { title: string; children: ComponentChildren }) {
  return (
    <section aria-label={props.title}>
      <h2>{props.title}</h2>
      {props.children}
    </section>
  );
}

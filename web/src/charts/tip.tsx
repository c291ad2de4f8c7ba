// What is under the pointer, in words, beside it. Screen readers are told by other means.
import { useLayoutEffect, useRef } from 'preact/hooks';

import './tip.css';

const GAP = 8;

// `place` tells where in the viewport that is which is told about.
export function Tip(props: { place: () => DOMRect; lines: string[] }) {
  const { place, lines } = props;
  const box = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    const tip = box.current!;
    const at = place();
    const { width, height } = tip.getBoundingClientRect();
    const left = at.left + at.width / 2 - width / 2;
    const above = at.top - height - GAP;
    tip.style.left = `${Math.max(GAP, Math.min(left, globalThis.innerWidth - width - GAP))}px`;
    tip.style.top = `${above >= GAP ? above : at.bottom + GAP}px`;
  });
  return (
    <div class="tip" ref={box} aria-hidden="true">
      {lines.map((line, i) => (
        <div key={i}>{line}</div>
      ))}
    </div>
  );
}

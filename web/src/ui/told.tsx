// A line that tells what was done, for a moment, at the foot of the page.
import { signal } from '@preact/signals';

import { copyText } from './copy';
import './told.css';

const SHOWN_MS = 2500;

const told = signal('');
let timer = 0;

export function tell(text: string): void {
  told.value = text;
  clearTimeout(timer);
  timer = window.setTimeout(() => {
    told.value = '';
  }, SHOWN_MS);
}

// `what` it is, as a sentence begins: "Link".
export function copyAndTell(text: string, what: string): void {
  copyText(text).then(
    () => tell(`${what} copied.`),
    () => tell(`${what} not copied: the browser does not allow it.`),
  );
}

export function Told() {
  return (
    <div class={told.value ? 'told shown' : 'told'} role="status">
      {told.value}
    </div>
  );
}

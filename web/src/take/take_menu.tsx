// "Take it away": files of what is shown, a link, a command, speedscope.
import { useCallback, useRef, useState } from 'preact/hooks';

import { question } from '@/state/page';
import { Menu, type MenuItem } from '@/ui/menu';
import { copyAndTell, tell } from '@/ui/told';

import { fileAddress, fileName, FORMATS, speedscopeAddress } from './files';
import { picture } from './picture';
import { commandOf } from './shell';

// A download has begun by then.
const KEPT_MS = 2000;

function download(address: string, name: string): void {
  const link = document.createElement('a');
  link.href = address;
  link.download = name;
  link.click();
}

export function TakeMenu() {
  const button = useRef<HTMLButtonElement>(null);
  const [open, setOpen] = useState(false);
  const close = useCallback(() => setOpen(false), []);
  const shown = question.value;

  const items: MenuItem[] = [
    { label: 'Copy link', act: () => copyAndTell(globalThis.location.href, 'Link') },
  ];
  const command = commandOf(shown, globalThis.location.hostname);
  if (command) items.push({ label: 'Copy as command', act: () => copyAndTell(command, 'Command') });
  const speedscope = speedscopeAddress(shown);
  if (speedscope && shown.view !== 'status') {
    items.push({
      label: 'Open in speedscope',
      act: () => void globalThis.open(speedscope, '_blank', 'noopener'),
    });
    for (const { format, label, ending } of FORMATS) {
      items.push({
        label: `Download ${label}`,
        act: () => download(fileAddress(shown, format)!, fileName(shown, ending)),
      });
    }
  }
  const draw = picture.value;
  if (draw) {
    items.push({
      label: 'Download PNG',
      act: () => {
        draw().then(
          (blob) => {
            const address = URL.createObjectURL(blob);
            download(address, fileName(shown, 'png'));
            setTimeout(() => URL.revokeObjectURL(address), KEPT_MS);
          },
          () => tell('The browser could not draw the picture: download the SVG'),
        );
      },
    });
  }

  const place = button.current?.getBoundingClientRect();
  return (
    <>
      <button
        type="button"
        ref={button}
        aria-haspopup="menu"
        aria-expanded={open}
        onClick={() => setOpen(true)}
      >
        Share
      </button>
      {open && place && (
        <Menu
          label="Take it away"
          x={place.left}
          y={place.bottom + 4}
          items={items}
          close={close}
        />
      )}
    </>
  );
}

// What pointers and wheels do with a flame graph.
import { panned, zoomedAround } from './camera';
import type { Graph } from './graph';
import type { Stage } from './stage';

export interface Gestures {
  graph: () => Graph;
  onPoint: (box: number, x: number, y: number) => void; // -1: no box
  onClick: (box: number) => void;
  onMenu: (box: number, x: number, y: number) => void;
}

const DRAG_FROM = 4; // pixels; less is a click
const LONG_PRESS_MS = 500;
// A mouse's wheel turns by 100 and more at a time, a pinch by single pixels.
const WHEEL_MOST = 40;
const WHEEL_ZOOM = 0.01;

interface Press {
  x: number; // where the pointer was last
  startX: number;
  startY: number;
  dragged: boolean;
  timer: ReturnType<typeof setTimeout> | undefined;
}

// Until `signal` says stop.
export function listen(
  root: HTMLElement,
  stage: Stage,
  gestures: Gestures,
  signal: AbortSignal,
): void {
  let press: Press | undefined;
  let used = false; // the press was a drag or opened a menu: no click
  let pointer: { x: number; y: number } | undefined;

  const point = () => {
    if (pointer) gestures.onPoint(stage.at(pointer.x, pointer.y), pointer.x, pointer.y);
  };
  const openMenu = (x: number, y: number) => {
    const box = stage.at(x, y);
    if (box >= 0) gestures.onMenu(box, x, y);
    return box >= 0;
  };
  const release = () => {
    clearTimeout(press?.timer);
    press = undefined;
    root.classList.remove('dragged');
  };

  const down = (event: PointerEvent) => {
    used = false;
    if (event.button !== 0 || !event.isPrimary) return;
    const { clientX: x, clientY: y } = event;
    const held = () => {
      used = openMenu(x, y);
      release();
    };
    const timer = event.pointerType === 'touch' ? setTimeout(held, LONG_PRESS_MS) : undefined;
    press = { x, startX: x, startY: y, dragged: false, timer };
  };

  const drag = (event: PointerEvent, pressed: Press) => {
    const { clientX: x, clientY: y } = event;
    if (!pressed.dragged) {
      if (Math.hypot(x - pressed.startX, y - pressed.startY) < DRAG_FROM) return;
      clearTimeout(pressed.timer);
      pressed.dragged = true;
      used = true;
      root.setPointerCapture(event.pointerId);
      root.classList.add('dragged');
    }
    const share = stage.shareOfWidth(pressed.x) - stage.shareOfWidth(x);
    stage.look(panned(gestures.graph(), stage.camera, share));
    pressed.x = x;
  };

  const move = (event: PointerEvent) => {
    pointer = { x: event.clientX, y: event.clientY };
    // It was let go where nobody heard of it.
    if (press && event.buttons === 0) release();
    if (press) drag(event, press);
    if (!press?.dragged) point();
  };

  const leave = () => {
    pointer = undefined;
    gestures.onPoint(-1, 0, 0);
  };

  const click = (event: MouseEvent) => {
    if (used) return;
    const box = stage.at(event.clientX, event.clientY);
    if (box >= 0) gestures.onClick(box);
  };

  const menu = (event: MouseEvent) => {
    event.preventDefault();
    openMenu(event.clientX, event.clientY);
  };

  const wheel = (event: WheelEvent) => {
    const graph = gestures.graph();
    const sideways = event.shiftKey && event.deltaX === 0 ? event.deltaY : event.deltaX;
    if (event.ctrlKey) {
      const turned = Math.max(-WHEEL_MOST, Math.min(WHEEL_MOST, event.deltaY));
      const factor = Math.exp(-turned * WHEEL_ZOOM);
      stage.look(zoomedAround(graph, stage.camera, stage.shareOfWidth(event.clientX), factor));
    } else if (Math.abs(sideways) > Math.abs(event.shiftKey ? 0 : event.deltaY)) {
      stage.look(panned(graph, stage.camera, sideways / Math.max(1, root.clientWidth)));
    } else {
      return;
    }
    event.preventDefault();
    point();
  };

  root.addEventListener('pointerdown', down, { signal });
  root.addEventListener('pointermove', move, { signal });
  root.addEventListener('pointerup', release, { signal });
  root.addEventListener('pointercancel', release, { signal });
  root.addEventListener('pointerleave', leave, { signal });
  root.addEventListener('click', click, { signal });
  root.addEventListener('contextmenu', menu, { signal });
  root.addEventListener('wheel', wheel, { signal, passive: false });
  document.addEventListener('scroll', point, { signal, capture: true, passive: true });
}

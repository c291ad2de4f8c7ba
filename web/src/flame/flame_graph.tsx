// The flame graph: the root on top, callees (or callers, where it is inverted) below.
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';

import type { FunctionName } from '@/state/question';
import { copyText } from '@/ui/copy';
import { Menu, type MenuItem } from '@/ui/menu';

import { detailOf, sentenceOf } from './detail';
import { emphasisOf, functionOf } from './emphasis';
import { listen, type Gestures } from './gestures';
import type { Graph } from './graph';
import { neighbour, type Step } from './hit';
import { FONT, type Scene } from './painter';
import { boxOfPath, pathId } from './path_id';
import { matchesOf } from './search';
import { Stage } from './stage';
import { measureIn, TextFit } from './text_fit';
import { usePalette } from './theme';
import { Tooltip } from './tooltip';
import './flame_graph.css';

export interface FlameGraphProps {
  graph: Graph;
  unit: string; // of its values
  label: string; // accessible name
  inverted?: boolean;
  matched: readonly FunctionName[] | null; // what a search found; null: there is none
  selected: FunctionName | null; // has a line around all its boxes
  zoom: string; // id of a path, see path_id.ts; '': the root
  onZoom: (zoom: string) => void;
  // After onZoom, where one click does both.
  onSelect: (fn: FunctionName | null) => void;
  menu: (fn: FunctionName) => MenuItem[];
}

function keysText(inverted: boolean): string {
  const [above, below] = inverted ? ['callee', 'caller'] : ['caller', 'callee'];
  return [
    `Arrow keys walk up to the ${above}, down to the widest ${below}, and to the neighbours.`,
    'Home goes to the zoomed box, End to the end of its widest path.',
    'Enter zooms, Backspace zooms out by one, Escape to the whole graph.',
    'M opens the menu, C copies the name.',
  ].join(' ');
}

// Said of the root, which has no menu and no name to copy.
const NO_FUNCTION = 'This is the whole graph, and no function.';

const STEPS: Partial<Record<string, Step>> = {
  ArrowUp: 'up',
  ArrowDown: 'down',
  ArrowLeft: 'left',
  ArrowRight: 'right',
  Home: 'first',
  End: 'last',
};

interface Place {
  box: number;
  x: number; // of the window
  y: number;
  above?: number; // the top of what is told about
}

export function FlameGraph(props: FlameGraphProps) {
  const { graph, matched, selected, zoom, unit } = props;
  const root = useRef<HTMLDivElement>(null);
  const screen = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const line = useRef<HTMLDivElement>(null);
  const stage = useRef<Stage>();
  const walked = useRef(0); // the box that keys walk from
  const [shown, setShown] = useState<Place | null>(null); // what is told about
  const [menu, setMenu] = useState<Place | null>(null);
  const [spoken, setSpoken] = useState('');

  const palette = usePalette();
  const labels = useMemo(() => new TextFit(graph.names, measureIn(FONT)), [graph]);
  const zoomed = useMemo(() => boxOfPath(graph, zoom), [graph, zoom]);
  const matches = useMemo(() => matched && matchesOf(graph, matched), [graph, matched]);
  const emphasis = useMemo(
    () => emphasisOf(graph, matches, selected),
    [graph, matches, selected],
  );
  const scene = useMemo<Scene>(
    () => ({ graph, emphasis, searching: matches !== null, zoomed, palette, labels }),
    [graph, emphasis, matches, zoomed, palette, labels],
  );

  const tell = (place: Place | null) => {
    stage.current!.point(place?.box ?? -1);
    setShown(place);
  };
  const zoomTo = (box: number) => {
    if (box !== zoomed) props.onZoom(pathId(graph, box));
    else stage.current!.backToZoomed();
  };
  const gestures: Gestures = {
    graph: () => graph,
    onPoint: (box, x, y) => tell(box < 0 || menu ? null : { box, x, y }),
    onClick: (box) => {
      walked.current = box;
      zoomTo(box);
      props.onSelect(box === 0 ? null : functionOf(graph, box));
    },
    onMenu: (box, x, y) => {
      walked.current = box;
      tell(null);
      if (box === 0) setSpoken(NO_FUNCTION);
      else setMenu({ box, x, y });
    },
  };
  const latest = useRef(gestures);
  latest.current = gestures;

  useLayoutEffect(() => {
    const abort = new AbortController();
    const made = new Stage(root.current!, screen.current!, canvas.current!, line.current!);
    stage.current = made;
    const current: Gestures = {
      graph: () => latest.current.graph(),
      onPoint: (...place) => latest.current.onPoint(...place),
      onClick: (box) => latest.current.onClick(box),
      onMenu: (...place) => latest.current.onMenu(...place),
    };
    listen(root.current!, made, current, abort.signal);
    return () => {
      abort.abort();
      made.close();
    };
  }, []);

  useLayoutEffect(() => stage.current!.show(scene), [scene]);

  // Boxes have other numbers in another graph.
  useEffect(() => {
    walked.current = 0;
    setShown(null);
    setMenu(null);
    setSpoken('');
  }, [graph]);

  const walkTo = (box: number) => {
    walked.current = box;
    stage.current!.reveal(box);
    const place = stage.current!.placeOf(box);
    // What is walked to next is below.
    tell({ box, x: place.left, y: place.bottom, above: place.top });
    setSpoken(sentenceOf(detailOf(graph, box, zoomed, unit)));
  };

  const onKey = (event: KeyboardEvent) => {
    if (graph.depth.length === 0 || event.altKey || event.ctrlKey || event.metaKey) return;
    const box = walked.current;
    const step = STEPS[event.key];
    const opensMenu =
      event.key === 'm' || event.key === 'ContextMenu' || (event.key === 'F10' && event.shiftKey);
    if (step) {
      walkTo(neighbour(graph, box, zoomed, step));
    } else if (event.key === 'Enter') {
      zoomTo(box);
    } else if (event.key === 'Escape') {
      zoomTo(0);
    } else if (event.key === 'Backspace') {
      zoomTo(Math.max(0, graph.parent[zoomed]));
    } else if (opensMenu) {
      const place = stage.current!.placeOf(box);
      gestures.onMenu(box, place.left, place.bottom);
    } else if (event.key === 'c' && box === 0) {
      setSpoken(NO_FUNCTION);
    } else if (event.key === 'c') {
      copyText(functionOf(graph, box).name).then(
        () => setSpoken('Name copied.'),
        () => setSpoken('The browser refused to copy.'),
      );
    } else {
      return;
    }
    event.preventDefault();
  };

  return (
    <>
      <div
        class="flame-graph"
        role="application"
        aria-roledescription="flame graph"
        aria-label={props.label}
        aria-description={keysText(props.inverted ?? false)}
        tabIndex={0}
        ref={root}
        onKeyDown={onKey}
        onBlur={() => tell(null)}
      >
        <div class="flame-screen" ref={screen}>
          <canvas ref={canvas} />
        </div>
        <div class="flame-line" ref={line} />
      </div>
      <div class="flame-spoken" aria-live="polite">
        {spoken}
      </div>
      {shown && shown.box < graph.depth.length && (
        <Tooltip detail={detailOf(graph, shown.box, zoomed, unit)} x={shown.x} y={shown.y} above={shown.above} />
      )}
      {menu && (
        <Menu
          label="What to do with this function"
          x={menu.x}
          y={menu.y}
          items={props.menu(functionOf(graph, menu.box))}
          close={() => setMenu(null)}
        />
      )}
    </>
  );
}

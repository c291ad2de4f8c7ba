// The canvas on the page: its size, the camera and its moves, and when it is drawn. Frames are asked
// for while something changes only.
//
// The root element is as high as the graph. The screen in it, which holds the canvas, is no
// higher than the window and sticks to its upper edge: scrolling the page moves the graph in it.
import { between, cameraOn, inside, sameCamera, type Camera } from './camera';
import { boxAt } from './hit';
import { Painter, ROW, type Scene, type Screen } from './painter';
import { rowsShown } from './viewport';

const MOVE_MS = 200;
const LINE_LEAST = 4; // pixels that the line around a box is wide

interface Move {
  from: Camera;
  to: Camera;
  began: number;
}

export class Stage {
  camera: Camera = { from: 0, span: 1 };
  private scene: Scene | undefined;
  private move: Move | undefined;
  private pointed = -1; // box; -1: none
  private width = 0;
  private height = 0;
  private rows = 1;
  private frame = 0;
  private readonly painter = new Painter();
  private readonly abort = new AbortController();
  private readonly resized: ResizeObserver;

  constructor(
    private readonly root: HTMLElement,
    private readonly screen: HTMLElement,
    private readonly canvas: HTMLCanvasElement,
    private readonly line: HTMLElement, // around the box that is pointed at
  ) {
    const { signal } = this.abort;
    this.resized = new ResizeObserver(() => this.measure());
    this.resized.observe(root);
    globalThis.addEventListener('resize', () => this.measure(), { signal });
    // Whatever scrolls around the graph.
    const scrolling = { signal, capture: true, passive: true };
    document.addEventListener('scroll', () => this.redraw(), scrolling);
  }

  close(): void {
    this.abort.abort();
    this.resized.disconnect();
    cancelAnimationFrame(this.frame);
  }

  show(scene: Scene): void {
    const before = this.scene;
    this.scene = scene;
    if (before?.graph !== scene.graph) {
      this.pointed = -1;
      this.jump(cameraOn(scene.graph, scene.zoomed));
    } else if (before.zoomed !== scene.zoomed) {
      this.glide(cameraOn(scene.graph, scene.zoomed));
    }
    this.redraw();
  }

  // The line around a box; -1: around none.
  point(box: number): void {
    if (box === this.pointed) return;
    this.pointed = box;
    this.drawLine();
  }

  // Away from the zoomed box, at once: by a wheel or while dragging.
  look(camera: Camera): void {
    if (!this.scene) return;
    this.move = undefined;
    this.camera = inside(this.scene.graph, camera);
    this.setRows(Math.max(this.rows, this.rowsOf(this.camera)));
    this.redraw();
  }

  get onZoomed(): boolean {
    const aim = this.move?.to ?? this.camera;
    return !this.scene || sameCamera(aim, cameraOn(this.scene.graph, this.scene.zoomed));
  }

  backToZoomed(): void {
    if (this.scene) this.glide(cameraOn(this.scene.graph, this.scene.zoomed));
  }

  // The box at a place of the window; -1: none.
  at(clientX: number, clientY: number): number {
    if (!this.scene) return -1;
    const { left, top } = this.root.getBoundingClientRect();
    const place = this.camera.from + ((clientX - left) / this.width) * this.camera.span;
    return boxAt(this.scene.graph, place, Math.floor((clientY - top) / ROW));
  }

  // From 0, the left edge, to 1.
  shareOfWidth(clientX: number): number {
    return (clientX - this.root.getBoundingClientRect().left) / Math.max(1, this.width);
  }

  // Where a box is in the window, as far as the camera shows it.
  placeOf(box: number): DOMRect {
    const { left, top } = this.root.getBoundingClientRect();
    const [x, right] = this.edges(box);
    return new DOMRect(left + x, top + this.scene!.graph.depth[box] * ROW, right - x, ROW);
  }

  // Points at the box, and scrolls and pans as little as shows it.
  reveal(box: number): void {
    const { graph } = this.scene!;
    const { from, span } = this.camera;
    const [start, width] = [graph.start[box], graph.total[box]];
    if (start + width <= from || start >= from + span) {
      this.glide(inside(graph, { from: start + width / 2 - span / 2, span }));
    }
    this.point(box);
    this.line.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  }

  private jump(camera: Camera): void {
    this.move = undefined;
    this.camera = camera;
    this.setRows(this.rowsOf(camera));
  }

  private glide(camera: Camera): void {
    if (matchMedia('(prefers-reduced-motion: reduce)').matches || this.width === 0) {
      this.jump(camera);
    } else {
      this.move = { from: this.camera, to: camera, began: performance.now() };
      this.setRows(Math.max(this.rows, this.rowsOf(camera)));
    }
    this.redraw();
  }

  private advance(now: number): void {
    if (!this.move) return;
    const { from, to, began } = this.move;
    const part = Math.min(1, Math.max(0, (now - began) / MOVE_MS));
    if (part === 1) this.jump(to);
    else this.camera = between(from, to, 1 - (1 - part) ** 3);
    this.redraw();
  }

  private rowsOf(camera: Camera): number {
    return this.scene ? rowsShown(this.scene.graph, camera, this.width) : 1;
  }

  private setRows(rows: number): void {
    this.rows = rows;
    this.root.style.height = `${rows * ROW}px`;
    this.fitScreen();
  }

  private measure(): void {
    const width = this.root.clientWidth;
    if (width !== this.width) {
      this.width = width;
      this.rows = this.rowsOf(this.camera);
    }
    this.setRows(this.rows);
  }

  private fitScreen(): void {
    this.height = Math.min(this.rows * ROW, globalThis.innerHeight);
    this.screen.style.height = `${this.height}px`;
    const [width, height] = [this.width, this.height].map((size) =>
      Math.max(1, Math.round(size * globalThis.devicePixelRatio)),
    );
    // Setting a size empties the canvas.
    if (this.canvas.width !== width) this.canvas.width = width;
    if (this.canvas.height !== height) this.canvas.height = height;
    this.redraw();
  }

  private redraw(): void {
    this.frame ||= requestAnimationFrame((now) => {
      this.frame = 0;
      this.advance(now);
      this.draw();
    });
  }

  private draw(): void {
    const { scene } = this;
    if (!scene || this.width === 0) return;
    const top = this.scrolled;
    const screen: Screen = {
      view: {
        camera: this.camera,
        width: this.width,
        firstRow: Math.floor(top / ROW),
        endRow: Math.ceil((top + this.height) / ROW),
      },
      top,
      density: globalThis.devicePixelRatio,
    };
    // Without transparency: it costs, and the page shows through nowhere.
    const context = this.canvas.getContext('2d', { alpha: false })!;
    context.setTransform(screen.density, 0, 0, screen.density, 0, 0);
    context.fillStyle = scene.palette.page;
    context.fillRect(0, 0, this.width, this.height);
    this.painter.paint(context, scene, screen);
    this.drawLine();
  }

  // How far the root's upper edge is above the screen's.
  private get scrolled(): number {
    return Math.max(
      0,
      this.screen.getBoundingClientRect().top - this.root.getBoundingClientRect().top,
    );
  }

  private drawLine(): void {
    const { style } = this.line;
    style.display = this.scene && this.pointed >= 0 ? 'block' : 'none';
    if (!this.scene || this.pointed < 0) return;
    const [left, right] = this.edges(this.pointed);
    style.transform = `translate(${left}px, ${this.scene.graph.depth[this.pointed] * ROW}px)`;
    style.width = `${Math.max(LINE_LEAST, right - left - 1)}px`;
  }

  private edges(box: number): [number, number] {
    const { graph } = this.scene!;
    const scale = this.width / this.camera.span;
    const left = (graph.start[box] - this.camera.from) * scale;
    const right = left + graph.total[box] * scale;
    const clip = (x: number) => Math.round(Math.min(this.width, Math.max(0, x)));
    return [clip(left), clip(right)];
  }
}

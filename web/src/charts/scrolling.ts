// A wheel that turned over the page just before goes on scrolling it, whatever comes below it.
const REST_MS = 250;

let scrolled = -REST_MS;

globalThis.addEventListener('scroll', () => (scrolled = performance.now()), {
  capture: true,
  passive: true,
});

export function isScrolling(): boolean {
  return performance.now() - scrolled < REST_MS;
}

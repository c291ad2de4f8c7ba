// Addresses of the server: beside the page, also where a proxy serves it below a folder.

// `path` has no slash in front: "render?query=...".
export function serverAddress(path: string): string {
  return new URL(path, new URL('.', globalThis.location.href)).href;
}

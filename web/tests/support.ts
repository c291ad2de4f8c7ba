// What tests of the whole page start: a server with a store of its own, and a browser whose pages
// are watched.
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { access, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, request as ask } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { chromium, type Browser, type BrowserContextOptions, type Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, expect } from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const PROGRAM = process.env.FLAMEKEEP_BIN ?? join(ROOT, 'build/release/bin/flamekeep');
const SCREENSHOTS = join(ROOT, 'build/test-logs/screenshots');
const CHROMIUM = '/usr/bin/chromium';

// Ten minutes of MediaWiki: excimer and excimer-wall of the 21st of November 2026.
export const SAMPLE = join(ROOT, 'data/mediawiki-sample.messages.zst');
export const SAMPLE_FROM = '2026-11-21T00:52';
export const SAMPLE_TO = '2026-11-21T01:06';
// What stands behind "?" for all of excimer-wall.
export const SAMPLE_QUERY = `query=excimer-wall&from=${SAMPLE_FROM}&to=${SAMPLE_TO}`;

const START_MS = 30_000;
const POLL_MS = 20;

// The samples are of a fixed day, and the server's clock goes on.
const KEEP_ALL = 'retention: {minute: forever, hour: forever}\n';

export class Server {
  private constructor(
    private readonly process: ChildProcess,
    private readonly directory: string,
    readonly http: string, // "127.0.0.1:34567"
    readonly grpc: string,
  ) {}

  // On free ports. `config` is YAML, without `retention`.
  static async start(config = ''): Promise<Server> {
    const directory = await mkdtemp(join(tmpdir(), 'flamekeep-web-'));
    const ready = join(directory, 'ready.json');
    const configFile = join(directory, 'config.yaml');
    await writeFile(configFile, KEEP_ALL + config);
    const process = spawn(
      PROGRAM,
      [
        ...['serve', '--data', join(directory, 'store'), '--config', configFile],
        ...['--http', '127.0.0.1:0', '--grpc', '127.0.0.1:0', '--ready-file', ready],
      ],
      { stdio: ['ignore', 'ignore', 'pipe'] },
    );
    let log = '';
    process.on('error', (error) => (log += error.message));
    process.stderr.on('data', (text: Buffer) => (log += text.toString()));
    const deadline = performance.now() + START_MS;
    while (!(await exists(ready))) {
      if (process.exitCode !== null || process.pid === undefined || performance.now() > deadline) {
        process.kill('SIGKILL');
        await rm(directory, { recursive: true });
        throw new Error(`${PROGRAM} did not start: ${log.slice(-2000)}`);
      }
      await sleep(POLL_MS);
    }
    const { http, grpc } = JSON.parse(await readFile(ready, 'utf8')) as {
      http: string;
      grpc: string;
    };
    return new Server(process, directory, http, grpc);
  }

  // With the sample imported for the site "local".
  static async startWithSample(config = ''): Promise<Server> {
    const server = await Server.start(config);
    await server.run('import', '--site', 'local', SAMPLE);
    return server;
  }

  // The address of the page.
  get home(): string {
    return `http://${this.http}/`;
  }

  // That of the page in a state: `search` is what stands behind "?".
  page(search: string): string {
    return `${this.home}?${search}`;
  }

  // Another host that serves it below a path, as a proxy in front of many services does:
  // "http://127.0.0.1:45678/flamekeep/". It ends when the tests end.
  async behindProxy(path: string): Promise<string> {
    const proxy = createServer((from, to) => {
      if (!from.url?.startsWith(path)) return void to.writeHead(404).end();
      const [host, port] = this.http.split(':');
      const options = { host, port, method: from.method, headers: from.headers };
      from.pipe(
        ask({ ...options, path: `/${from.url.slice(path.length)}` }, (answer) => {
          to.writeHead(answer.statusCode ?? 502, answer.headers);
          answer.pipe(to);
        }),
      );
    });
    proxy.listen(0, '127.0.0.1').unref();
    await once(proxy, 'listening');
    return `http://127.0.0.1:${(proxy.address() as AddressInfo).port}${path}`;
  }

  // In which `flamekeep` is the program, and finds this server.
  environment(): NodeJS.ProcessEnv {
    const path = `${dirname(PROGRAM)}:${process.env.PATH}`;
    return { ...process.env, PATH: path, FLAMEKEEP_SERVER: this.grpc };
  }

  // Runs a command against it and returns what it prints.
  async run(...args: string[]): Promise<string> {
    const { stdout } = await promisify(execFile)(PROGRAM, args, { env: this.environment() });
    return stdout;
  }

  // As profile type "cpu" of the site "local", in the hour that begins then.
  async importFolded(text: string, time: string): Promise<void> {
    const file = join(this.directory, 'stacks.folded');
    await writeFile(file, `${text}\n`);
    await this.run('import', '--site', 'local', '--time', time, '--type', 'cpu', file);
  }

  async stop(): Promise<void> {
    const ended = once(this.process, 'exit');
    this.process.kill('SIGKILL');
    await ended;
    await rm(this.directory, { recursive: true });
  }
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

export function startBrowser(): Promise<Browser> {
  // Its sandbox does not run as root, as tests often do.
  return chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] });
}

export interface WatchedPage {
  page: Page;
  // What must not happen: errors of scripts and of the console (a violation of the
  // Content-Security-Policy is one), dialogs, and requests that leave the server.
  complaints: string[];
}

// A page with a session of its own; closing its context is for the caller, or for closing the browser.
export async function newPage(
  browser: Browser,
  home: string, // the only address that it may ask for anything below
  options: BrowserContextOptions = {},
): Promise<WatchedPage> {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, ...options });
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('dialog', (dialog) => complaints.push(`dialog: ${dialog.message()}`));
  page.on('pageerror', (error) => complaints.push(`script: ${error.message}`));
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(`console: ${message.text()}`);
  });
  context.on('request', (request) => {
    const url = request.url();
    if (url.startsWith('http') && !url.startsWith(home)) complaints.push(`leaves ${home}: ${url}`);
  });
  return { page, complaints };
}

export interface Visit extends WatchedPage {
  server: Server; // with the sample
  browser: Browser;
}

// For the tests of a file: one server and one browser; for each of them a page of its own, about
// which there must be no complaint in the end.
export function visit(options: BrowserContextOptions = {}): Visit {
  const current = {} as Visit;
  beforeAll(async () => {
    [current.server, current.browser] = await Promise.all([
      Server.startWithSample(),
      startBrowser(),
    ]);
  });
  afterAll(async () => {
    await current.browser.close();
    await current.server.stop();
  });
  beforeEach(async () => {
    Object.assign(current, await newPage(current.browser, current.server.home, options));
    const { page, complaints } = current;
    return async () => {
      await page.context().close();
      expect(complaints).toEqual([]);
    };
  });
  return current;
}

// For people: build/test-logs/screenshots/NAME.png.
export async function screenshot(page: Page, name: string): Promise<void> {
  await mkdir(SCREENSHOTS, { recursive: true });
  await page.screenshot({ path: join(SCREENSHOTS, `${name}.png`) });
}

// How the server does: what is wrong first, then sources, losses, the store and versions.
import { useEffect, useRef, useState } from 'preact/hooks';

import type { StatusResponse, StoreStatsResponse } from '@gen/flamekeep/v1/admin_pb';

import { useAnswer, type Answer } from '@/api/answer';
import type { CallError } from '@/api/call';
import { admin } from '@/api/client';
import { milliseconds } from '@/api/request';
import { ago, utc } from '@/format/moments';
import { Answered, FailureBox } from '@/ui/answered';

import { Counters } from './status_counters';
import { Mark, Section } from './status_parts';
import { LiveSources, NumberedSources } from './status_sources';
import { StoreSection } from './status_store';
import './status_view.css';
import { findings, isLive, type Finding } from './status_words';

const REFRESH_MS = 10_000;
const STATS_EVERY = 6; // sizes change slowly, and take more to find out

interface Look {
  status: StatusResponse;
  at: number; // when, by this browser's clock
}

export function StatusView() {
  const asking = useRef(false);
  const tick = useTick(REFRESH_MS, asking);
  const look = useAnswer<Look>(`status ${tick}`, async (signal) => ({
    status: await admin.status({}, { signal }),
    at: Date.now(),
  }));
  const stats = useAnswer(`stats ${Math.floor(tick / STATS_EVERY)}`, (signal) =>
    admin.storeStats({}, { signal }),
  );
  // The next look waits for this one, however long it takes.
  asking.current = look.state === 'waiting';
  const failure = useLastFailure(look);
  if (look.value === undefined) {
    return (
      <Answered answer={look} what="the status">
        {() => null}
      </Answered>
    );
  }
  // What is shown stays while it is asked again: nothing dims, no focus is lost.
  return (
    <div class="status">
      {failure && <FailureBox failure={failure} again={look.again} />}
      {stats.state === 'failed' && <FailureBox failure={stats.failure} again={stats.again} />}
      <Status look={look.value} stats={stats.value} />
    </div>
  );
}

// Until there is a good answer again, also while one is asked for.
function useLastFailure(answer: Answer<unknown>): CallError | null {
  const last = useRef<CallError | null>(null);
  if (answer.state === 'failed') last.current = answer.failure;
  if (answer.state === 'ready') last.current = null;
  return last.current;
}

// Counts while the page is seen and nothing is `busy`; a page that comes back counts at once.
function useTick(everyMs: number, busy: { readonly current: boolean }): number {
  const [tick, setTick] = useState(0);
  useEffect(() => {
    let timer = 0;
    const next = () => {
      if (!busy.current) setTick((last) => last + 1);
    };
    const start = () => {
      timer = window.setInterval(next, everyMs);
    };
    const change = () => {
      clearInterval(timer);
      if (document.hidden) return;
      next();
      start();
    };
    if (!document.hidden) start();
    document.addEventListener('visibilitychange', change);
    return () => {
      clearInterval(timer);
      document.removeEventListener('visibilitychange', change);
    };
  }, [everyMs, busy]);
  return tick;
}

function Status({ look, stats }: { look: Look; stats: StoreStatsResponse | undefined }) {
  const { status, at } = look;
  const started = milliseconds(status.started);
  return (
    <>
      <Verdict found={findings(status, stats?.forecast, at)} status={status} />
      <p class="muted">
        Flamekeep {status.version} on {status.node}
        {started !== undefined && `, up since ${utc(started)} (${ago(started, at)})`}. As of {utc(at)}
        ; looks again every {REFRESH_MS / 1000} s.
      </p>
      <LiveSources sources={status.sources} now={at} />
      <Counters status={status} />
      {status.store && <StoreSection store={status.store} stats={stats} />}
      <NumberedSources sources={status.sources} leftOut={status.sourcesLeftOut} />
      <Section title="Profile types and sites">
        <p>
          Profile types: <Names names={status.profileTypes} />
        </p>
        <p>
          Sites: <Names names={status.sites} />
        </p>
      </Section>
    </>
  );
}

function Verdict({ found, status }: { found: Finding[]; status: StatusResponse }) {
  if (found.length === 0) {
    const live = status.sources.filter((source) => isLive(source) && source.configured).length;
    const sources = live === 0 ? '' : live === 1 ? ' The source is read.' : ` All ${live} sources are read.`;
    return (
      <p class="verdict ok" role="status">
        <Mark grade="ok" /> All is well.{sources} Nothing was lost since the server started.
      </p>
    );
  }
  return (
    <div role="alert">
      <ul class="verdict">
        {found.map(({ grade, text }) => (
          <li key={text} class={grade}>
            <Mark grade={grade} /> {text}
          </li>
        ))}
      </ul>
    </div>
  );
}

function Names({ names }: { names: string[] }) {
  if (names.length === 0) return <span class="muted">none yet</span>;
  return <code>{names.join(', ')}</code>;
}

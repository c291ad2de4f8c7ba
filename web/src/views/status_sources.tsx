// Where samples come from, and how far each has come.
import type { SourceStatus } from '@gen/flamekeep/v1/admin_pb';

import { milliseconds } from '@/api/request';
import { ago, duration, utc } from '@/format/moments';
import { exactly } from '@/format/numbers';
import { Table, type Column } from '@/ui/table';

import { Mark, Section } from './status_parts';
import { isLive, kindText, sourceState } from './status_words';

const keyOf = (source: SourceStatus) =>
  `${source.kind} ${source.site} ${source.name} ${source.address}`;

export function LiveSources({ sources, now }: { sources: SourceStatus[]; now: number }) {
  const live = sources.filter(isLive);
  return (
    <Section title="Live sources">
      {live.length === 0 ? (
        <p class="muted">No source is configured: samples come in by pushes and imports.</p>
      ) : (
        <Table label="Live sources" columns={liveColumns(now)} rows={live} keyOf={keyOf} wrap />
      )}
    </Section>
  );
}

function liveColumns(now: number): Column<SourceStatus>[] {
  return [
    {
      id: 'state',
      header: 'State',
      render: (source) => {
        const { grade, word, detail } = sourceState(source, now);
        return (
          <>
            <Mark grade={grade} /> <b>{word}</b> {detail}
          </>
        );
      },
    },
    { id: 'site', header: 'Site', render: ({ site }) => site },
    {
      id: 'name',
      header: 'Source',
      render: ({ kind, name, address }) => (
        <span title={address}>
          {name} <span class="muted">{kindText(kind)}</span>
        </span>
      ),
    },
    { ...number('messages', 'Messages', 'Since the server started'), render: (s) => exactly(s.messages) },
    {
      ...number('queued', 'Queued', 'Received and not yet decoded, or waiting in the stream'),
      render: (s) => exactly(s.queued),
    },
    {
      ...number('lost', 'Lost', 'Entries of a stream that were removed before they were read'),
      render: (s) => (s.lost > 0n ? <b class="bad">{exactly(s.lost)}</b> : '0'),
    },
    {
      ...number('lag', 'Lag', 'Of a stream: from what was read to its newest entry'),
      render: (s) => (s.position ? duration(s.lagSeconds) : '–'),
    },
    {
      id: 'last',
      header: 'Last message',
      render: (source) => <Last source={source} now={now} />,
    },
    {
      id: 'error',
      header: 'Last error',
      render: (s) => s.lastError || <span class="muted">none</span>,
    },
  ];
}

function number(id: string, header: string, title: string) {
  return { id, header, title, align: 'right' as const };
}

function Last({ source, now }: { source: SourceStatus; now: number }) {
  const time = milliseconds(source.lastMessage);
  if (time === undefined) return <span class="muted">none yet</span>;
  return <span title={utc(time)}>{ago(time, now)}</span>;
}

// Clients that push and files that were imported: known by the number of their last batch.
export function NumberedSources(props: { sources: SourceStatus[]; leftOut: bigint }) {
  // Without a number it has only asked.
  const numbered = props.sources.filter((source) => !isLive(source) && source.positionNumber > 0n);
  if (numbered.length === 0) return null;
  return (
    <details>
      <summary>
        <h2>Clients and imports ({exactly(BigInt(numbered.length) + props.leftOut)})</h2>
      </summary>
      <Table
        label="Clients and imports"
        columns={NUMBERED_COLUMNS}
        rows={numbered}
        keyOf={keyOf}
      />
      {props.leftOut > 0n && (
        <p class="muted">{exactly(props.leftOut)} more that the server knows are not listed.</p>
      )}
    </details>
  );
}

const NUMBERED_COLUMNS: Column<SourceStatus>[] = [
  { id: 'kind', header: 'Kind', width: '90px', render: ({ kind }) => kindText(kind) },
  { id: 'site', header: 'Site', width: '16%', render: ({ site }) => site },
  { id: 'name', header: 'Name', render: ({ name }) => <span title={name}>{name}</span> },
  {
    ...number('batches', 'Batches', 'Number of the last durable one'),
    width: '120px',
    render: ({ positionNumber }) => exactly(positionNumber),
  },
];

// Losses and errors by reason, and all other counters folded away.
import {
  CounterStatus_Severity as Severity,
  type CounterStatus,
  type StatusResponse,
} from '@gen/flamekeep/v1/admin_pb';

import { exactly } from '@/format/numbers';
import { Table, type Column } from '@/ui/table';

import { Mark, Section } from './status_parts';
import { counted } from './status_words';

export function Counters({ status }: { status: StatusResponse }) {
  const losses = counted(status, Severity.LOSS);
  const errors = counted(status, Severity.ERROR);
  const shown = new Set([...losses, ...errors]);
  return (
    <>
      <Section title="Losses">
        {losses.length > 0 ? (
          <CounterTable label="Losses" counters={losses} />
        ) : (
          <p>
            <Mark grade="ok" /> No losses: nothing was lost since the server started.
          </p>
        )}
      </Section>
      <Section title="Errors">
        {errors.length > 0 ? (
          <CounterTable label="Errors" counters={errors} />
        ) : (
          <p>
            <Mark grade="ok" /> No errors since the server started.
          </p>
        )}
      </Section>
      <details>
        <summary>
          <h2>All other counters</h2>
        </summary>
        <CounterTable
          label="All other counters"
          counters={status.counters.filter((counter) => !shown.has(counter))}
        />
      </details>
    </>
  );
}

function CounterTable(props: { label: string; counters: CounterStatus[] }) {
  return <Table {...props} rows={props.counters} columns={COLUMNS} keyOf={keyOf} wrap />;
}

const labelsOf = ({ labels }: CounterStatus) =>
  labels.map(({ name, value }) => `${name}=${value}`).join(' ');

const keyOf = (counter: CounterStatus) => `${counter.name} ${labelsOf(counter)}`;

const COLUMNS: Column<CounterStatus>[] = [
  {
    id: 'value',
    header: 'Count',
    align: 'right',
    render: ({ value, severity }) =>
      severity === Severity.LOSS && value > 0 ? <b class="bad">{exactly(value)}</b> : exactly(value),
  },
  { id: 'what', header: 'What', width: '40%', render: ({ description }) => description },
  { id: 'where', header: 'Where', render: labelsOf },
  {
    id: 'name',
    header: 'Metric',
    render: ({ name }) => <code class="muted">flamekeep_{name}</code>,
  },
];

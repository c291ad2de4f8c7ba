// The samples, or what a function has of them, across the values of a label.
import { useEffect, useState } from 'preact/hooks';

import type { CompareResponse, CompareResponse_Row as Row } from '@gen/flamekeep/v1/tables_pb';

import { useAnswer } from '@/api/answer';
import { queries } from '@/api/client';
import { exactly as exactFunction } from '@/api/request';
import { exactly, percent, shareOf } from '@/format/numbers';
import { adjust, go, question } from '@/state/page';
import type { FunctionName } from '@/state/question';
import { narrowed } from '@/state/selector';
import { TrustLine } from '@/trust/trust_line';
import { Answered, Nothing } from '@/ui/answered';
import { Table, type Column, type Sorted } from '@/ui/table';

import { asked } from './asked';
import { sortedAfter, sortedRows, type CompareColumn } from './compare_rows';
import './compare_view.css';
import { exactText, Measure, ShareBar, type Whole } from './measure';
import { OfFunction } from './of_function';

const MOST_VALUES = 1000;
const NO_VALUE = '(none)'; // of series that lack the label

interface KnownLabel {
  name: string;
  values: bigint;
}

// The first with more than one value; undefined where none are known.
function usualLabel(known: readonly KnownLabel[]): string | undefined {
  return known.find(({ values }) => values > 1n)?.name ?? known.at(0)?.name;
}

export function CompareView() {
  const { selector, by, fn } = question.value;
  const labels = useAnswer(selector || null, async (signal) =>
    (await queries.listLabels({ selector }, { signal })).labels.map(({ name, values }) => ({
      name,
      values,
    })),
  );
  // A link says what is compared by, whatever labels there will be.
  const usual = usualLabel(labels.state === 'ready' ? labels.value : []);
  useEffect(() => {
    if (by === '' && usual) adjust({ by: usual });
  }, [by, usual]);
  if (!selector) return <Nothing>Choose a profile type and a time to compare.</Nothing>;
  return (
    <>
      <OfFunction measured={false} />
      <Answered answer={labels} what="the labels">
        {(known) => {
          const label = by || (usualLabel(known) ?? 'site');
          const names = known.map(({ name }) => name);
          return (
            <>
              <LabelSelect
                names={names.includes(label) ? names : [label, ...names]}
                label={label}
              />
              <Comparison label={label} fn={fn} />
            </>
          );
        }}
      </Answered>
    </>
  );
}

function LabelSelect({ names, label }: { names: string[]; label: string }) {
  return (
    <label class="group-by">
      Compare by{' '}
      <select value={label} onChange={(event) => go({ by: event.currentTarget.value })}>
        {names.map((name) => (
          <option key={name}>{name}</option>
        ))}
      </select>
    </label>
  );
}

function Comparison({ label, fn }: { label: string; fn: FunctionName | null }) {
  const chosen = asked();
  const key = chosen && JSON.stringify([chosen.key, label, fn]);
  const answer = useAnswer(key, async (signal) => ({
    response: await queries.compare(
      {
        selection: chosen!.selection,
        label,
        limit: MOST_VALUES,
        ...(fn && { function: exactFunction(fn) }),
      },
      { signal },
    ),
    label,
    ofFunction: fn !== null,
  }));
  if (!chosen) return <Nothing>Choose a time to compare.</Nothing>;
  return (
    <Answered answer={answer} what="the values">
      {(compared) => <Values key={`${compared.ofFunction}`} {...compared} />}
    </Answered>
  );
}

function Values(props: { response: CompareResponse; label: string; ofFunction: boolean }) {
  const { response, label, ofFunction } = props;
  const [sorted, setSorted] = useState<Sorted | null>(null);
  const shown = sorted ?? { by: ofFunction ? 'share' : 'total', descending: true };
  const { coverage, rowsLeftOut, totalLeftOut } = response;
  const whole = { unit: coverage!.unit, total: coverage!.total };
  const leftOut = percent(shareOf(totalLeftOut, whole.total));
  return (
    <>
      <TrustLine coverage={coverage} />
      {response.rows.length === 0 ? (
        <Nothing>There are no samples here: choose another time, or fewer labels.</Nothing>
      ) : (
        <Table
          label={`Values of ${label}`}
          columns={columnsOf(response.rows, whole, label, ofFunction)}
          rows={sortedRows(response.rows, shown)}
          keyOf={(row) => row.value}
          sorted={shown}
          onSort={(column) => setSorted(sortedAfter(shown, column))}
          onChoose={({ value }) =>
            go({ selector: narrowed(question.value.selector, label, value) })
          }
        />
      )}
      {rowsLeftOut > 0n && (
        <p class="muted">
          {exactly(rowsLeftOut)} more values, with {leftOut} of the samples, are not listed.
        </p>
      )}
    </>
  );
}

function columnsOf(
  rows: readonly Row[],
  whole: Whole,
  label: string,
  ofFunction: boolean,
): Column<Row>[] {
  const largest = (read: (row: Row) => bigint) =>
    rows.reduce((most, row) => (read(row) > most ? read(row) : most), 0n);
  const column = (
    id: CompareColumn,
    header: string,
    title: string,
    width: string,
    render: Column<Row>['render'],
  ): Column<Row> => ({ id, header, title, width, align: 'right', sortable: true, render });
  const mostSamples = largest((row) => row.total);
  const mostOfFunction = largest((row) => row.functionTotal);
  const largestShare = Math.max(...rows.map((row) => row.functionShare));
  return [
    {
      id: 'value' satisfies CompareColumn,
      header: label,
      sortable: true,
      // The button is for the keyboard: its click goes on to the row.
      render: ({ value }) => (
        <button type="button" class="label-value" title={`Only ${label}=${JSON.stringify(value)}`}>
          <bdi>{value || NO_VALUE}</bdi>
        </button>
      ),
    },
    column('observations', 'Samples', 'How many, before frame filters', '110px', (row) =>
      exactly(row.observations),
    ),
    column('total', 'Total', 'Sum of their values, and the share of all', '170px', (row) => (
      <Measure value={row.total} whole={whole} widest={mostSamples} />
    )),
    ...(ofFunction
      ? [
          column('functionTotal', 'Function', 'With the function, and the share of all', '170px', (row) => (
            <Measure value={row.functionTotal} whole={whole} widest={mostOfFunction} />
          )),
          column('share', 'Function’s share', 'Of the total of this value', '24%', (row) => (
            <ShareBar
              share={row.functionShare}
              widest={largestShare}
              title={`${exactText(row.functionTotal, whole.unit)} of ${exactText(row.total, whole.unit)}`}
            />
          )),
        ]
      : []),
  ];
}

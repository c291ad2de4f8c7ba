// What an answer stands on: samples, range, final or not; and a banner where something is missing.
import type { Coverage } from '@gen/flamekeep/v1/selection_pb';

import { isEmpty } from '@/api/request';
import { question } from '@/state/page';

import { noticesOf, summaryOf } from './notices';
import './trust.css';

export function TrustLine(props: {
  coverage: Coverage | undefined;
  name?: string; // where there are two: "Baseline"
  more?: string; // another sentence, of the view
}) {
  const { coverage, name, more } = props;
  if (!coverage) return null;
  const filtered = !isEmpty(question.value.filter);
  const { amount, from, covered, final } = summaryOf(coverage, filtered);
  const notices = noticesOf(coverage, Date.now());
  const incomplete = notices.filter((notice) => notice.kind === 'incomplete');
  const notes = notices.filter((notice) => notice.kind === 'note');
  return (
    <div class="trust">
      {incomplete.length > 0 && (
        <div class="notice" role="status">
          <strong>Not all samples of this range are here.</strong>
          <ul>
            {incomplete.map(({ text }, i) => (
              <li key={i}>{text}</li>
            ))}
          </ul>
        </div>
      )}
      <p class="trust-line">
        {name && <strong>{name}: </strong>}
        <span title={from}>{amount}</span>
        <span>{covered}</span>
        {final ? (
          <span
            class="final"
            title="Nothing can change this range any more: the same link shows the same numbers, at every site."
          >
            ✓ final
          </span>
        ) : (
          <span title="Samples of this range may still come in, or be imported.">not final yet</span>
        )}
        {notes.map(({ text }, i) => (
          <span key={i}>{text}</span>
        ))}
        {more && <span>{more}</span>}
      </p>
    </div>
  );
}

// The label that lines over time are grouped by.
import { useAnswer } from '@/api/answer';
import { queries } from '@/api/client';
import { go, question } from '@/state/page';

export function GroupBy() {
  const { selector, by } = question.value;
  const labels = useAnswer(selector, async (signal) =>
    (await queries.listLabels({ selector }, { signal })).labels.map(({ name }) => name),
  );
  const known = labels.value ?? [];
  const names = by && !known.includes(by) ? [by, ...known] : known;
  return (
    <label class="group-by">
      One line for each{' '}
      <select value={by} onChange={(event) => go({ by: event.currentTarget.value })}>
        <option value="">(no label: one line)</option>
        {names.map((name) => (
          <option key={name}>{name}</option>
        ))}
      </select>
    </label>
  );
}

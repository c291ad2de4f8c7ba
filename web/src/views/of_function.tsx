// Which function a view is of, and what of it is measured.
import { useState } from 'preact/hooks';

import { go, question } from '@/state/page';
import type { FunctionName, Measure } from '@/state/question';
import { FunctionPicker } from '@/ui/function_picker';

import './of_function.css';

const MEASURES: { measure: Measure; text: string; title: string }[] = [
  { measure: 'total', text: 'Total share', title: 'Of the samples: those with the function in their stack' },
  { measure: 'self', text: 'Self share', title: 'Of the samples: those that end in the function' },
  { measure: 'load', text: 'All samples', title: 'Samples as a whole, whatever they are in' },
];

// `measured`: the view can tell more of a function than its total.
export function OfFunction({ measured = true }: { measured?: boolean }) {
  const { fn, measure } = question.value;
  const [choosing, setChoosing] = useState(false);
  const pick = (picked: FunctionName) => {
    setChoosing(false);
    go({ fn: picked });
  };
  return (
    <div class="of-function">
      {fn ? (
        <>
          <span class="of-function-name">
            Function <bdi title={fn.file}>{fn.name}</bdi>
          </span>
          {measured && (
            <span role="group" aria-label="What is measured">
              {MEASURES.map((known) => (
                <button
                  key={known.measure}
                  type="button"
                  title={known.title}
                  aria-pressed={known.measure === measure}
                  onClick={() => go({ measure: known.measure })}
                >
                  {known.text}
                </button>
              ))}
            </span>
          )}
        </>
      ) : (
        <span>All samples</span>
      )}
      <button type="button" aria-expanded={choosing} onClick={() => setChoosing(!choosing)}>
        {fn ? 'Another function…' : 'Of a function…'}
      </button>
      {fn && (
        <button type="button" onClick={() => go({ fn: null })}>
          No function
        </button>
      )}
      {choosing && <FunctionPicker onPick={pick} />}
    </div>
  );
}

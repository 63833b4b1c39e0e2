import { useState } from 'react';
import { createRoot } from 'react-dom/client';
import { askForHits } from './ask-for-hits.ts';
import { type Hit, useSearch } from './use-search.ts';

function SearchBox() {
  const [text, setText] = useState('');
  const { hits, isSearching, problem } = useSearch(text, askForHits);
  return (
    <main aria-busy={isSearching}>
      <h1>Search box</h1>
      <input
        type="search"
        aria-label="Search"
        placeholder="Where can I leave my car?"
        value={text}
        onChange={(event) => setText(event.target.value)}
      />
      {problem && <p role="alert">{problem}</p>}
      <ol>
        {hits.map((hit) => (
          <HitItem key={hit.id} hit={hit} />
        ))}
      </ol>
    </main>
  );
}

function HitItem({ hit: { title, url, passage, score } }: { readonly hit: Hit }) {
  return (
    <li>
      <h2>{url ? <a href={url}>{title}</a> : title}</h2>
      <p>{passage}</p>
      <small>score {score.toFixed(3)}</small>
    </li>
  );
}

const root = document.getElementById('root');
if (root) createRoot(root).render(<SearchBox />);

import type { Random } from '../../bench/random.ts';

const words =
  'harbour engine winter letter garden copper signal window travel market forest bridge silver kitchen planet doctor music history river castle wheat storm candle ticket island mirror orange pepper rocket saddle tunnel velvet'.split(
    ' ',
  );

/** A few paragraphs of common words, some of which make several passages. */
export function randomBody(random: Random): string {
  const paragraphs = random.below(5) === 0 ? 4 : 1;
  return Array.from({ length: paragraphs }, () => randomParagraph(random)).join('\n\n');
}

export function randomParagraph(random: Random): string {
  const sentence = () => {
    const text = Array.from({ length: 6 + random.below(6) }, () => words[random.below(words.length)]).join(' ');
    return `${text[0]?.toUpperCase()}${text.slice(1)}.`;
  };
  return Array.from({ length: 2 + random.below(3) }, sentence).join(' ');
}

/** The body with one paragraph written anew, the others as they were. */
export function editParagraph(body: string, random: Random): string {
  const paragraphs = body.split('\n\n');
  paragraphs[random.below(paragraphs.length)] = randomParagraph(random);
  return paragraphs.join('\n\n');
}

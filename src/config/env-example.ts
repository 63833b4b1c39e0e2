import { type VariableName, variableSections, variables } from './variables.ts';

const lineWidth = 100;

/** The text of `.env.example`: every variable with its explanation, commented out, so that an unchanged copy changes nothing. */
export function renderEnvExample(): string {
  const heading = comment(
    'Configuration of Tessera. Every variable is optional in embedded development mode; an empty value counts as unset. All faults are printed at once and the exit code is 78.',
  );
  const sections = variableSections.map(([title, names]) => [`## ${title}`, ...names.map(renderVariable)].join('\n\n'));
  return `${[heading, ...sections].join('\n\n')}\n`;
}

function renderVariable(name: VariableName): string {
  const { doc, allowed, secret, default: text } = variables[name];
  const facts = [`Allowed: ${allowed}.`, text === undefined ? '' : `Default: ${text}.`, secret ? 'Secret.' : ''];
  return [comment(doc), comment(facts.filter(Boolean).join(' ')), `#${name}=${text ?? ''}`].join('\n');
}

/** Breaks a text into comment lines of at most 100 characters. */
function comment(text: string): string {
  const lines = ['#'];
  for (const word of text.split(' ')) {
    const line = `${lines.at(-1)} ${word}`;
    if (line.length <= lineWidth) lines[lines.length - 1] = line;
    else lines.push(`# ${word}`);
  }
  return lines.join('\n');
}

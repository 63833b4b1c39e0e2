import type { Block } from './chunk-blocks.ts';
import type { Measure } from './chunk-measure.ts';

/** A heading and what stands below it up to the next heading; or what stands above the first heading. */
export interface Section {
  /** Level of its heading, 0 above the first one. */
  readonly level: number;
  /** Titles of the headings above it, its own left out. */
  readonly above: readonly string[];
  /** The same and its own title. */
  readonly path: readonly string[];
  readonly blocks: readonly Block[];
}

/** Divides blocks at the headings. */
export function findSections(blocks: readonly Block[]): Section[] {
  const sections: Section[] = [];
  let ancestors: { level: number; title: string }[] = [];
  let current: Block[] = [];
  for (const block of blocks) {
    if (block.kind === 'heading') {
      const { level = 1, title = '' } = block;
      ancestors = ancestors.filter((ancestor) => ancestor.level < level);
      const above = ancestors.map((ancestor) => ancestor.title);
      if (title !== '') ancestors.push({ level, title });
      current = [block];
      sections.push({ level, above, path: title === '' ? above : [...above, title], blocks: current });
    } else {
      if (sections.length === 0) sections.push({ level: 0, above: [], path: [], blocks: current });
      current.push(block);
    }
  }
  return sections;
}

/**
 * Gathers the sections that may share a chunk. Each stands alone, except that one smaller than `smallTokens` is joined with
 * what follows it, if that is not on a higher level: a title with its first section, a short section with its sibling.
 */
export function groupSections(sections: readonly Section[], measure: Measure, smallTokens: number): Section[][] {
  const groups: Section[][] = [];
  let group: Section[] = [];
  let tokens = 0;
  for (const section of sections) {
    const joins = tokens < smallTokens && section.level >= (group[0]?.level ?? 0);
    if (!joins) {
      groups.push(group);
      group = [];
      tokens = 0;
    }
    group.push(section);
    tokens += measureSection(section, measure);
  }
  if (group.length > 0) groups.push(group);
  return groups;
}

function measureSection({ blocks }: Section, measure: Measure): number {
  return measure(blocks[0]?.start ?? 0, blocks.at(-1)?.end ?? 0);
}

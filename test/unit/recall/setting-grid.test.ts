import { describe, expect, test } from 'vitest';
import { settingGrid } from '../../../src/recall/setting-grid.ts';

describe('the grid', () => {
  test('of a graph has a breadth of once and twice the candidates, never less', () => {
    const grid = settingGrid('hnsw', 20_000).filter(({ stageOne }) => stageOne === 'planned');
    expect(grid).toHaveLength(14);
    expect(grid.every(({ candidates, efSearch }) => efSearch >= candidates)).toBe(true);
    expect(grid.at(-1)).toEqual({ stageOne: 'planned', candidates: 400, efSearch: 800 });
  });

  test('of a graph also has the covering index, for comparison', () => {
    const grid = settingGrid('hnsw', 20_000).filter(({ stageOne }) => stageOne === 'covering');
    expect(grid.map(({ candidates }) => candidates)).toEqual([40, 100, 200]);
  });

  test('without a graph has one setting for each number of candidates', () => {
    expect(settingGrid('exact', 5_000).map(({ candidates }) => candidates)).toEqual([20, 40, 64, 100, 150, 200, 400]);
  });

  test('ends with the first setting that takes every chunk', () => {
    expect(settingGrid('exact', 50).map(({ candidates }) => candidates)).toEqual([20, 40, 64]);
    expect(settingGrid('exact', 2).map(({ candidates }) => candidates)).toEqual([20]);
  });

  test('stays within what pgvector allows, without saying anything twice', () => {
    const grid = settingGrid('hnsw', 1e6, [800, 600], [1, 2, 4]);
    expect(grid.filter(({ stageOne }) => stageOne === 'planned')).toEqual([
      { stageOne: 'planned', candidates: 600, efSearch: 600 },
      { stageOne: 'planned', candidates: 600, efSearch: 1_000 },
      { stageOne: 'planned', candidates: 800, efSearch: 800 },
      { stageOne: 'planned', candidates: 800, efSearch: 1_000 },
    ]);
  });
});

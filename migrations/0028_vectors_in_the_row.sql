-- Full vectors lie beside their coarse ones, as long as the row fits on a page: up to about 1,850 components. Reading a candidate
-- takes one page then, and not a look into another table and its index for each 2 kB of the vector. Rows that are there
-- stay as they are until they are written again, or by "vacuum full". See docs/decisions/0022-vectors-in-the-row.md.
alter table tessera.embeddings set (toast_tuple_target = 8160);

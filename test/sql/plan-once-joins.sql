set
  local enable_hashjoin = off

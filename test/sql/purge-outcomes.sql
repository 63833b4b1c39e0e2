delete from "write_outcomes"

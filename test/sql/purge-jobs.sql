delete from "jobs"

delete from "quota_windows"

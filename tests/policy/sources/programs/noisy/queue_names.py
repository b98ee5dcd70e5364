NAME = "jobs"

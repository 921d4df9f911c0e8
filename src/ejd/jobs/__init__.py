"""What happens by itself: a timetable of jobs as data; each job calls one function."""

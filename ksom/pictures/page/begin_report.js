// The report begins.

report(DATA);

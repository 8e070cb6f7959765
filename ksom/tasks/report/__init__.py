"""The report: everything that there is to be seen of a run or a map, as one page that opens offline."""

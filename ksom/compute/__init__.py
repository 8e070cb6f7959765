"""Where the parts of a pass over the data are done: in this process, in others, on a cluster of machines."""

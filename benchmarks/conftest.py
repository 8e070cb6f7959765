"""The peers are packages that may not be here: nothing of theirs is collected."""

collect_ignore = ["peers"]

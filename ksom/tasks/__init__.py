"""What the commands do: from the files that they are given to a file, or to what they print."""

"""What pytest must not import here: the peers need packages that only an environment for benchmarks has."""

collect_ignore_glob = ["peers/*"]

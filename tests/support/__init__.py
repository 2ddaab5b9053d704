"""What several test suites share: servers, terminals, workers, limits, and generated pipelines and inputs."""

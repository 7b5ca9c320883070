"""The benchmark: this project's server and its peers, measured in turn with one client."""

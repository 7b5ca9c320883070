"""A real daemon and real commands under bad input: nothing breaks, nothing hangs, each says why."""

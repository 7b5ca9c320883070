"""The recipes of ``docs/howto`` do what they say."""

"""What leaves the process: codecs, stores and, later, the bridge between nodes."""

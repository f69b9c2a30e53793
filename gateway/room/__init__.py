"""The room service: one process that holds the devices, runs the session and loses nothing."""

"""The pages around the chair: those that the room leads."""

CHAIR = []

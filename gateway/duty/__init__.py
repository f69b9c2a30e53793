"""How the centre of a site has a person reached: the clock of its alerts, whether the level above knows, and pagers."""

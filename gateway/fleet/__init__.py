"""Fleet health: what every site and device says about itself, and what a centre makes of it (docs/fleet.md)."""

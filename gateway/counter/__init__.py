"""The centre's counter: a socket at which faces on the same machine ask, and hand in what the broker does not take."""
